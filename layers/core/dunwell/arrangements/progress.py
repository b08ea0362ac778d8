"""How far an agreement was kept: folded from the facts of the account, day by day, never stored.

What counts is money that came (value date or instant) since the agreement was made and stands on its debts: cleared
money, no announced debits; what is reversed does not count from the day of its reversal on (rule PTP). It fills the
instalments in their order. Nobody has to pay more than is still owed, so a credit note of the creditor's shortens an
agreement from its end. What is contested, on hold or removed excuses, but does not fulfil; so does a debit on its way,
except for a promise.

An instalment that is short for longer than the grace breaks the agreement. The grace begins anew when what excused is
over, and that of a plan also when money for an instalment is reversed; else there is one last day.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from dunwell.calendars import Holidays, add_business_days, banking_calendar
from dunwell.hold_kinds import Activity
from dunwell.ledger.agreements import AgreedInstalment, Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.books import Books, Part
from dunwell.ledger.entry import RECEIPTS, Entry, EntryKind
from dunwell.ledger.fold import Replay
from dunwell.ledger.model import Account

WAITED_DAYS = 14
"""A debit that was announced longer ago without arriving or failing is not waited for any more."""
_DAY = timedelta(days=1)


class PartState(StrEnum):
    """Where an instalment is."""

    PAID = "paid"
    PARTLY = "partly"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class PartProgress:
    """One instalment and the money for it (minor units).

    Attributes:
        last_on: the last day on which money for it counts, once it is short; None before.
    """

    agreed: AgreedInstalment
    paid_minor: int
    state: PartState
    last_on: date | None = None

    @property
    def left_minor(self) -> int:
        """What is still to be paid of it."""
        return 0 if self.state is PartState.PAID else self.agreed.amount_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the money says that an agreement is, at the close of a day.

    Attributes:
        status: authorised, active, completed or broken.
        paid_minor: counted so far; of a broken one, when it broke.
        broken_on: the day on which it broke; completed_on: the day on which all had come, while that stands.
        excused: whether a hold, a dispute or a debit on its way is all that keeps it from being short.
    """

    status: AgreementStatus
    paid_minor: int
    parts: tuple[PartProgress, ...]
    broken_on: date | None = None
    completed_on: date | None = None
    excused: bool = False

    @property
    def missed(self) -> tuple[PartProgress, ...]:
        """Instalments that are short after their day."""
        return tuple(part for part in self.parts if part.state is PartState.MISSED)

    @property
    def next_part(self) -> PartProgress | None:
        """The first instalment that is not paid; None when all are."""
        return next((part for part in self.parts if part.state is not PartState.PAID), None)


def progress(account: Account, agreement: Agreement, calendar: str, as_of: date) -> Progress:
    """How far an agreement was kept at the close of a day, from the facts up to that day.

    Args:
        calendar: the banking calendar in which grace is counted.

    Raises:
        InvalidInputError: there is no such calendar.
    """
    return _Walk(account, agreement, banking_calendar(calendar)).through(as_of)


def counts_for(agreement: Agreement, entry: Entry) -> bool:
    """Whether an entry is money that came since an agreement was made; a day alone counts as after it."""
    if entry.kind not in RECEIPTS or entry.currency != agreement.currency:
        return False
    # Gateways tell whole seconds: money of the very second in which it was made came after it.
    return entry.at >= agreement.made_at.replace(microsecond=0) if entry.at else entry.on >= agreement.made_at.date()


