"""What the portal and the webhook stand on in tests: the ports kept in memory, with the adapters' own conditions."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from dunwell.accounts.access import Link, PendingCode, Session, Tries
from dunwell.accounts.consent import source_consents
from dunwell.accounts.contact_points import contact_points
from dunwell.accounts.model import Channel, Customer, CustomerKind
from dunwell.compliance.regions import STATE_ZONES
from dunwell.errors import ConflictError, NotFoundError
from dunwell.ledger.debits import PaymentMethod
from dunwell.ledger.model import Account, Invoice
from dunwell.outreach.policy import Creditor
from dunwell.payments.order import CheckoutOrder
from dunwell.payments.ports import GatewayPayment, HostedPage, PaymentStatus, SavedMethod
from tests.support.ledger import Facts, account_of

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
CREDITOR = Creditor(
    creditor_id="example",
    name="Example Supplies Ltd",
    party="first",
    timezone="America/New_York",
    sender="Example Supplies <billing@example.com>",
    postal_address="1 Example Street, New York, NY 10001, USA",
    telephone="+1 212 555 0100",
)
LICENSED = dict.fromkeys([*STATE_ZONES, "NYC"], "TEST-1")
"""The licences of a third party that may collect everywhere."""


def customer(customer_id: str = "cus_anna", **changes: Any) -> Customer:
    """A business that owes, unless said otherwise; see ``changed``."""
    described = Customer(
        customer_id=customer_id,
        creditor_id="example",
        source="test",
        number="C-1042",
        kind=CustomerKind.BUSINESS,
        name="Anna's Bakery & Sons",
        contact_points=contact_points(email="anna@bakery.example"),
        country="US",
        postcode="12207-1234",
    )
    return changed(described, **changes)


def changed(
    who: Customer,
    *,
    email: str | None = None,
    phone: str | None = None,
    texts: bool | None = None,
    refuses: Iterable[Channel] = (),
    bounced: Iterable[str] = (),
    **changes: Any,
) -> Customer:
    """A customer with changed fields, and with a source's plain ways of describing and our ways of learning."""
    if email is not None or phone is not None:
        given = {"email": who.email if email is None else email, "phone": who.phone if phone is None else phone}
        who = replace(who, contact_points=contact_points(**given))
    if texts is not None:
        who = replace(who, consents=source_consents([Channel.SMS] if texts else []))
    for channel in refuses:
        who = who.with_refusal(channel, NOW, "agent")
    for address in bounced:
        who = who.with_bounce(address, NOW, "bounced")
    return replace(who, **changes)


def proved(who: Customer) -> Customer:
    """The customer, who proved the e-mail address to be theirs: they used it with who asks."""
    return who.with_proof(who.email, NOW)


def invoice(number: str, amount_minor: int, due_on: date = date(2026, 10, 31), **changes: Any) -> Invoice:
    """An invoice in dollars unless said otherwise."""
    described = Invoice(f"inv_{number.lower()}", number, "USD", amount_minor, date(2026, 10, 1), due_on)
    return replace(described, **changes)


def account(*facts: Facts, who: Customer | None = None) -> Account:
    """A stored account with these invoices and entries."""
    return account_of(who or customer(), *facts)


class InMemoryAccessStore:
    """``AccessStore`` with the adapter's conditions."""

    def __init__(self) -> None:
        self.links: dict[str, Link] = {}
        self.all_tries: dict[str, Tries] = {}
        self.codes: dict[str, PendingCode] = {}
        self.sessions: dict[str, Session] = {}
        self.writes = 0

    def add_link(self, link: Link) -> None:
        self.links[link.token_hash] = link
        self.writes += 1

    def link(self, token_hash: str) -> Link | None:
        return self.links.get(token_hash)

    def tries(self, token_hash: str) -> Tries | None:
        return self.all_tries.get(token_hash)

    def count_try(self, tries: Tries) -> None:
        stored = self.all_tries.get(tries.token_hash)
        if (stored.version if stored else 0) != tries.version - 1:
            raise ConflictError("another try was counted")
        self.all_tries[tries.token_hash] = tries
        self.writes += 1

    def add_code(self, pending: PendingCode) -> None:
        self.codes[pending.token_hash] = pending
        self.writes += 1

    def code(self, token_hash: str) -> PendingCode | None:
        return self.codes.get(token_hash)

    def start_session(self, pending: PendingCode, session: Session) -> None:
        if self.codes[pending.token_hash].used:
            raise ConflictError("the code was used")
        self.codes[pending.token_hash] = replace(pending, used=True)
        self.all_tries.pop(pending.link_hash, None)
        self.sessions[session.token_hash] = session
        self.writes += 1

    def session(self, token_hash: str) -> Session | None:
        return self.sessions.get(token_hash)

    def touch(self, session: Session) -> None:
        if session.token_hash in self.sessions:
            self.sessions[session.token_hash] = session
            self.writes += 1

    def end_session(self, token_hash: str) -> None:
        self.sessions.pop(token_hash, None)


