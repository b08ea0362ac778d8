"""Starting a checkout: one press or ten, one page and one charge."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from dunwell.accounts.model import Channel
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from dunwell.ledger.entry import Entry
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.payments.methods import remove_method
from dunwell.payments.order import CheckoutOrder, Consent, OrderLine, OrderStatus, identified
from dunwell.payments.parts import check_least, part_of, spread
from dunwell.payments.payable import choose_invoices
from dunwell.payments.ports import OrderStore, PaymentGateway

_RACES = 5


class Checkout:
    """Leads a customer to the gateway's page: to pay, or to save a payment method."""

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
        amount_minor: int | None = None,
        consent: Consent | None = None,
        contested: bool = True,
    ) -> str:
        """The address to send the customer to. The order is kept before the gateway is called.

        Args:
            invoice_ids: the invoices chosen, or None for all that is not in dispute.
            contested: False leaves what is in dispute out of invoices chosen, too.
            success_url: where the gateway sends the customer back to, given the order.
            amount_minor: a part of what is open on them, for the oldest first; None for all of it.
            consent: given to keep the payment method for later debits.

        Raises:
            NotFoundError, InvalidInputError, ConflictError, RefusedError: see ``choose_invoices`` and ``spread``.
            RefusedError: also when this very order is paid or being paid, or is less than can be paid online.
            UnavailableError: the gateway does not answer.
        """
        account = self._account(customer_id)
        chosen = choose_invoices(account, currency, invoice_ids, now, contested=contested)
        lines = spread(chosen, amount_minor, currency)
        wanted = _order(account, currency, lines, now, consent)
        return self._lead(account, wanted, success_url, cancel_url)

    def start_instalment(
        self,
        customer_id: str,
        agreement_id: str,
        number: int,
        unpaid_minor: int,
        *,
        success_url: Callable[[CheckoutOrder], str],
        cancel_url: str,
        now: datetime,
        consent: Consent | None = None,
    ) -> str:
        """As ``start``, for what is unpaid of an instalment (minor units). A method saved with it pays the others.

        Raises:
            NotFoundError: there is no such standing agreement or instalment on the account.
            ConflictError: it was paid meanwhile. Otherwise see ``start``.
        """
        account = self._account(customer_id)
        agreement = account.agreements.get(agreement_id)
        numbers = {one.number for one in agreement.instalments} if agreement and agreement.is_standing else set()
        if agreement is None or number not in numbers:
            raise NotFoundError("There is no such instalment on your account.", code="no_instalment")
        open_ids = [one for one in agreement.invoice_ids if account.open_minor(one) > 0]
        if not open_ids or unpaid_minor <= 0:
            raise ConflictError("This instalment is paid already.", code="paid_already")
        lines = part_of(choose_invoices(account, agreement.currency, open_ids, now, contested=False), unpaid_minor)
        made = _order(account, agreement.currency, lines, now, consent)
        wanted = identified(replace(made, agreement_id=agreement_id, instalment=number))
        return self._lead(account, wanted, success_url, cancel_url)

    def start_saving(
        self,
        customer_id: str,
        currency: str,
        consent: Consent,
        *,
        success_url: Callable[[CheckoutOrder], str],
        cancel_url: str,
        now: datetime,
        agreement_id: str = "",
    ) -> str:
        """As ``start``, to save a payment method without paying.

        Args:
            agreement_id: the agreement whose instalments are to be debited from it; empty for none.

        Raises:
            InvalidInputError: no words of consent. Otherwise see ``start``.
        """
        if not consent.words.strip():
            raise InvalidInputError(
                "A payment method is saved only with the words of the consent.", field="consent", code="no_consent"
            )
        account = self._account(customer_id)
        if agreement_id and agreement_id not in account.agreements:
            raise NotFoundError("There is no such agreement on your account.", code="no_agreement")
        wanted = identified(replace(_order(account, currency, (), now, consent), agreement_id=agreement_id))
        return self._lead(account, wanted, success_url, cancel_url)

    def remove_method(self, customer_id: str, method_id: str, now: datetime) -> Account:
        """Take a saved method away, here first, so that nothing is debited from now on, then at the gateway.

        Raises:
            NotFoundError: the customer has no such method.
            UnavailableError: the gateway does not answer; here it is gone, and asking again tells the gateway.
        """
        account = update(self._ledger, customer_id, lambda read: remove_method(read, method_id, now))
        self._gateway.detach(account.methods[method_id])
        return account

    def _account(self, customer_id: str) -> Account:
        account = self._ledger.load(customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("There is no such account.", code="no_account")
        return account

    def _lead(
        self, account: Account, wanted: CheckoutOrder, success_url: Callable[[CheckoutOrder], str], cancel_url: str
    ) -> str:
        if not wanted.only_saves:
            check_least(wanted.amount_minor, self._gateway.least_minor(wanted.currency), wanted.currency)
        order = self._claim(account, wanted)
        if order.status is not OrderStatus.OPEN:
            raise RefusedError(
                "Your payment for these invoices has been made and is being confirmed.", code="payment_underway"
            )
        if order.checkout_url:
            return order.checkout_url
        self._close_rivals(order)
        email = account.customer.address(Channel.EMAIL)
        page = self._gateway.start_checkout(order, success_url(order), cancel_url, email)
        opened = replace(order, checkout_url=page.url, page_reference=page.reference, version=order.version + 1)
        # A lost race is the other press of the button, or already the webhook: the page is the same.
        with contextlib.suppress(ConflictError):
            self._orders.save(opened)
        return page.url

    def _close_rivals(self, order: CheckoutOrder) -> None:
        """End the pages that other tabs have open for the same invoices: what is owed once can be paid once.

        Raises:
            RefusedError: one of them was paid a moment ago.
        """
        for other in self._orders.orders(order.customer_id):
            shares = set(other.invoice_ids) & set(order.invoice_ids)
            is_rival = shares and other.order_id != order.order_id and other.status is OrderStatus.OPEN
            if not is_rival or not other.page_reference or not other.is_current(order.started_at):
                continue
            if not self._gateway.end_checkout(other.page_reference):
                raise RefusedError("A payment for this was made a moment ago and is being confirmed.", code="coming")
            with contextlib.suppress(ConflictError):  # the gateway's report of the same was faster
                self._orders.save(replace(other, status=OrderStatus.CLOSED, version=other.version + 1))

    def _claim(self, account: Account, wanted: CheckoutOrder) -> CheckoutOrder:
        """The order in an attempt that stands, stored."""
        for _ in range(_RACES):
            stored = self._orders.order(wanted.customer_id, wanted.order_id)
            if stored and stored.is_current(wanted.started_at) and not _is_over(account, stored):
                return stored
            order = wanted if stored is None else _next_attempt(stored, wanted)
            try:
                self._orders.save(order)
            except ConflictError:
                continue
            return order
        raise ConflictError("The same payment was started several times at once. Try again.", code="started_already")


def _order(
    account: Account, currency: str, lines: tuple[OrderLine, ...], now: datetime, consent: Consent | None
) -> CheckoutOrder:
    known = next((one.owner for one in account.methods.values()), "") if consent else ""
    who = account.customer
    made = CheckoutOrder("", who.customer_id, currency, lines, now, consent=consent, owner=known, language=who.language)
    return identified(made)


def _is_over(account: Account, order: CheckoutOrder) -> bool:
    """Whether a current order has done what it was for, so that another press means another one."""
    if order.only_saves:
        return order.status is OrderStatus.PAID
    return posted_payment(account, order) is not None


def posted_payment(account: Account, order: CheckoutOrder) -> Entry | None:
    """The payment of an order, once it is on the account.

    An order that is paid and posted, and whose invoices are open again by the same amounts, was reversed: it may be
    paid once more.
    """
    if not order.payment_reference:
        return None
    prefix = f"{order.payment_reference}#"
    return next((payment for payment in account.payments.values() if payment.reference.startswith(prefix)), None)


def _next_attempt(order: CheckoutOrder, wanted: CheckoutOrder) -> CheckoutOrder:
    return replace(wanted, attempt=order.attempt + 1, version=order.version + 1)
