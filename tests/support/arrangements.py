"""A creditor with plans, promises and offers, and one customer's account, on which days go by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.evaluate import evaluate
from dunwell.arrangements.incentives import OfferTerms
from dunwell.arrangements.keeping import moving_agreements
from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency, OfferRule, PlanLimits, PlanPolicy
from dunwell.arrangements.schedule import PlanTerms
from dunwell.ledger.agreements import Agreement, AgreementKind, Authorisation
from dunwell.ledger.change import Change
from dunwell.ledger.consequences import ConsequentLedger
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice
from dunwell.ledger.posting import post, post_payment, reverse
from dunwell.ledger.update import update
from tests.support.memory import InMemoryLedger
from tests.support.portal import account, customer

ZONE = "America/New_York"
MONDAY = date(2026, 6, 1)
LIMITS = {
    Authority.CUSTOMER: PlanLimits(min_instalment_minor={"USD": 20_00}),
    Authority.AGENT: PlanLimits(max_instalments=12, max_days=370),
    Authority.SUPERVISOR: PlanLimits(max_instalments=24, max_days=740),
}
POLICY = ArrangementPolicy(
    plans=PlanPolicy(LIMITS, min_debt_minor={"USD": 50_00}),
    discounts=(OfferRule("early", {Authority.CUSTOMER: 20}, -60, 0, {"USD": 100_00}),),
    settlements=(
        OfferRule(
            "old",
            {Authority.CUSTOMER: 200, Authority.AGENT: 300, Authority.SUPERVISOR: 500},
            30,
            900,
            {"USD": 100_00},
            instalments=3,
        ),
    ),
)
CHARGING = ArrangementPolicy(
    plans=PlanPolicy(LIMITS, interest_percent=Decimal(12), setup_fee_minor={"USD": 5_00}), promises=None
)


def bill(number: str, amount_minor: int = 300_00, **changes: Any) -> Invoice:
    """An invoice that was due before the days begin, unless said otherwise."""
    due_on = changes.pop("due_on", MONDAY - timedelta(days=40))
    currency = changes.pop("currency", "USD")
    issued_on = due_on - timedelta(days=30)
    return Invoice(f"inv_{number.lower()}", number, currency, amount_minor, issued_on, due_on, **changes)


def at(day: date, hour: int = 12) -> datetime:
    """An instant of a day in the creditor's zone."""
    return datetime.combine(day, time(hour), ZoneInfo(ZONE)).astimezone(UTC)


