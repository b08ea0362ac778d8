"""The portal's JSON API: the same use cases as its pages, for apps and other software that acts for a customer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from dunwell.accounts.access import CODE_LIFE, SESSION_IDLE, SESSION_LIFE
from dunwell.accounts.sign_in import SignIn
from dunwell.dates import business_date, days_past_due
from dunwell.errors import NotFoundError
from dunwell.ledger.model import Account, Invoice, InvoiceStatus
from dunwell.ledger.ports import Ledger
from dunwell.outreach.policy import Creditor
from dunwell.payments.checkout import Checkout
from dunwell.payments.order import CheckoutOrder, OrderStatus
from dunwell.payments.overview import overview
from dunwell.payments.ports import OrderStore, PaymentGateway
from dunwell_aws import customer_api_models as models
from dunwell_aws.api import ApiModel, Call, Operation, page_of
from dunwell_aws.urls import Urls
from dunwell_aws.web import at_least

BASE = "/api/v1"


@dataclass(frozen=True)
class CustomerApi:
    """The operations over what they need.

    Attributes:
        answer_seconds, sleep: what asking for a code takes at least, so that strangers cannot tell by the time.
    """

    ledger: Ledger
    orders: OrderStore
    sign_in: SignIn
    gateway: Callable[[], PaymentGateway]
    urls: Urls
    creditor: Creditor
    answer_seconds: float
    sleep: Callable[[float], None]

    # --- sign-in ---

    def ask_for_code(self, call: Call) -> ApiModel:
        """Send a code if the answer is right; the same answer after the same time either way."""
        with at_least(self.answer_seconds, self.sleep):
            token = self.sign_in.ask_for_code(call.body.link, call.body.answer, call.now)
        return models.CodeAsked(code_token=token, expires_in_seconds=int(CODE_LIFE.total_seconds()))

    def use_code(self, call: Call) -> ApiModel:
        """Start a session."""
        token = self.sign_in.use_code(call.body.code_token, call.body.code, call.now)
        idle, life = int(SESSION_IDLE.total_seconds()), int(SESSION_LIFE.total_seconds())
        return models.SignedIn(token=token, idle_seconds=idle, life_seconds=life)

    def sign_out(self, call: Call) -> None:
        """End the session."""
        self.sign_in.sign_out(call.token)

    # --- what is owed and what was paid ---

    def show_account(self, call: Call) -> ApiModel:
        """Balances by currency."""
        account, today = self._account(call), self._today(call)
        shown = overview(account, self.orders.orders(call.customer_id), today)
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
        account, today = self._account(call), self._today(call)
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
            raise NotFoundError("There is no such invoice on your account.")
        return _invoice(account, invoice, self._today(call))

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
        checkout = Checkout(self.ledger, self.orders, self.gateway())
        made: list[CheckoutOrder] = []

        def after(order: CheckoutOrder) -> str:
            made.append(order)
            return self.urls.portal(f"/paid?order={order.order_id}")

        url = checkout.start(
            call.customer_id,
            call.body.currency,
            call.body.invoice_ids,
            success_url=after,
            cancel_url=self.urls.portal("/account"),
            now=call.now,
        )
        order = made[-1] if made else self._order_of(call.customer_id, url)
        return _checkout(order, url)

    def show_checkout(self, call: Call) -> ApiModel:
        """How far a payment is."""
        order = self.orders.order(call.customer_id, call.path["order_id"])
        if order is None:
            raise NotFoundError("There is no such payment on your account.")
        return _checkout(order, order.checkout_url)

    def _order_of(self, customer_id: str, url: str) -> CheckoutOrder:
        return next(one for one in self.orders.orders(customer_id) if one.checkout_url == url)

    def _account(self, call: Call) -> Account:
        account = self.ledger.load(call.customer_id)
        if account is None or account.customer.is_internal:
            raise NotFoundError("This account is no longer here.")
        return account

    def _today(self, call: Call) -> date:
        return business_date(call.now, self.creditor.timezone)


def operations(api: Callable[[], CustomerApi]) -> list[Operation]:
    """What there is to ask for; ``api`` is asked at each request."""
    signed_in, created = False, HTTPStatus.CREATED
    return [
        Operation(
            "POST",
            f"{BASE}/sign-in-codes",
            "askForCode",
            "Ask for a one-time code; the answer is the same whether or not one is sent",
            "sign-in",
            lambda call: api().ask_for_code(call),
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
            lambda call: api().use_code(call),
            models.SignedIn,
            models.UseCode,
            status=created,
            signed_in=signed_in,
            problems=(403, 410),
        ),
        Operation(
            "DELETE",
            f"{BASE}/session",
            "signOut",
            "End the session",
            "sign-in",
            lambda call: api().sign_out(call),
            status=HTTPStatus.NO_CONTENT,
        ),
        Operation(
            "GET",
            f"{BASE}/account",
            "showAccount",
            "Whose account it is, and what is owed by currency",
            "account",
            lambda call: api().show_account(call),
            models.AccountOut,
            problems=(404,),
        ),
        Operation(
            "GET",
            f"{BASE}/invoices",
            "listInvoices",
            "The invoices, oldest due first",
            "account",
            lambda call: api().list_invoices(call),
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
            lambda call: api().show_invoice(call),
            models.InvoiceOut,
        ),
        Operation(
            "GET",
            f"{BASE}/payments",
            "listPayments",
            "The payments received, newest first",
            "account",
            lambda call: api().list_payments(call),
            models.PaymentsOut,
            query=models.PaymentsQuery,
            problems=(404,),
        ),
        Operation(
            "POST",
            f"{BASE}/checkouts",
            "startCheckout",
            "Pay invoices on the payment provider's page",
            "paying",
            lambda call: api().start_checkout(call),
            models.CheckoutOut,
            models.StartCheckout,
            status=created,
            repeatable=True,
            problems=(403, 404),
        ),
        Operation(
            "GET",
            f"{BASE}/checkouts/{{order_id}}",
            "showCheckout",
            "How far a payment is",
            "paying",
            lambda call: api().show_checkout(call),
            models.CheckoutOut,
        ),
    ]


def _place(invoice: Invoice) -> str:
    return f"{invoice.due_on}#{invoice.number}#{invoice.invoice_id}"


def _age(payment: "models.PaymentOut") -> str:
    """Newest first: the days count down."""
    return f"{date.max.toordinal() - payment.received_on.toordinal():07d}#{payment.payment_id}"


def _invoice(account: Account, invoice: Invoice, today: date) -> "models.InvoiceOut":
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


def _payment(account: Account, entry_id: str) -> "models.PaymentOut":
    entry = account.payments[entry_id]
    paid = dict.fromkeys(part.invoice_id for part in account.allocations(entry_id))
    return models.PaymentOut(
        payment_id=entry_id,
        currency=entry.currency,
        amount_minor=entry.amount_minor,
        received_on=entry.on,
        invoice_numbers=[account.invoices[one].number for one in paid],
    )


def _checkout(order: CheckoutOrder, url: str) -> "models.CheckoutOut":
    return models.CheckoutOut(
        order_id=order.order_id,
        status=order.status.value,
        currency=order.currency,
        amount_minor=order.amount_minor,
        url=url if order.status is OrderStatus.OPEN else "",
        started_at=order.started_at,
    )
