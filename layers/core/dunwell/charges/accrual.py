"""What an account's facts imply in fees and interest: a pure function, the same whenever it is asked.

Interest runs on the principal that was past due at the close of the day before, from the day after the due date. It is
charged once a calendar month, and on the day on which an invoice's principal is paid: a month is what statements and
payers think in, and a charge a day would be thirty times the entries, each with a rounding of its own. Charges take
effect at the close of their day, after its payments, so that who pays an invoice is not left with cents of interest.
What had accrued and was not charged yet is forgone when an invoice is written off or its source calls it settled.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from dunwell.calendars import month_end
from dunwell.charges.interest import percent_of, rounded, simple_interest
from dunwell.charges.policy import ChargePolicy, ChargeRule, Regime
from dunwell.charges.stops import Stop, stops
from dunwell.ids import stable_id
from dunwell.ledger.books import Books, Part
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.fold import Replay
from dunwell.ledger.model import Account, Invoice

METHOD = "charges"
"""How the entries of this module came, in ``Entry.method``; other people's waivers of them have another."""
LATE_FEE = "late_fee"
_DAY = timedelta(days=1)
_LAST_PLACE_ON_EARTH = timezone(timedelta(hours=-12))
_REASONS = {
    EntryKind.FEE: {Regime.CONTRACT: "late_fee"},
    EntryKind.INTEREST: {Regime.CONTRACT: "contract_interest"},
}
_BY_LAW = {EntryKind.FEE: "statutory_fixed_sum", EntryKind.INTEREST: "statutory_interest"}


def close_of(day: date) -> datetime:
    """An instant after everything else that happens on a day, in whatever zone."""
    return datetime.combine(day, time.max, _LAST_PLACE_ON_EARTH).astimezone(UTC)


def automatic(kind: EntryKind, invoice: Invoice, key: str, amount_minor: int, on: date, reason: str) -> Entry:
    """A fee or interest as an entry; the same key is the same entry."""
    return Entry(
        entry_id=stable_id("ent", kind, invoice.invoice_id, key),
        kind=kind,
        currency=invoice.currency,
        amount_minor=amount_minor,
        on=on,
        at=close_of(on),
        method=METHOD,
        reference=key,
        directed_to=(Direction(invoice.invoice_id, amount_minor),),
        reason=reason,
    )


def implied_charges(account: Account, policy: ChargePolicy, as_of: date, zone_name: str) -> list[Entry]:
    """Every fee and interest that the facts up to a day imply, oldest first, whatever was posted already.

    Args:
        zone_name: the creditor's zone, in which the days of holds and agreements are counted.

    Raises:
        InvalidInputError: a reference rate is missing.
    """
    watched = [_Watch(invoice) for invoice in account.invoices.values() if _may_be_late(account, invoice, as_of)]
    if not watched or not policy.rules:
        return []
    accrual = _Accrual(account, policy, watched, stops(account, zone_name))
    return list(accrual.run(as_of))


def _may_be_late(account: Account, invoice: Invoice, as_of: date) -> bool:
    return not invoice.removed and invoice.due_on < as_of and invoice.invoice_id not in account.moved