@dataclass
class ArrangementWorld:
    """One customer, a desk, and days that go by only when told."""

    policy: ArrangementPolicy = POLICY
    invoices: tuple[Invoice, ...] = (bill("A"),)
    today: date = MONDAY
    keeps: bool = False
    """Whether the ledger moves agreements with the money, as the deployed one does."""
    ticks: int = 0
    """Seconds past noon: what happens first on a day."""
    memory: InMemoryLedger = field(init=False)
    desk: ArrangementDesk = field(init=False)

    def __post_init__(self) -> None:
        self.memory = InMemoryLedger(account(*self.invoices, who=customer()))
        keeping = ConsequentLedger(self.memory, moving_agreements(self.policy, ZONE, lambda: self.now))
        self.desk = ArrangementDesk(keeping if self.keeps else self.memory, self.policy, ZONE, "v1")

    @property
    def now(self) -> datetime:
        return at(self.today) + timedelta(seconds=self.ticks)

    @property
    def account(self) -> Account:
        found = self.memory.load("cus_anna")
        assert found
        return found

    @property
    def events(self) -> list[str]:
        return [event.name for event in self.memory.events]

    def agreement(self, agreement_id: str) -> Agreement:
        return self.account.agreements[agreement_id]

    def write(self, decide: Callable[[Account], Change]) -> None:
        update(self.desk.ledger, "cus_anna", decide)

    def plan_terms(self, instalments: int = 3, first_in: int = 0, **changes: Any) -> PlanTerms:
        made: dict[str, Any] = {"currency": "USD", "frequency": Frequency.MONTHLY} | changes
        return PlanTerms(instalments=instalments, first_on=self.today + timedelta(days=first_in), **made)

    def proposed(self, instalments: int = 3, first_in: int = 0, **changes: Any) -> Agreement:
        who = changes.pop("who", "customer")
        authority = changes.pop("authority", Authority.CUSTOMER)
        terms = self.plan_terms(instalments, first_in, **changes)
        return self.desk.propose_plan("cus_anna", terms, who=who, authority=authority, at=self.now)

    def evidence(self, method_id: str = "") -> Authorisation:
        return Authorisation("I agree to pay.", self.now, "portal", "customer", "192.0.2.7", method_id)

    def planned(self, instalments: int = 3, first_in: int = 0, **changes: Any) -> Agreement:
        """A plan that stands."""
        made = self.proposed(instalments, first_in, **changes)
        return self.desk.authorise("cus_anna", made.agreement_id, self.evidence())

    def promised(self, amount_minor: int, on: date, **changes: Any) -> Agreement:
        asked: dict[str, Any] = {"who": "customer", "authority": Authority.CUSTOMER, "at": self.now} | changes
        return self.desk.promise("cus_anna", "USD", amount_minor, on, **asked)

    def offered(self, forgiven_minor: int, in_days: int = 7, **changes: Any) -> Agreement:
        authority = changes.pop("authority", Authority.CUSTOMER)
        made: dict[str, Any] = {"kind": AgreementKind.SETTLEMENT, "currency": "USD", "rule": "old"} | changes
        terms = OfferTerms(forgiven_minor=forgiven_minor, pay_by=self.today + timedelta(days=in_days), **made)
        return self.desk.propose_offer("cus_anna", terms, who="system", authority=authority, at=self.now)

    def settled(self, forgiven_minor: int, in_days: int = 7, **changes: Any) -> Agreement:
        """A settlement that stands."""
        made = self.offered(forgiven_minor, in_days, **changes)
        return self.desk.accept_offer("cus_anna", made.agreement_id, self.evidence())

    def pay(self, amount_minor: int, key: str = "", of: str = "", to: str = "") -> str:
        """Money that came at noon; its entry id."""
        reference = key or f"p{len(self.account.entries)}"
        directed = (Direction(to, amount_minor),) if to else ()
        before = set(self.account.payments)
        self.write(
            lambda read: post_payment(
                read,
                method="test",
                reference=reference,
                currency="USD",
                amount_minor=amount_minor,
                received_at=self.now.astimezone(ZoneInfo(ZONE)),
                directed_to=directed,
                of=of,
            )
        )
        (new,) = set(self.account.payments) - before
        return new

    def reverse(self, entry_id: str, amount_minor: int | None = None) -> str:
        """Money that went back at noon; the reversal's entry id."""
        standing = amount_minor or self.account.books.standing_minor(entry_id)
        how: dict[str, Any] = {"method": "test", "reason": "returned", "reference": f"r{len(self.account.entries)}"}
        before = set(self.account.entries)
        now = self.now.astimezone(ZoneInfo(ZONE))
        self.write(lambda read: reverse(read, entry_id, standing, reversed_at=now, **how))
        return next(i for i in set(self.account.entries) - before if self.account.entries[i].of == entry_id)

    def entry(self, kind: EntryKind, amount_minor: int, invoice_id: str = "inv_a", **changes: Any) -> str:
        """Another fact about an invoice; its entry id."""
        entry_id = f"ent_{len(self.account.entries)}"
        directed = (Direction(invoice_id, amount_minor),)
        made = Entry(entry_id, kind, "USD", amount_minor, self.today, directed_to=directed, **changes)
        self.write(lambda read: post(read, made, self.now))
        return entry_id

    def go_to(self, day: date) -> None:
        """Days go by on which nobody looks."""
        self.today = day

    def look(self) -> Change:
        """Somebody looks, as the daily work does; what was written."""
        change = evaluate(self.account, self.policy, self.today, self.now)
        if not change.is_empty:
            self.memory.commit(change)
        return change

    def look_until(self, day: date) -> None:
        """Somebody looks on every day up to one, that day included."""
        while self.today < day:
            self.today += timedelta(days=1)
            self.look()
