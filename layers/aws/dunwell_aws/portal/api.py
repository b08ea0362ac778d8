"""The portal's JSON API: the same use cases as its pages, for apps and other software that acts for a customer."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Any

from dunwell.accounts.access import CODE_LIFE, SESSION_IDLE, SESSION_LIFE, require_theirs
from dunwell.dates import days_past_due
from dunwell.errors import NotFoundError
from dunwell.ledger.model import Account, Invoice, InvoiceStatus
from dunwell.payments.checkout import Checkout
from dunwell.payments.order import CheckoutOrder, OrderStatus
from dunwell.payments.overview import overview
from dunwell_aws.api import Api, ApiModel, Call, Operation, page_of, serve
from dunwell_aws.portal import api_models as models
from dunwell_aws.portal.api_deals import DealsApi, deal_operations
from dunwell_aws.portal.parts import Portal
from dunwell_aws.portal.sign_in_pages import ANSWER_SECONDS
from dunwell_aws.portal.site import Site, Visitor
from dunwell_aws.web import at_least

BASE = "/api/v1"
ABOUT = """What a customer can do in the portal, for software that acts for the customer.

Sign in with the token at the end of a message's link: ask for a code, use it once, and send the session's token as
`Authorization: Bearer …`. Amounts are whole minor units, days are the creditor's. Whatever cannot be done is a problem
document (RFC 9457) with a `detail` that says why. Writes that must not happen twice take an `Idempotency-Key`.
A session writes at most 30 times a minute; who reads too fast gets 429 from the gateway."""


class CustomerApi:
    """The operations over the portal.

    Args:
        site: gives the portal.
    """

    def __init__(self, site: Callable[[], Site]) -> None:
        self.site = site

    @property
    def parts(self) -> Portal:
        """The parts in use."""
        return self.site().parts

    def visitor(self, call: Call) -> Visitor:
        """Whose session a call is of, with their account as it is now.

        Raises:
            NotFoundError: it is no longer here. SignInRequiredError: see ``require_theirs``.
        """
        assert call.session is not None
        return Visitor(call.session, call.token, self._account(call))

    # --- sign-in ---

    def ask_for_code(self, call: Call) -> ApiModel:
        """Send a code if the answer is right; the same answer after the same time either way."""
        with at_least(ANSWER_SECONDS, self.parts.sleep):
            token = self.parts.sign_in.ask_for_code(call.body.link, call.body.answer, call.now)
        return models.CodeAsked(code_token=token, expires_in_seconds=int(CODE_LIFE.total_seconds()))

    def use_code(self, call: Call) -> ApiModel:
        """Start a session."""
        token = self.parts.sign_in.use_code(call.body.code_token, call.body.code, call.now)
        idle, life = int(SESSION_IDLE.total_seconds()), int(SESSION_LIFE.total_seconds())
        return models.SignedIn(token=token, idle_seconds=idle, life_seconds=life)

    def sign_out(self, call: Call) -> None:
        """End the session."""
        self.parts.sign_in.sign_out(call.token)

    # --- what is owed and what was paid ---

    def show_account(self, call: Call) -> ApiModel:
        """Balances by currency."""
        account, today = self._account(call), self.parts.today
        shown = overview(account, call.now, today)
        return models.AccountOut(
            number=account.customer.number,
            name=account.customer.name,
            language=account.customer.language,
            as_of=today,
            balances=[
                models.BalanceOut(
                    currency=one.currency,
                    open_minor=one.open_minor,
                    past_due_minor=one.past_due_minor,
                    payable_minor=one.payable_minor,
                    credit_minor=one.credit_minor,
                    pending_minor=one.pending_minor,
                )
                for one in shown.sections
            ],
        )

    def list_invoices(self, call: Call) -> ApiModel:
        """The invoices, oldest due first."""
        account, today = self._account(call), self.parts.today
        mine = (invoice for i, invoice in account.invoices.items() if i not in account.moved)
        wanted = [one for one in mine if not call.query.only_open or account.open_minor(one.invoice_id) > 0]
        ordered = sorted(wanted, key=_place)
        part, cursor = page_of(ordered, _place, call.query)
        return models.InvoicesOut(items=[_invoice(account, one, today) for one in part], next_cursor=cursor)

    def show_invoice(self, call: Call) -> ApiModel:
        """One invoice."""
        account, invoice_id = self._account(call), call.path["invoice_id"]
        invoice = account.invoices.get(invoice_id)
        if invoice is None or invoice_id in account.moved:
            raise NotFoundError("There is no such invoice on your account.", code="no_invoice")
        return _invoice(account, invoice, self.parts.today)

    def list_payments(self, call: Call) -> ApiModel:
        """The payments, newest first."""
        account = self._account(call)
        found = [_payment(account, entry_id) for entry_id in account.payments]
        ordered = sorted(found, key=_age)
        part, cursor = page_of(ordered, _age, call.query)
        return models.PaymentsOut(items=part, next_cursor=cursor)

    # --- paying ---

    def start_checkout(self, call: Call) -> ApiModel:
        """To the payment provider's page; the same request again leads to the same page."""
        parts = self.parts
        self._account(call)
        checkout = Checkout(parts.ledger, parts.orders, parts.gateway())
        made: list[CheckoutOrder] = []

        def after(order: CheckoutOrder) -> str:
            made.append(order)
            return parts.urls.portal(f"/paid?order={order.order_id}")

        url = checkout.start(
            call.customer_id,
            call.body.currency,
            call.body.invoice_ids,
            success_url=after,
            cancel_url=parts.urls.portal("/account"),
            now=call.now,
            amount_minor=call.body.amount_minor,
        )
        order = made[-1] if made else self._order_of(call.customer_id, url)
        return _checkout(order, url)

    def show_checkout(self, call: Call) -> ApiModel:
        """How far a payment is."""
        self._account(call)
        order = self.parts.orders.order(call.customer_id, call.path["order_id"])
        if order is None:
            raise NotFoundError("There is no such payment on your account.", code="no_payment")
        return _checkout(order, order.checkout_url)

    def _order_of(self, customer_id: str, url: str) -> CheckoutOrder:
        return next(one for one in self.parts.orders.orders(customer_id) if one.checkout_url == url)

    def _account(self, call: Call) -> Account:
        account = self.parts.ledger.load(call.customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("This account is no longer here.", code="no_account")
        assert call.session is not None
        require_theirs(account.customer, call.session)
        return account


def add_api(site: Site) -> None:
    """Adds the API to the portal."""
    asked = operations(CustomerApi(lambda: site))

    def api() -> Api:
        parts = site.parts
        return Api(asked, parts.clock.now, parts.sign_in.session, parts.rates, parts.once)

    serve(site.app, asked, api)


def described() -> dict[str, Any]:
    """The API as an OpenAPI document."""
    from dunwell_aws.openapi import openapi  # nothing that serves requests needs it

    def nobody() -> Site:
        raise AssertionError("a description asks for nothing")

    return openapi("Dunwell customer API", "1", ABOUT, operations(CustomerApi(nobody)))


def operations(api: CustomerApi) -> list[Operation]:
    """What there is to ask for."""
    return [
        *_of_sign_in(api),
        *_of_account(api),
        *_of_paying(api),
        *deal_operations(DealsApi(api.site, api.visitor), BASE),
    ]


def _of_sign_in(api: CustomerApi) -> list[Operation]:
    signed_in = False
    return [
        Operation(
            "POST",
            f"{BASE}/sign-in-codes",
            "askForCode",
            "Ask for a one-time code; the answer is the same whether or not one is sent",
            "sign-in",
            api.ask_for_code,
            models.CodeAsked,
            models.AskForCode,
            status=HTTPStatus.ACCEPTED,
            signed_in=signed_in,
        ),
        Operation(
            "POST",
            f"{BASE}/sessions",
            "signIn",
            "Use a code, once",
            "sign-in",
            api.use_code,
            models.SignedIn,
            models.UseCode,
            status=HTTPStatus.CREATED,
            signed_in=signed_in,
            problems=(403, 410),
        ),
        Operation(
            "DELETE",
            f"{BASE}/session",
            "signOut",
            "End the session",
            "sign-in",
            api.sign_out,
            status=HTTPStatus.NO_CONTENT,
        ),
    ]


def _of_account(api: CustomerApi) -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{BASE}/account",
            "showAccount",
            "Whose account it is, and what is owed by currency",
            "account",
            api.show_account,
            models.AccountOut,
            problems=(404,),
        ),
        Operation(
            "GET",
            f"{BASE}/invoices",
            "listInvoices",
            "The invoices, oldest due first",
            "account",
            api.list_invoices,
            models.InvoicesOut,
            query=models.InvoicesQuery,
            problems=(404,),
        ),
        Operation(
            "GET",
            f"{BASE}/invoices/{{invoice_id}}",
            "showInvoice",
            "One invoice",
            "account",
            api.show_invoice,
            models.InvoiceOut,
        ),
        Operation(
            "GET",
            f"{BASE}/payments",
            "listPayments",
            "The payments received, newest first",
            "account",
            api.list_payments,
            models.PaymentsOut,
            query=models.PaymentsQuery,
            problems=(404,),
        ),
    ]


