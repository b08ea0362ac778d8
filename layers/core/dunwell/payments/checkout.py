"""Starting a checkout: one press or ten, one page and one charge."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from dunwell.accounts.model import Channel
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account, OpenInvoice
from dunwell.ledger.ports import Ledger
from dunwell.payments.order import CheckoutOrder, OrderLine, OrderStatus, order_id
from dunwell.payments.ports import OrderStore, PaymentGateway

_RACES = 5


def choose_invoices(account: Account, currency: str, invoice_ids: Sequence[str] | None) -> list[OpenInvoice]:
    """What a customer sets out to pay: the invoices chosen, or all of a currency that are not in dispute.

    Paying all leaves disputed invoices out, because to pay one is to give the dispute up; choosing one includes it.

    Raises:
        InvalidInputError: nothing was chosen, or an invoice in another currency.
        NotFoundError: an invoice is not on this account.
        ConflictError: an invoice was settled meanwhile. RefusedError: there is nothing to pay.
    """
    if invoice_ids is None:
        payable = [item for item in account.open_invoices if item.invoice.currency == currency and item.is_collectable]
        if not payable:
            raise RefusedError("There is nothing to pay in this currency.")
        return payable
    if not invoice_ids:
        raise InvalidInputError("Choose at least one invoice.", field="invoice")
    return [_chosen(account, currency, invoice_id) for invoice_id in dict.fromkeys(invoice_ids)]


def _chosen(account: Account, currency: str, invoice_id: str) -> OpenInvoice:
    invoice = account.invoices.get(invoice_id)
    if invoice is None:
        raise NotFoundError("This invoice is not on your account.")
    if invoice.currency != currency:
        raise InvalidInputError(f"Invoice {invoice.number} is not in {currency}.", field="invoice")
    owed = account.open_minor(invoice_id)
    if owed <= 0:
        raise ConflictError(f"Invoice {invoice.number} is settled already. Your account shows what is open now.")
    return OpenInvoice(invoice, owed)


class Checkout:
    """Leads a customer to the gateway's page."""

    def __init__(self, ledger: Ledger, orders: OrderStore, gateway: PaymentGateway) -> None:
        self._ledger = ledger
        self._orders = orders
        self._gateway = gateway

    def start(
        self,
        customer_id: str,
        currency: str,
        invoice_ids: Sequence[str] | None,
        *,
        success_url: Callable[[CheckoutOrder], str],
        cancel_url: str,
        now: datetime,
    ) -> str:
        """The address to send the customer to. The order is kept before the gateway is called.

        Args:
            invoice_ids: the invoices chosen, or None for all that are not in dispute.
            success_url: where the gateway sends the customer back to, given the order.

        Raises:
            NotFoundError, InvalidInputError, ConflictError, RefusedError: see ``choose_invoices``.
            RefusedError: also when this very order is paid or being paid.
            UnavailableError: the gateway does not answer.
        """
        account = self._ledger.load(customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("There is no such account.")
        order = self._claim(account, currency, choose_invoices(account, currency, invoice_ids), now)
        if order.status is not OrderStatus.OPEN:
            raise RefusedError("Your payment for these invoices has been made and is being confirmed.")
        if order.checkout_url:
            return order.checkout_url
        email = account.customer.address(Channel.EMAIL)
        url = self._gateway.start_checkout(order, success_url(order), cancel_url, email)
        # A lost race is the other press of the button, or already the webhook: the page is the same.
        with contextlib.suppress(ConflictError):
            self._orders.save(replace(order, checkout_url=url, version=order.version + 1))
        return url

    def _claim(self, account: Account, currency: str, items: Sequence[OpenInvoice], now: datetime) -> CheckoutOrder:
        """The order of these invoices in an attempt that stands, stored."""
        lines = tuple(OrderLine(item.invoice.invoice_id, item.invoice.number, item.open_minor) for item in items)
        customer_id = account.customer.customer_id
        wanted = CheckoutOrder(order_id(customer_id, currency, lines), customer_id, currency, lines, started_at=now)
        for _ in range(_RACES):
            stored = self._orders.order(customer_id, wanted.order_id)
            if stored and stored.is_current(now) and posted_payment(account, stored) is None:
                return stored
            order = wanted if stored is None else _next_attempt(stored, now)
            try:
                self._orders.save(order)
            except ConflictError:
                continue
            return order
        raise ConflictError("The same payment was started several times at once. Try again.")


def posted_payment(account: Account, order: CheckoutOrder) -> Entry | None:
    """The payment of an order, once it is on the account.

    An order that is paid and posted, and whose invoices are open again by the same amounts, was reversed: it may be
    paid once more.
    """
    if not order.payment_reference:
        return None
    prefix = f"{order.payment_reference}#"
    return next((payment for payment in account.payments.values() if payment.reference.startswith(prefix)), None)


def _next_attempt(order: CheckoutOrder, now: datetime) -> CheckoutOrder:
    return replace(
        order,
        started_at=now,
        attempt=order.attempt + 1,
        status=OrderStatus.OPEN,
        checkout_url="",
        payment_reference="",
        last_failure="",
        version=order.version + 1,
    )
