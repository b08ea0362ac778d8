"""A customer whose saved method is debited: the gateway by keys as the real one, with faults on command."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from dunwell.arrangements.keeping import moving_agreements
from dunwell.arrangements.policy import ArrangementPolicy
from dunwell.errors import UnavailableError
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.consequences import ConsequentLedger
from dunwell.ledger.debits import DebitAttempt, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.payments.debits import Collected, DebitCollector
from dunwell.payments.ports import GatewayPayment, PaymentStatus
from dunwell_aws.agreed import PolicyArrangements
from tests.support.agreements import agreement, method
from tests.support.memory import InMemoryLedger
from tests.support.portal import account, invoice

NEW_YORK = ZoneInfo("America/New_York")
DUE_ON = date(2026, 12, 1)
"""A Tuesday."""
MORNING = datetime(2026, 12, 1, 10, 0, tzinfo=NEW_YORK)
AGREED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=NEW_YORK)
WORDS = "I authorise Example Supplies Ltd to debit $60.00 on 1 December and $65.50 on 4 January."
Answer = dict[str, Any]
PAID: Answer = {"status": PaymentStatus.SUCCEEDED}
PROCESSING: Answer = {"status": PaymentStatus.PROCESSING, "is_debit": True}


def declined(code: str, **more: Any) -> Answer:
    """A card that is refused with a decline code."""
    return {"status": PaymentStatus.FAILED, "failure_code": "card_declined", "decline_code": code} | more


def plan(**changes: Any) -> Agreement:
    """An authorised plan of two instalments over both invoices, debited from ``pmt_1``."""
    due = (AgreedInstalment(1, DUE_ON, 60_00), AgreedInstalment(2, date(2027, 1, 4), 65_50))
    made = agreement(
        "inv_a1",
        "inv_a2",
        kind=AgreementKind.PLAN,
        instalments=due,
        made_at=AGREED_AT,
        authorisation=Authorisation(WORDS, AGREED_AT, "portal", "customer", "203.0.113.9", "pmt_1"),
        next_on=DUE_ON,
        grace_days=5,
    )
    return replace(made, **{"status": AgreementStatus.AUTHORISED} | changes)


def debtor(*agreements: Agreement, methods: tuple[PaymentMethod, ...] = (), **changes: Any) -> Account:
    """A customer with 100.00 and 25.50 dollars open, a saved card, and what was agreed."""
    mine = account(invoice("A1", 100_00), invoice("A2", 25_50))
    saved = methods or (method(words="I agree."),)
    return replace(
        mine,
        agreements={one.agreement_id: one for one in agreements},
        methods={one.method_id: one for one in saved},
        **changes,
    )


@dataclass
class FakeBank:
    """``DebitGateway``: one payment for a key, whatever is repeated; ``answers`` are given in turn, then ``PAID``.

    ``faults`` are taken in turn: ``down`` before anything is done, ``lost`` after it was done, or empty.
    """

    answers: list[Answer] = field(default_factory=list)
    made: dict[str, GatewayPayment] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refusal: Exception | None = None
    lock: Lock = field(default_factory=Lock)

    def debit(self, customer_id: str, attempt: DebitAttempt, method: PaymentMethod) -> GatewayPayment:
        with self.lock:
            fault = self.faults.pop(0) if self.faults else ""
            self.asked.append(attempt.attempt_id)
            if fault == "down":
                raise UnavailableError("the gateway does not answer")
            if self.refusal:
                raise self.refusal
            if attempt.attempt_id not in self.made:
                self.made[attempt.attempt_id] = self._payment(customer_id, attempt)
            if fault == "lost":
                raise UnavailableError("the gateway did it, and its answer was lost")
            return self.made[attempt.attempt_id]

    def find_debit(self, attempt: DebitAttempt, method: PaymentMethod) -> GatewayPayment | None:
        return self.made.get(attempt.attempt_id)

    def settles(self, attempt_id: str, **changes: Any) -> GatewayPayment:
        """The bank answers later."""
        known = self.made[attempt_id]
        received = {"amount_minor": known.asked_minor} if changes["status"] is PaymentStatus.SUCCEEDED else {}
        self.made[attempt_id] = replace(known, **received | changes)
        return self.made[attempt_id]

    def _payment(self, customer_id: str, attempt: DebitAttempt) -> GatewayPayment:
        answer = self.answers.pop(0) if self.answers else PAID
        reference = f"pi_{len(self.made) + 1}"
        received = attempt.amount_minor if answer["status"] is PaymentStatus.SUCCEEDED else 0
        given: Any = {"customer_id": customer_id, "attempt_id": attempt.attempt_id, "try_reference": f"ch_{reference}"}
        given |= {"currency": attempt.currency, "amount_minor": received, "asked_minor": attempt.amount_minor}
        return GatewayPayment(reference, **given | answer)

    @property
    def charged(self) -> list[tuple[str, int]]:
        """Every payment that was or may still be taken: what for, and how much (minor units)."""
        return [
            (key.rpartition("#")[0], one.asked_minor)
            for key, one in self.made.items()
            if one.status is not PaymentStatus.FAILED
        ]


class DebitWorld:
    """One debtor, the bank, and collectors that share them; agreements by the real rules."""

    def __init__(self, mine: Account) -> None:
        self.store, self.bank, self.now = InMemoryLedger(mine), FakeBank(), AGREED_AT
        self.policy = ArrangementPolicy()
        self.ledger = ConsequentLedger(self.store, moving_agreements(self.policy, str(NEW_YORK), lambda: self.now))
        agreed = PolicyArrangements(self.policy)
        self.collector = DebitCollector(self.ledger, self.bank, agreed, agreed.hours)

    @property
    def account(self) -> Account:
        return self.store.accounts["cus_anna"]

    def collect(self, at: datetime | None = None) -> Collected:
        """A run at an instant, from which the clock goes on; in the morning of the first day unless said otherwise."""
        self.now = at or MORNING
        return self.collector.collect("cus_anna", self.now)

    def listed(self, on: date) -> bool:
        """Whether the agenda of a day names the debtor."""
        return self.account.next_look_on is not None and self.account.next_look_on <= on

    def on_day(self, day: date) -> Collected | None:
        """What is left of the hourly runs of a day, as the agenda calls for them; what the last one did."""
        done = None
        for hour in range(24):
            at = datetime(day.year, day.month, day.day, hour, 5, tzinfo=NEW_YORK)
            if at > self.now and self.listed(day):
                done = self.collect(at)
        return done


def told(world: DebitWorld, name: str) -> list[dict[str, Any]]:
    """What the events of a name say, in order."""
    return [dict(event.data) for event in world.store.events if event.name == name]
