"""What a source says is left of its invoices, as entries: one whenever it says something other than it said last.

Only what this source said before counts, never what other channels posted: so the entries are the same whichever way
files, webhooks and bank lines overtake each other, and the fold reckons what each statement covers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dunwell.ids import stable_id
from dunwell.ingestion.records import InvoiceRecord
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Invoice

METHOD = "imported"
CORRECTED = "corrected"
"""Reason of the notes by which a newer version of an invoice corrects what was billed."""
SETTLED = "settled"
PAID_DOWN = "paid_down"
REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Said:
    """What a source told of an invoice so far.

    Attributes:
        standing: its statements that it did not withdraw, in the order told: less and less is left.
        times: how often it told something.
        changed_on: the last day on which it corrected what it billed or withdrew what it had said.
        on, at: when it last told a balance or withdrew one.
    """

    standing: tuple[Entry, ...]
    times: int
    changed_on: date
    on: date
    at: datetime | None

    @classmethod
    def of(cls, notes: Iterable[Entry], about: Callable[[str], Sequence[Entry]]) -> "Said":
        """Args: notes: what imports put on the invoice; about: the reversals of an entry, by its id."""
        found = list(notes)
        statements = sorted((e for e in found if e.kind is EntryKind.SETTLEMENT), key=lambda e: e.told)
        withdrawals = [e for one in statements for e in about(one.entry_id) if e.reason == REOPENED]
        timed = [e for e in (*statements, *withdrawals) if e.at]
        gone = {e.of for e in withdrawals}
        return cls(
            tuple(one for one in statements if one.entry_id not in gone),
            max((e.told for e in (*statements, *withdrawals)), default=0),
            max((e.on for e in (*found, *withdrawals) if e.reason in (CORRECTED, REOPENED)), default=date.min),
            max((e.on for e in timed), default=date.min),
            max((e.at for e in timed if e.at), default=None),
        )


def left_minor(record: InvoiceRecord, today: date) -> int | None:
    """What a record says is left of its invoice (minor units); None when it does not say, or not as of today."""
    if record.settled_on:
        return 0 if record.settled_on <= today else None
    return record.open_minor


def statements(invoice: Invoice, record: InvoiceRecord, said: Said, today: date, at: datetime) -> Iterator[Entry]:
    """What to add for a record of an invoice; nothing when it says what was said before.

    That an invoice was settled on a day stands on that day, at its evening; but not before what the source itself
    changed since. A balance stands at the instant of the import. When more is left than was said, or less was paid, the
    earlier statements are withdrawn first.
    """
    left = left_minor(record, today)
    if left is None or (paid := record.amount_minor - left) < 0:
        return
    settled_on = max(record.settled_on, said.changed_on) if record.settled_on else None
    last = said.standing[-1] if said.standing else None
    if _is_known(said.standing, left, paid, settled_on):
        return
    on, at = max(today, said.on), max(at, said.at) if said.at else at
    times = said.times
    if last and left and (left > last.left_minor or paid < last.amount_minor):
        times += 1
        yield from (_withdrawal(one, on, at, times) for one in said.standing)
    if paid:
        yield _statement(invoice, paid, left, settled_on or on, None if settled_on else at, times + 1)


def _is_known(standing: Sequence[Entry], left: int, paid: int, settled_on: date | None) -> bool:
    """Whether the source said this before; as long as it said nothing, all that it billed is open."""
    if settled_on:
        return any((e.left_minor, e.amount_minor, e.on, e.at) == (left, paid, settled_on, None) for e in standing)
    last = standing[-1] if standing else None
    return (left, paid) == (last.left_minor, last.amount_minor) if last else not paid


def _statement(invoice: Invoice, paid: int, left: int, on: date, at: datetime | None, times: int) -> Entry:
    return Entry(
        entry_id=stable_id("pay", invoice.invoice_id, METHOD, f"{times}#{left}"),
        kind=EntryKind.SETTLEMENT,
        currency=invoice.currency,
        amount_minor=paid,
        on=on,
        at=at,
        method=METHOD,
        reference=invoice.number,
        directed_to=(Direction(invoice.invoice_id, paid),),
        reason=PAID_DOWN if at else SETTLED,
        left_minor=left,
        told=times,
    )


def _withdrawal(statement: Entry, on: date, at: datetime, times: int) -> Entry:
    """Takes back all that a statement covers by then: the fold caps it, or takes more than was told."""
    return Entry(
        entry_id=stable_id("rev", statement.entry_id, REOPENED),
        kind=EntryKind.REVERSAL,
        currency=statement.currency,
        amount_minor=statement.amount_minor,
        on=on,
        at=at,
        method=METHOD,
        reference=f"{statement.reference}#{statement.told}",
        of=statement.entry_id,
        reason=REOPENED,
        told=times,
    )
