"""What a decided line does to a customer's account: one change, posted once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from dunwell.errors import ConflictError, NotFoundError
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.moving import TRANSFER, handing_on_id
from dunwell.ledger.order import DAWN
from dunwell.ledger.posting import known_as, payment_id, post, posted
from dunwell.remittance.policy import BankFee
from dunwell.remittance.records import LineRecord

DISCOUNT, FEE = "early_payment_discount", "bank_fee"
RETURNED = "returned"
_INSTANT = timedelta(microseconds=1)


def paid(account: Account, record: LineRecord, bank_fee: BankFee, at: datetime) -> Change:
    """Post the line as a payment of the chosen customer, and what was taken off as credit notes.

    A payment that is there already gives an empty change. What was settled another way meanwhile is not credited: the
    money that it no longer takes is the customer's unapplied credit.
    """
    chosen, line = record.chosen, record.line
    assert chosen is not None
    payment = Entry(
        entry_id=held_as(account, record, chosen.customer_id),
        kind=EntryKind.PAYMENT,
        currency=line.currency,
        amount_minor=line.amount_minor,
        on=line.value_on,
        method=record.method,
        reference=record.payment_reference,
        directed_to=tuple(
            Direction(one.invoice_id, one.amount_minor) for one in chosen.allocations if one.amount_minor
        ),
    )
    if payment.entry_id in account.entries:
        return Change(account)
    discounts = [(one.invoice_id, one.discount_minor) for one in chosen.allocations]
    fees = [(one.invoice_id, one.fee_minor) for one in chosen.allocations if bank_fee is BankFee.CREDIT]
    change = post(account, payment, at)
    for reason, parts in ((DISCOUNT, discounts), (FEE, fees)):
        change = _and(change, lambda after, r=reason, p=parts: _credited(after, payment, r, p, at))  # type: ignore[misc]
    return change


def held_as(account: Account, record: LineRecord, customer_id: str) -> str:
    """The id that a line's payment has, or will have, on the account of a customer."""
    key = record.method, record.payment_reference
    return known_as(account, EntryKind.PAYMENT, *key) or payment_id(customer_id, *key)


def given_on(held: Account, account: Account, record: LineRecord, bank_fee: BankFee, at: datetime) -> list[Change]:
    """A line's money off the account that has it and onto the one of the customer chosen, to be written together.

    The whole payment is posted there, with what went back of it so far: whoever tells of it next finds it as it was
    here. Changes that were written before are empty.

    Raises:
        ConflictError: it was given to somebody else. NotFoundError: the payment is not on the account.
    """
    assert record.chosen is not None
    to = record.chosen.customer_id
    change = paid(account, record, bank_fee, at)
    if not change.is_empty:
        there = held_as(account, record, to)
        for entry in _gone_back(held, held_as(held, record, held.customer.customer_id), account, there):
            change = _and(change, lambda after, e=entry: _added(after, e, at))  # type: ignore[misc]
    return [change, _taken_off(held, to, record, at)]


def _taken_off(held: Account, to: str, record: LineRecord, at: datetime) -> Change:
    """What is left of a line's money leaves the account, with what was credited for it.

    It leaves on the day on which it came, because it was never this account's; only where something of it was away
    and may have come back in between, after that.
    """
    holder = held.customer.customer_id
    about = held_as(held, record, holder)
    reversal_id = handing_on_id(holder, record.method, record.payment_reference)
    if known := held.entries.get(reversal_id):
        if known.reference != to:
            raise ConflictError("this money was given to another customer meanwhile")
        return Change(held)
    payment = held.entries.get(about)
    if payment is None:
        raise NotFoundError("this payment is not on the account")
    away = [one for back in _about(held, about) for one in (back, *_about(held, back.entry_id))]
    on, instant = (payment.on, payment.at)
    if away:
        last = max(map(_when, away))
        on, instant = max((at.date(), at), (last[0], last[1] + _INSTANT))
    left = held.books.standing_minor(about)
    leaving = replace(payment, entry_id=reversal_id, amount_minor=left, on=on, at=instant, reference=to)
    change = Change(held, entries={reversal_id: _as_reversal(leaving, about, TRANSFER)})
    if not held.customer.is_internal:
        change = replace(change, events=(posted(change.applied(), change.entries[reversal_id], at),))
    for reason in (DISCOUNT, FEE):
        credit_id = _credit_id(about, reason)
        if credit_id in held.entries:
            change = _and(change, lambda after, i=credit_id: _reversed(after, i, TRANSFER, on, at))  # type: ignore[misc]
    return change