class InMemoryOrderStore:
    """``OrderStore`` with the adapter's conditions."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CheckoutOrder] = {}

    def order(self, customer_id: str, order_id: str) -> CheckoutOrder | None:
        return self.kept.get((customer_id, order_id))

    def orders(self, customer_id: str) -> list[CheckoutOrder]:
        return [order for (owner, _), order in self.kept.items() if owner == customer_id]

    def save(self, order: CheckoutOrder) -> None:
        stored = self.kept.get((order.customer_id, order.order_id))
        if (stored.version if stored else 0) != order.version - 1:
            raise ConflictError("the order was changed meanwhile")
        self.kept[order.customer_id, order.order_id] = order


@dataclass
class FakeGateway:
    """A gateway that replays by key, as the real one does."""

    pages: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    payments: dict[str, GatewayPayment] = field(default_factory=dict)
    saved: dict[str, SavedMethod] = field(default_factory=dict)
    detached: list[str] = field(default_factory=list)
    claimed: dict[str, str] = field(default_factory=dict)
    ended: dict[str, SavedMethod] = field(default_factory=dict)
    error: Exception | None = None
    used_pages: set[str] = field(default_factory=set)
    ended_pages: list[str] = field(default_factory=list)

    def start_checkout(self, order: CheckoutOrder, success_url: str, cancel_url: str, email: str = "") -> HostedPage:
        if self.error:
            raise self.error
        self.calls.append(order.key)
        url = self.pages.setdefault(order.key, f"https://checkout.example/{len(self.pages) + 1}")
        return HostedPage(url, f"cs_{order.key}")

    def end_checkout(self, reference: str) -> bool:
        if reference in self.used_pages:
            return False
        self.ended_pages.append(reference)
        return True

    def least_minor(self, currency: str) -> int:
        return 50

    def saved_method(self, reference: str) -> SavedMethod | None:
        return self.saved.get(reference)

    def detach(self, method: PaymentMethod) -> None:
        if self.error:
            raise self.error
        self.detached.append(method.reference)

    def claim(self, method: SavedMethod, customer_id: str) -> None:
        self.claimed[method.reference] = customer_id

    def ended_mandate(self, reference: str) -> SavedMethod | None:
        return self.ended.get(reference)

    def payment(self, reference: str, *, contested: bool = False) -> GatewayPayment:
        if reference not in self.payments:
            raise NotFoundError("no such payment")
        return self.payments[reference]

    def pays(self, order: CheckoutOrder, reference: str = "pi_1", **changes: Any) -> GatewayPayment:
        """Make a payment for an order: succeeded, in full, unless said otherwise."""
        paid = GatewayPayment(
            reference,
            PaymentStatus.SUCCEEDED,
            order.currency,
            order.amount_minor,
            order.customer_id,
            order.order_id,
            try_reference=f"ch_{reference}",
            asked_minor=order.amount_minor,
        )
        self.payments[reference] = replace(paid, **changes)
        return self.payments[reference]


@dataclass
class CodeBox:
    """``CodeSender`` that keeps what it was given."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def send_code(self, customer: Customer, address: str, code: str) -> None:
        self.sent.append((address, code))


@dataclass
class MovableClock:
    """A clock that a test moves."""

    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def moves(self, **by: float) -> None:
        self.instant += timedelta(**by)