@dataclass(slots=True)
class _Watch:
    """An invoice on its way through the days (minor units).

    ``accrued`` is all its interest so far, and what is posted is its rounded sum less what was posted before: so the
    roundings of many months do not add up.
    """

    invoice: Invoice
    began_on: date | None = None
    fee_done: bool = False
    uncharged: bool = False
    accrued: Decimal = Decimal(0)
    in_grace: Decimal = Decimal(0)
    interest_minor: int = 0
    charged_minor: int = 0
    rule: ChargeRule | None = None
    due_days: tuple[date, ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = self.invoice.instalments
        self.due_days = tuple(part.due_on for part in parts) if parts else (self.invoice.due_on,)

    def late_minor(self, books: Books, close: date) -> int:
        """The principal that was due on or before a day and open at its close."""
        if self.invoice.due_on > close:
            return 0
        open_minor = books.part_minor(self.invoice.invoice_id, Part.PRINCIPAL)
        to_come = sum(part.amount_minor for part in self.invoice.instalments if part.due_on > close)
        return max(0, open_minor - to_come)


class _Accrual:
    """One pass over the days on which something changes, charging as it goes."""

    def __init__(
        self, account: Account, policy: ChargePolicy, watched: list[_Watch], stopped: tuple[Stop, ...]
    ) -> None:
        self._account, self._policy, self._watched, self._stopped = account, policy, watched, stopped
        self._replay = _without_charges(account)
        self._turns = self._turning_days()
        self._settlements: dict[str, list[str]] = {}
        for i, entry in account.entries.items():
            if entry.kind is EntryKind.SETTLEMENT and not entry.left_minor and entry.directed_to:
                self._settlements.setdefault(entry.directed_to[0].invoice_id, []).append(i)

    def _turning_days(self) -> list[date]:
        """Days on which the terms, what is late, or what is open may differ from the day before."""
        found = {day + _DAY for day in self._replay.days} | self._policy.turning_days()
        for stop in self._stopped:
            found |= {stop.first} | ({stop.last + _DAY} if stop.last else set())
        for watch in self._watched:
            found |= {day + _DAY for day in watch.due_days}
            found |= {watch.invoice.due_on + timedelta(days=rule.grace_days + 1) for rule in self._policy.rules}
        return sorted(found)

    def run(self, as_of: date) -> Iterator[Entry]:
        day = min(watch.invoice.due_on for watch in self._watched) + _DAY
        turns = iter([turn for turn in self._turns if turn > day])
        turn = next(turns, None)
        while day <= as_of:
            while turn and turn <= day:
                turn = next(turns, None)
            last = min(month_end(day), as_of, turn - _DAY if turn else as_of)
            self._replay.through(day - _DAY)
            books, close = self._replay.books, day - _DAY
            late = [watch for watch in self._watched if watch.uncharged or watch.late_minor(books, close)]
            fees = [fee for watch in late if (fee := self._fee(watch, day))]
            if fees:
                last = day
            for watch in late:
                self._accrue(watch, day, last)
            self._replay.through(last, close_of(last))
            for made in (*fees, *self._interest(last, late)):
                self._replay.add(made)
                yield made
            day = last + _DAY

    def _late(self, watch: _Watch, day: date) -> tuple[ChargeRule | None, int]:
        """The rule for an invoice on a day, and the principal it applies to; 0 while nothing may be charged."""
        books, invoice = self._replay.books, watch.invoice
        late_minor = watch.late_minor(books, day - _DAY)
        if not late_minor:
            return None, 0
        watch.began_on = watch.began_on or day
        rule = self._policy.rule_for(self._account.customer, invoice.currency, day)
        if rule is None or self._is_stopped(invoice, day):
            return rule, 0
        disputed = 0 if rule.on_disputed else books.disputed_minor(invoice.invoice_id)
        return rule, max(0, late_minor - disputed)

    def _is_stopped(self, invoice: Invoice, day: date) -> bool:
        return any(stop.covers(invoice.invoice_id, day) for stop in self._stopped)

    def _fee(self, watch: _Watch, day: date) -> Entry | None:
        """The fee of the first day on which something is chargeable; none when it was stopped on the first late day."""
        rule, late_minor = self._late(watch, day)
        if watch.fee_done or rule is None or watch.began_on is None:
            return None
        first = max(watch.began_on, _grace_end(watch.invoice, rule) + _DAY)
        if day < first:
            return None
        watch.fee_done = first < rule.since or self._is_stopped(watch.invoice, first)
        if watch.fee_done or not late_minor:
            return None
        watch.fee_done = True
        amount_minor = self._policy.fee_minor(rule, late_minor, watch.invoice.currency)
        return self._charge(watch, EntryKind.FEE, LATE_FEE, amount_minor, day, rule)

    def _accrue(self, watch: _Watch, day: date, last: date) -> None:
        """Interest of days that are alike; that of the days of grace counts once they are over."""
        rule, late_minor = self._late(watch, day)
        if rule is None or watch.began_on is None:
            return
        if day > _grace_end(watch.invoice, rule):
            watch.accrued += watch.in_grace
            watch.in_grace = Decimal(0)
        if not late_minor:
            return
        watch.rule, watch.uncharged = rule, True
        percent = self._policy.percent(rule, day, watch.began_on)
        accrued = simple_interest(late_minor, percent, (last - day).days + 1)
        if day > _grace_end(watch.invoice, rule):
            watch.accrued += accrued
        else:
            watch.in_grace += accrued

    def _interest(self, on: date, late: Sequence[_Watch]) -> Iterator[Entry]:
        """What accrued on late invoices, when a month ends on a day, or when their principal was paid on it."""
        books = self._replay.books
        for watch in late:
            invoice_id = watch.invoice.invoice_id
            settled = not books.part_minor(invoice_id, Part.PRINCIPAL)
            if watch.rule is None or not (settled or on == month_end(on)):
                continue
            watch.uncharged = False
            if settled:
                watch.in_grace = Decimal(0)
            if settled and (books.written_off_minor(invoice_id) or self._is_called_settled(invoice_id)):
                watch.accrued = Decimal(watch.interest_minor)
            amount_minor = rounded(watch.accrued, self._policy.rounding) - watch.interest_minor
            watch.interest_minor += amount_minor
            made = self._charge(watch, EntryKind.INTEREST, f"interest#{on}", amount_minor, on, watch.rule)
            if made:
                yield made

    def _is_called_settled(self, invoice_id: str) -> bool:
        """Whether a source said that the invoice was settled in full."""
        return any(self._replay.books.standing_minor(entry_id) for entry_id in self._settlements.get(invoice_id, ()))

    def _charge(
        self, watch: _Watch, kind: EntryKind, key: str, amount_minor: int, on: date, rule: ChargeRule
    ) -> Entry | None:
        if rule.max_percent is not None:
            most = percent_of(watch.invoice.amount_minor, rule.max_percent, self._policy.rounding)
            amount_minor = min(amount_minor, most - watch.charged_minor)
        if amount_minor <= 0:
            return None
        watch.charged_minor += amount_minor
        reason = _REASONS[kind].get(rule.regime, _BY_LAW[kind])
        return automatic(kind, watch.invoice, key, amount_minor, on, reason)


def _without_charges(account: Account) -> Replay:
    """The account's facts without our own charges; what others reversed of those stays, whichever part it was of."""
    own = {i: entry for i, entry in account.entries.items() if entry.method == METHOD}
    firsts = {
        i: stable_id("ent", entry.kind, entry.directed_to[0].invoice_id, entry.reference.partition("/")[0])
        for i, entry in own.items()
        if entry.kind is not EntryKind.REVERSAL
    }
    entries = {i: replace(e, of=firsts[e.of]) if e.of in firsts else e for i, e in account.entries.items()}
    return replace(account, entries=entries).replay(leave_out=own)


def _grace_end(invoice: Invoice, rule: ChargeRule) -> date:
    return invoice.due_on + timedelta(days=rule.grace_days)