def _gone_back(held: Account, about: str, account: Account, there: str) -> Iterator[Entry]:
    """What went back of a payment, and what came again of that, as the other account will have it."""
    for entry in sorted(_about(held, about), key=_when):
        entry_id = stable_id("rev", account.customer.customer_id, entry.method, entry.reference)
        yield replace(entry, entry_id=entry_id, of=there)
        yield from _gone_back(held, entry.entry_id, account, entry_id)


def _about(held: Account, about: str) -> list[Entry]:
    """What went back of an entry, as its source tells."""
    back = [one for one in held.entries.values() if one.of == about and one.kind is EntryKind.REVERSAL]
    return [one for one in back if one.reason != TRANSFER]


def _when(entry: Entry) -> tuple[date, datetime]:
    return entry.on, entry.at or DAWN


def _as_reversal(entry: Entry, about: str, reason: str) -> Entry:
    return replace(entry, kind=EntryKind.REVERSAL, of=about, reason=reason, directed_to=())


def _added(after: Account, entry: Entry, at: datetime) -> Change:
    change = Change(after, entries={} if entry.entry_id in after.entries else {entry.entry_id: entry})
    return replace(change, events=tuple(posted(change.applied(), one, at) for one in change.entries.values()))


def returned(account: Account, record: LineRecord, holder: str, line_id: str, on: date, at: datetime) -> Change:
    """Reverse the payment that an earlier line was, with what was taken off for it: the invoices are owed again.

    Args:
        record: the earlier line; holder: the customer that it was posted to.
        line_id: of the line that gives the money back.

    Raises:
        InvalidInputError: less than that stands of the payment now.
    """
    about = payment_id(holder, record.method, record.payment_reference)
    change = Change(account)
    for entry_id in (about, *(_credit_id(about, reason) for reason in (DISCOUNT, FEE))):
        if entry_id in account.entries:
            change = _and(change, lambda after, i=entry_id: _reversed(after, i, line_id, on, at))  # type: ignore[misc]
    return change


def _and(change: Change, more: Callable[[Account], Change]) -> Change:
    """Both changes as one."""
    after = change.account if change.is_empty else replace(change.applied(), version=change.account.version)
    also = more(after)
    return replace(change, entries={**change.entries, **also.entries}, events=change.events + also.events)


def _credited(after: Account, payment: Entry, reason: str, parts: Iterable[tuple[str, int]], at: datetime) -> Change:
    limited = [(invoice_id, min(minor, after.open_minor(invoice_id))) for invoice_id, minor in parts]
    directed_to = tuple(Direction(invoice_id, minor) for invoice_id, minor in limited if minor > 0)
    if not directed_to:
        return Change(after)
    credit = Entry(
        entry_id=_credit_id(payment.entry_id, reason),
        kind=EntryKind.CREDIT_NOTE,
        currency=payment.currency,
        amount_minor=sum(one.amount_minor for one in directed_to),
        on=payment.on,
        method=payment.method,
        reference=payment.reference,
        directed_to=directed_to,
        reason=reason,
    )
    return post(after, credit, at)


def _credit_id(about: str, reason: str) -> str:
    return stable_id("crn", about, reason)


def _reversed(after: Account, entry_id: str, line_id: str, on: date, at: datetime) -> Change:
    about = after.entries[entry_id]
    reversal = Entry(
        entry_id=stable_id("rev", entry_id, line_id),
        kind=EntryKind.REVERSAL,
        currency=about.currency,
        amount_minor=about.amount_minor,
        on=on,
        method=about.method,
        reference=line_id,
        of=entry_id,
        reason=RETURNED,
    )
    return post(after, reversal, at)