def _of_paying(api: CustomerApi) -> list[Operation]:
    return [
        Operation(
            "POST",
            f"{BASE}/checkouts",
            "startCheckout",
            "Pay invoices on the payment provider's page",
            "paying",
            api.start_checkout,
            models.CheckoutOut,
            models.StartCheckout,
            status=HTTPStatus.CREATED,
            repeatable=True,
            problems=(403, 404),
        ),
        Operation(
            "GET",
            f"{BASE}/checkouts/{{order_id}}",
            "showCheckout",
            "How far a payment is",
            "paying",
            api.show_checkout,
            models.CheckoutOut,
        ),
    ]


def _place(invoice: Invoice) -> str:
    return f"{invoice.due_on}#{invoice.number}#{invoice.invoice_id}"


def _age(payment: models.PaymentOut) -> str:
    """Newest first: the days count down."""
    return f"{date.max.toordinal() - payment.received_on.toordinal():07d}#{payment.payment_id}"


def _invoice(account: Account, invoice: Invoice, today: date) -> models.InvoiceOut:
    open_minor, status = account.open_minor(invoice.invoice_id), account.status(invoice.invoice_id)
    is_owed = status not in (InvoiceStatus.PAID, InvoiceStatus.WRITTEN_OFF)
    return models.InvoiceOut(
        invoice_id=invoice.invoice_id,
        number=invoice.number,
        currency=invoice.currency,
        amount_minor=account.books.billed_minor(invoice.invoice_id),
        open_minor=open_minor,
        disputed_minor=account.disputed_minor(invoice.invoice_id),
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        days_past_due=max(0, days_past_due(invoice.due_on, today)) if is_owed else 0,
        status=status.value,
    )


def _payment(account: Account, entry_id: str) -> models.PaymentOut:
    entry = account.payments[entry_id]
    paid = dict.fromkeys(part.invoice_id for part in account.allocations(entry_id))
    return models.PaymentOut(
        payment_id=entry_id,
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        received_on=entry.on,
        invoice_numbers=[account.invoices[one].number for one in paid],
    )


def _checkout(order: CheckoutOrder, url: str) -> models.CheckoutOut:
    return models.CheckoutOut(
        order_id=order.order_id,
        status=order.status.value,
        currency=order.currency,
        amount_minor=order.amount_minor,
        url=url if order.status is OrderStatus.OPEN else "",
        started_at=order.started_at,
    )
