"""Entries: what happened to the money of an account. Added, never edited; corrected by reversal."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry is. ``of`` names the entry that a reversal or an end is about.

    payment      money received: settles invoices, the rest is unapplied credit
    settlement   a source states what is left of an invoice that it billed: brings the principal down to that, whatever
                 covered it. A statement is no money: it gives way to a payment that names the invoice and finds nothing
                 open, and never becomes credit. The source withdraws it by a reversal
    credit_note  a credit without money: settles like a payment, principal first
    debit_note   raises an invoice's principal: how a corrected amount is booked
    fee, interest  charges on an invoice
    write_off    moves what is open to the written-off balance, which is still owed; money for it is a recovery
    reversal     undoes an entry, or part of one: refund, chargeback, returned debit, transfer, waiver, correction;
                 the reversal of a reversal restores it
    pending      a debit announced by the bank, not money yet; a payment or a failure ``of`` it ends it
    failure      a pending payment that did not arrive
    dispute      the customer contests an invoice, whole or in part; dispute_end settles the contest
    moved        a fact, named by ``of``, that belongs to the account named by ``reference`` now
    """

    PAYMENT = "payment"
    SETTLEMENT = "settlement"
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"
    FEE = "fee"
    INTEREST = "interest"
    WRITE_OFF = "write_off"
    REVERSAL = "reversal"
    PENDING = "pending"
    FAILURE = "failure"
    DISPUTE = "dispute"
    DISPUTE_END = "dispute_end"
    MOVED = "moved"


RECEIPTS = frozenset({EntryKind.PAYMENT, EntryKind.SETTLEMENT})
CREDITS = RECEIPTS | {EntryKind.CREDIT_NOTE}
CHARGES = frozenset({EntryKind.DEBIT_NOTE, EntryKind.FEE, EntryKind.INTEREST})
OF_AN_INVOICE = CHARGES | {EntryKind.WRITE_OFF, EntryKind.DISPUTE, EntryKind.SETTLEMENT}


@dataclass(frozen=True, slots=True)
class Direction:
    """What an entry is for: an invoice and an amount (minor units of the entry's currency)."""

    invoice_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One dated fact about money.

    Attributes:
        entry_id: made from business identity, so that a fact told twice is one entry.
        amount_minor: more than zero, minor units of ``currency``; 0 only where a kind moves no money. Of a settlement
            what was billed less what is left, for people to read: what it covers is for the fold to say.
        on: the value date in the creditor's zone. Facts take effect in this order, whenever they arrive.
        at: the instant, where it is known: orders the facts of one day.
        method, reference: how it came (``imported``, ``stripe``, ``camt053``) and the other side's name for it.
        directed_to: the invoices it is for, in the payer's order; empty for money on account.
        of: the entry that this one reverses, settles, fails, ends or moves.
        left_minor: of a settlement what its source says is still open of what it billed; 0: settled in full.
        told: of a settlement or its withdrawal, the how-manieth thing its source told of the invoice: what is told of
            one evening takes effect in this order.
        reason: a code, such as ``refund``, ``chargeback``, ``late_fee`` or ``settlement``.
    """

    entry_id: str
    kind: EntryKind
    currency: str
    amount_minor: int
    on: date
    at: datetime | None = None
    method: str = ""
    reference: str = ""
    directed_to: tuple[Direction, ...] = ()
    of: str = ""
    reason: str = ""
    left_minor: int = 0
    told: int = 0