def is_paid(account: Account, agreement: Agreement) -> bool:
    """Whether all that was agreed, or all that is owed on the debts, stands paid by the account's facts as a whole."""
    counted = tuple(i for i, entry in account.entries.items() if counts_for(agreement, entry))
    paid = _on_debts(account.books, counted, agreement)
    needed = _tolerated(agreement, agreement.amount_minor)
    return paid >= min(needed, paid + _owed(account.books, agreement))


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both included, on which something holds (``last`` None: nobody knows), and how much of it.

    ``invoice_id`` empty is all of the customer's debts.
    """

    first: date
    last: date | None
    invoice_id: str = ""
    amount_minor: int = 0

    def covers(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.first <= day and (self.last is None or day <= self.last)


def holds_on(account: Account, agreement: Agreement) -> Iterator[Span]:
    """The days of holds that excuse from an agreement, in the zone of the agreement; a day touched is a day held.

    Those under which nothing is debited: nobody breaks an agreement because we do not ask for the money.
    """
    zone = agreement.made_at.tzinfo
    for hold in account.customer.holds:
        if hold.pauses(Activity.DEBIT) and (hold.debt_id is None or hold.debt_id in agreement.invoice_ids):
            ends = (hold.ends_at - timedelta(microseconds=1)).astimezone(zone).date() if hold.ends_at else None
            yield Span(hold.placed_at.astimezone(zone).date(), ends, hold.debt_id or "")


def debits_for(account: Account, agreement: Agreement) -> Iterator[Span]:
    """Debits announced for its debts and the days on which they were on their way, whether they arrived or not."""
    ended: dict[str, date] = {}
    for entry in account.entries.values():
        if entry.of and entry.kind in (EntryKind.PAYMENT, EntryKind.FAILURE):
            ended[entry.of] = min(entry.on, ended.get(entry.of, entry.on))
    for i, entry in account.entries.items():
        if entry.kind is not EntryKind.PENDING or entry.currency != agreement.currency:
            continue
        named = [one.amount_minor for one in entry.directed_to if one.invoice_id in agreement.invoice_ids]
        amount_minor = sum(named) if entry.directed_to else entry.amount_minor
        last = min(ended.get(i, date.max), entry.on + timedelta(days=WAITED_DAYS)) - _DAY
        if amount_minor and last >= entry.on:
            yield Span(entry.on, last, "", amount_minor)


@dataclass(slots=True)
class _Clock:
    """An instalment on its way through the days: since when it has been short, and until when money counts."""

    agreed: AgreedInstalment
    needed_minor: int
    since: date
    is_short: bool = False
    is_excused: bool = False


@dataclass(slots=True)
class _Walk:
    """One pass over the days on which something changes."""

    account: Account
    agreement: Agreement
    holidays: Holidays
    counted: tuple[str, ...] = field(init=False)
    held: tuple[Span, ...] = field(init=False)
    coming: tuple[Span, ...] = field(init=False)
    clocks: list[_Clock] = field(default_factory=list)
    paid_minor: int = 0
    active: bool = False
    completed_on: date | None = None
    completed_minor: int = 0

    def __post_init__(self) -> None:
        agreement = self.agreement
        self.active = agreement.kind is AgreementKind.PROMISE
        self.counted = tuple(i for i, entry in self.account.entries.items() if counts_for(agreement, entry))
        self.held = tuple(holds_on(self.account, agreement))
        self.coming = () if agreement.kind is AgreementKind.PROMISE else tuple(debits_for(self.account, agreement))
        needed = 0
        for one in agreement.instalments:
            needed += one.amount_minor
            self.clocks.append(_Clock(one, _tolerated(agreement, needed), one.due_on))

    def through(self, as_of: date) -> Progress:
        replay = self.account.replay()
        for day in self._days(replay, as_of):
            if self._is_late(day):
                return self._result(AgreementStatus.BROKEN, day, as_of)
            replay.through(day)
            self._take(replay.books, day)
            if self._is_late(day):
                return self._result(AgreementStatus.BROKEN, day, as_of)
        if self.completed_on:
            return self._result(AgreementStatus.COMPLETED, None, as_of)
        return self._result(AgreementStatus.ACTIVE if self.active else AgreementStatus.AUTHORISED, None, as_of)

    def _days(self, replay: Replay, as_of: date) -> Iterator[date]:
        """Every day that may differ from the one before, in order; the day after a grace is found on the way."""
        made_on = self.agreement.made_at.date()
        days = replay.days | {made_on, as_of}
        for clock in self.clocks:
            days |= {clock.agreed.due_on, clock.agreed.due_on + _DAY}
        for span in (*self.held, *self.coming):
            days |= {span.first} if span.last is None else {span.first, span.last + _DAY}
        ahead = sorted((day for day in days if made_on <= day <= as_of), reverse=True)
        while ahead:
            late_on = min((self._last_on(clock) for clock in self.clocks if clock.is_short), default=as_of) + _DAY
            yield late_on if late_on < ahead[-1] else ahead.pop()

    def _take(self, books: Books, day: date) -> None:
        """See what stands at the close of a day."""
        before, self.paid_minor = self.paid_minor, _on_debts(books, self.counted, self.agreement)
        self.active = self.active or self.paid_minor > 0
        owed, asked = _owed(books, self.agreement), self._asked(books, day)
        coming = sum(span.amount_minor for span in self.coming if span.covers(day))
        for clock in self.clocks:
            if clock.agreed.due_on <= day:
                self._judge(clock, owed, asked, coming, day)
        done = self.paid_minor >= min(self.clocks[-1].needed_minor, self.paid_minor + owed)
        if done and not self.completed_on:
            self.completed_on, self.completed_minor = day, self.paid_minor
        elif not done and self.paid_minor < min(before, self.completed_minor):
            self.completed_on = None

    def _judge(self, clock: _Clock, owed: int, asked: int, coming: int, day: date) -> None:
        lacking = min(clock.needed_minor, self.paid_minor + owed) - self.paid_minor
        was_short, was_excused = clock.is_short, clock.is_excused
        clock.is_excused = lacking > 0 and (not asked or coming >= lacking)
        clock.is_short = lacking > 0 and not clock.is_excused
        fell_short = clock.is_short and not was_short and self.agreement.kind is AgreementKind.PLAN
        if fell_short or (was_excused and not clock.is_excused):
            clock.since = day

    def _asked(self, books: Books, day: date) -> int:
        """What of the debts may be asked for on a day."""
        asked, held = 0, {span.invoice_id for span in self.held if span.covers(day)}
        for invoice_id in self.agreement.invoice_ids:
            invoice = self.account.invoices.get(invoice_id)
            if invoice and not invoice.removed and not held & {"", invoice_id}:
                asked += max(0, books.open_minor(invoice_id) - books.disputed_minor(invoice_id))
        return asked

    def _last_on(self, clock: _Clock) -> date:
        return add_business_days(clock.since, self.agreement.grace_days, self.holidays)

    def _is_late(self, day: date) -> bool:
        return any(clock.is_short and self._last_on(clock) < day for clock in self.clocks)

    def _result(self, status: AgreementStatus, broken_on: date | None, as_of: date) -> Progress:
        parts, left, done = [], self.paid_minor, status is AgreementStatus.COMPLETED
        for clock in self.clocks:
            paid = max(0, min(left, clock.agreed.amount_minor))
            left -= paid
            last_on = self._last_on(clock) if clock.is_short else None
            state = PartState.PAID if done else _state(clock, paid, self.paid_minor, as_of)
            parts.append(PartProgress(clock.agreed, paid, state, last_on))
        excused = any(clock.is_excused for clock in self.clocks)
        return Progress(status, self.paid_minor, tuple(parts), broken_on, self.completed_on if done else None, excused)


def _state(clock: _Clock, paid: int, paid_so_far: int, as_of: date) -> PartState:
    if paid_so_far >= clock.needed_minor:
        return PartState.PAID
    if clock.is_short and clock.agreed.due_on < as_of:
        return PartState.MISSED
    return PartState.PARTLY if paid else PartState.OPEN


def _on_debts(books: Books, counted: tuple[str, ...], agreement: Agreement) -> int:
    """What stands of counted money on the debts, at most what was agreed."""
    debts = set(agreement.invoice_ids)
    found = sum(one.amount_minor for i in counted for one in books.allocations(i) if one.invoice_id in debts)
    return min(found, agreement.amount_minor)


def _owed(books: Books, agreement: Agreement) -> int:
    """What is owed on the debts, written-off parts included."""
    return sum(books.open_minor(i) + books.part_minor(i, Part.RECOVERY) for i in agreement.invoice_ids)


def _tolerated(agreement: Agreement, amount_minor: int) -> int:
    """How much of an amount has to come for it to count as paid."""
    return -(-amount_minor * agreement.tolerance_permille // 1000)
