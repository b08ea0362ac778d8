"""What a decided line does to a customer's account: one change, posted once."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Direction, Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import payment_id, post
from dunwell.remittance.policy import BankFee
from dunwell.remittance.records import LineRecord

DISCOUNT, FEE = "early_payment_discount", "bank_fee"
RETURNED = "returned"


def paid(account: Account, record: LineRecord, bank_fee: BankFee, at: datetime) -> Change:
    """Post the line as a payment of the chosen customer, and what was taken off as credit notes.

    A payment that is there already gives an empty change. What was settled another way meanwhile is not credited: the
    money that it no longer takes is the customer's unapplied credit.
    """
    chosen, line = record.chosen, record.line
    assert chosen is not None
    payment = Entry(
        entry_id=payment_id(chosen.customer_id, record.method, record.payment_reference),
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
