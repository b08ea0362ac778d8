"""Debiting saved methods: what is due is stored as a try, then the gateway is asked, then the answer is stored.

A crash between two of these steps loses nothing and charges nothing twice: a try that was started is looked for at the
gateway and asked for again under its own id, which is the gateway's idempotency key. Two who do it at the same time do
the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from dunwell.events import DEBIT_PLANNED, Event
from dunwell.ids import stable_id
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus, DebitAttempt
from dunwell.ledger.entry import Direction
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.update import update
from dunwell.payments.attempts import follow_attempt
from dunwell.payments.draft import Draft
from dunwell.payments.due import Due, Refusal, due_debits
from dunwell.payments.following import follow_payment
from dunwell.payments.ports import DebitGateway, DebitRefusedError, GatewayPayment, PaymentStatus
from dunwell.payments.stops import Hours

NOT_MADE = "not_made"
"""The code of a try that never reached the gateway."""
IN_FLIGHT = timedelta(minutes=30)
"""No run lives for so long: a try that is older, and that the gateway does not know, will never reach it."""


class Arrangements(Protocol):
    """What agreements say, by their own rules (``dunwell.arrangements``)."""

    def evaluate(self, account: Account, now: datetime) -> Change:
        """What is due to happen to the account's agreements."""
        ...

    def unpaid(self, account: Account, agreement: Agreement, as_of: date) -> Mapping[int, int]:
        """What is left to pay of each instalment, by its number (minor units)."""
        ...


@dataclass(frozen=True, slots=True)
class Collected:
    """What a look at one account did: the tries that were carried out, as they are now, and what was not debited."""

    attempts: tuple[DebitAttempt, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class _Look:
    """What the last decision found; decided afresh after a lost race."""

    due: Due = field(default_factory=Due)


class DebitCollector:
    """Debits what is due from saved methods, and moves agreements on.

    Args:
        method: the gateway's name among the entries.
    """

    def __init__(
        self,
        ledger: Ledger,
        gateway: DebitGateway,
        arrangements: Arrangements,
        hours: Hours,
        method: str = "stripe",
    ) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._arrangements = arrangements
        self._hours = hours
        self._method = method

    def collect(self, customer_id: str, now: datetime) -> Collected:
        """Do what is due on one account: every instalment and invoice is debited once, however often this runs.

        Args:
            now: in the creditor's time zone.

        Raises:
            NotFoundError: there is no such customer.
            UnavailableError, ConflictError: the gateway or the store; what was started is found again later.
        """
        look = _Look()
        account = update(self._ledger, customer_id, lambda read: self._decide(read, now, look))
        fresh = {one.attempt_id for one in look.due.started}
        done = [
            self._carry_out(account, attempt, now, is_fresh=attempt.attempt_id in fresh)
            for attempt in account.attempts.values()
            if attempt.status is AttemptStatus.STARTED
        ]
        return Collected(tuple(one for one in done if one), tuple(look.due.refusals))

    def _decide(self, read: Account, now: datetime, look: _Look) -> Change:
        """Agreements moved on, and the tries to start, in one write."""
        draft = Draft(read)
        draft.take(self._arrangements.evaluate(read, now))
        look.due = self._due(draft.account, now)
        told = tuple(_planned(read.customer.customer_id, one, now) for one in look.due.announced)
        draft.take(Change(draft.account, attempts=look.due.attempts, events=told))
        draft.take(Change(draft.account, agreements=self._looked_at_again(draft.account, look.due, now)))
        return _less_what_stayed(draft.change())

    def _due(self, account: Account, now: datetime) -> Due:
        return due_debits(account, self._arrangements.unpaid, self._hours, now)

    def _looked_at_again(self, account: Account, due: Due, now: datetime) -> dict[str, Agreement]:
        """Agreements with a debit that waits, to be looked at on the next day on which it may be made."""
        again_on = self._hours.open_again_on(now)
        names = {purpose.rpartition("#")[0] for purpose in due.waiting} & account.agreements.keys()
        waiting = [account.agreements[name] for name in sorted(names)]
        return {
            one.agreement_id: replace(one, next_on=min(again_on, one.next_on or again_on))
            for one in waiting
            if one.is_standing
        }

    def _carry_out(
        self, account: Account, attempt: DebitAttempt, now: datetime, *, is_fresh: bool
    ) -> DebitAttempt | None:
        """Ask the gateway for a try that was stored, and store the answer; None: it waits for a later look."""
        method = account.methods.get(attempt.method_id)
        if method is None:
            return None
        payment = None if is_fresh else self._gateway.find_debit(attempt, method)
        if payment is None and not is_fresh:
            if now - attempt.started_at >= IN_FLIGHT:
                return self._release(account.customer.customer_id, attempt, now)
            if not self._is_still_due(account, attempt, now):
                return None
        if payment is None:
            try:
                payment = self._gateway.debit(account.customer.customer_id, attempt, method)
            except DebitRefusedError as refused:
                payment = _never_made(account, attempt, refused.code)
        return self._record(account.customer.customer_id, attempt, payment, now)

    def _is_still_due(self, account: Account, attempt: DebitAttempt, now: datetime) -> bool:
        """Whether the very same try would be started now: a hold, a payment or the customer may have come between."""
        others = {i: one for i, one in account.attempts.items() if i != attempt.attempt_id}
        before = replace(account, attempts={i: _as_it_was(one, attempt) for i, one in others.items()})
        again = self._due(before, now).attempts.get(attempt.attempt_id)
        return again is not None and replace(again, started_at=attempt.started_at, next_on=None) == replace(
            attempt, next_on=None
        )

    def _release(self, customer_id: str, attempt: DebitAttempt, now: datetime) -> DebitAttempt:
        """Give up a try that never reached the gateway; the next look starts another one, if it is still due."""
        given_up = replace(attempt, status=AttemptStatus.FAILED, code=NOT_MADE, next_on=now.date())

        def decide(read: Account) -> Change:
            stored = read.attempts.get(attempt.attempt_id)
            is_open = stored is not None and stored.status is AttemptStatus.STARTED
            return Change(read, attempts={attempt.attempt_id: given_up}) if is_open else Change(read)

        return update(self._ledger, customer_id, decide).attempts.get(attempt.attempt_id, attempt)

    def _record(self, customer_id: str, attempt: DebitAttempt, payment: GatewayPayment, now: datetime) -> DebitAttempt:
        """The answer and its money in one write, as the gateway's own report does it."""
        directed_to = [Direction(invoice_id, amount_minor) for invoice_id, amount_minor in attempt.lines]

        def decide(read: Account) -> Change:
            draft = Draft(read)
            if payment.reference:
                follow_payment(draft, payment, self._method, directed_to, now)
            follow_attempt(draft, payment, now, self._hours.works)
            return draft.change()

        return update(self._ledger, customer_id, decide).attempts.get(attempt.attempt_id, attempt)


def _as_it_was(one: DebitAttempt, attempt: DebitAttempt) -> DebitAttempt:
    """An earlier try before the one started that took its place: its day had come."""
    is_before = one.purpose == attempt.purpose and one.status is AttemptStatus.FAILED and one.next_on is None
    return replace(one, next_on=attempt.started_at.date()) if is_before else one


def _planned(customer_id: str, notice: DebitAttempt, now: datetime) -> Event:
    """The event of an automatic debit that the customer is to be told of: its amount and its day."""
    (invoice_id, _), *_ = notice.lines
    on = notice.next_on.isoformat() if notice.next_on else None
    return Event(
        event_id=stable_id("evt", DEBIT_PLANNED, customer_id, notice.attempt_id, now.isoformat()),
        name=DEBIT_PLANNED,
        customer_id=customer_id,
        occurred_at=now,
        data={
            "attempt_id": notice.attempt_id,
            "method_id": notice.method_id,
            "invoice_id": invoice_id,
            "currency": notice.currency,
            "amount_minor": notice.amount_minor,
            "on": on,
        },
    )


def _never_made(account: Account, attempt: DebitAttempt, code: str) -> GatewayPayment:
    return GatewayPayment(
        reference="",
        status=PaymentStatus.FAILED,
        currency=attempt.currency,
        amount_minor=0,
        customer_id=account.customer.customer_id,
        attempt_id=attempt.attempt_id,
        failure_code=code,
    )


def _less_what_stayed(change: Change) -> Change:
    """The change without agreements that are as they were."""
    known = change.account.agreements
    return replace(change, agreements={i: one for i, one in change.agreements.items() if known.get(i) != one})
