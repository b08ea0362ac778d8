"""Invoices, and the account that they make up with the entries.

Nothing is stored twice: balances, statuses and days past due are folded from the invoices and entries (``fold``).
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property

from dunwell.accounts.model import Customer
from dunwell.errors import InvalidInputError
from dunwell.figures import Figure
from dunwell.ledger.agreements import Agreement
from dunwell.ledger.automatic import automatic_debits
from dunwell.ledger.books import Allocation, Books, Part
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, PaymentMethod
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.fold import PART_ORDER, Replay, moved_facts
from dunwell.ledger.order import effective_on


class Delivery(StrEnum):
    """How an invoice was sent to the customer."""

    PAPER = "paper"
    ELECTRONIC = "electronic"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line as printed on an invoice (minor units of its currency, tax included)."""

    text: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of an invoice with a due date of its own."""

    due_on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """What was billed.

    Attributes:
        amount_minor: what the customer was asked for, tax included; corrected by credit and debit notes, never edited.
        due_on: when all of it is due, or the first instalment.
        instalments: several due dates, oldest first, together the amount; empty for one.
        terms: as the source words them, such as ``2/10 net 30``.
        source_version: orders descriptions of the same invoice; empty where the source has no versions.
        removed: the source deleted it; it is flagged and left alone, never deleted.
        delivery: how it was sent; None where the source does not say.
    """

    invoice_id: str
    number: str
    currency: str
    amount_minor: int
    issued_on: date
    due_on: date
    tax_minor: int = 0
    terms: str = ""
    lines: tuple[InvoiceLine, ...] = ()
    instalments: tuple[Instalment, ...] = ()
    source_version: str = ""
    removed: bool = False
    delivery: Delivery | None = None

    def __post_init__(self) -> None:
        if self.instalments and sum(part.amount_minor for part in self.instalments) != self.amount_minor:
            raise InvalidInputError("the instalments do not add up to the invoice's amount", field="instalments")


class InvoiceStatus(StrEnum):
    """Where an invoice stands; derived, never stored."""

    OPEN = "open"
    PARTLY_PAID = "partly_paid"
    DISPUTED = "disputed"
    PAID = "paid"
    WRITTEN_OFF = "written_off"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice with what is still owed on it (minor units of its currency).

    Attributes:
        open_minor: principal, fees and interest.
        disputed_minor: the part of it that the customer contests.
    """

    invoice: Invoice
    open_minor: int
    disputed_minor: int = 0

    @property
    def collectable_minor(self) -> int:
        """What may be asked for: not what is contested, nothing of an invoice that its source removed."""
        return 0 if self.invoice.removed else self.open_minor - self.disputed_minor

    @property
    def is_collectable(self) -> bool:
        """Whether anything may be asked for."""
        return self.collectable_minor > 0

    @property
    def schedule(self) -> tuple[Instalment, ...]:
        """What is open by due date, oldest first: payments count for the oldest instalment first."""
        if not self.invoice.instalments:
            return (Instalment(self.invoice.due_on, self.open_minor),)
        left, parts = self.open_minor, []
        for part in reversed(self.invoice.instalments):
            taken = min(left, part.amount_minor)
            left -= taken
            if taken:
                parts.append(Instalment(part.due_on, taken))
        if left:  # charges beyond the billed amount are due with the oldest part
            parts[-1] = replace(parts[-1], amount_minor=parts[-1].amount_minor + left)
        return tuple(reversed(parts))

    @property
    def due_on(self) -> date:
        """The due date of the oldest unpaid part."""
        return self.schedule[0].due_on

    def past_due_minor(self, as_of: date) -> int:
        """What was due before a date and is not paid."""
        return sum(part.amount_minor for part in self.schedule if part.due_on < as_of)

    def past_due(self, as_of: date) -> "OpenInvoice":
        """The same with what was due before a date alone: of instalments the later ones, contested or not, left out."""
        parts = tuple(part for part in self.schedule if part.due_on < as_of)
        owed = sum(part.amount_minor for part in parts)
        if owed == self.open_minor:
            return self
        only = replace(self.invoice, amount_minor=owed, instalments=parts)
        return OpenInvoice(only, owed, min(self.disputed_minor, owed))

    def less(self, minor: int) -> "OpenInvoice":
        """The same with so much less to ask for, at most all of it (minor units), as if it were paid."""
        return replace(self, open_minor=self.open_minor - min(minor, self.collectable_minor)) if minor else self


@dataclass(frozen=True)
class Account:
    """One customer's invoices and entries at a version.

    Facts that were moved to another account have no effect here, and the account of a customer who was merged into
    another one is empty: ``invoices`` and ``entries`` keep what was once here.

    Attributes:
        version: how many times the account was written; 0 for one that is not stored yet.
        part_order: in which order a payment settles an invoice's parts: the creditor's policy.
        figures: what sources told of the customer beside the books, in order of arrival; only ever added to.
        agreements, methods, attempts: what was agreed, the payment methods saved, and the tries to debit them, by id.
    """

    customer: Customer
    version: int = 0
    invoices: dict[str, Invoice] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    part_order: tuple[Part, ...] = PART_ORDER
    figures: tuple[Figure, ...] = ()
    agreements: dict[str, Agreement] = field(default_factory=dict)
    methods: dict[str, PaymentMethod] = field(default_factory=dict)
    attempts: dict[str, DebitAttempt] = field(default_factory=dict)

    def at(self, as_of: date) -> "Account":
        """The account as the facts up to a date, that day included, make it."""
        known = {i: invoice for i, invoice in self.invoices.items() if invoice.issued_on <= as_of}
        happened = {
            i: entry
            for i, entry in self.entries.items()
            # What belongs to another account now, belongs there with its whole past.
            if entry.kind is EntryKind.MOVED or self._is_return(entry) or effective_on(self.entries, entry) <= as_of
        }
        told = tuple(figure for figure in self.figures if figure.published_on <= as_of)
        return replace(self, invoices=known, entries=happened, figures=told)

    def _is_return(self, entry: Entry) -> bool:
        about = self.entries.get(entry.of) if entry.of else None
        return about is not None and about.kind is EntryKind.MOVED

    @cached_property
    def moved(self) -> dict[str, str]:
        """Ids of the invoices and entries that belong to another account now, and whose account that is."""
        return moved_facts(self.entries)

    def replay(self, leave_out: Collection[str] = ()) -> Replay:
        """The account's facts in their order, to be taken step by step; without the entries named."""
        if self.customer.merged_into:
            return Replay({}, {}, self.part_order)
        return Replay(self.invoices, self.entries, self.part_order, leave_out)

    @cached_property
    def books(self) -> Books:
        """Every balance of the account, folded from its facts."""
        replay = self.replay()
        replay.through(date.max)
        return replay.books

    def open_minor(self, invoice_id: str) -> int:
        """What is still owed on an invoice (minor units of its currency)."""
        return self.books.open_minor(invoice_id)

    def disputed_minor(self, invoice_id: str) -> int:
        """What the customer contests of an invoice, paid meanwhile or not."""
        return self.books.disputed_minor(invoice_id)

    def status(self, invoice_id: str) -> InvoiceStatus:
        """Where an invoice stands."""
        owed = self.open_minor(invoice_id)
        if owed > 0:
            if self.invoices[invoice_id].removed:
                return InvoiceStatus.REMOVED
            if self.disputed_minor(invoice_id):
                return InvoiceStatus.DISPUTED
            return InvoiceStatus.PARTLY_PAID if owed < self.books.billed_minor(invoice_id) else InvoiceStatus.OPEN
        return InvoiceStatus.WRITTEN_OFF if self.books.written_off_minor(invoice_id) else InvoiceStatus.PAID

    @cached_property
    def open_invoices(self) -> tuple[OpenInvoice, ...]:
        """Invoices with something still owed, oldest due first, then by number."""
        owed = self.books.open_debts()
        still_open = [
            OpenInvoice(invoice, owed[invoice_id][0], min(owed[invoice_id]))
            for invoice_id, invoice in self.invoices.items()
            if invoice_id in owed
        ]
        return tuple(sorted(still_open, key=lambda o: (o.due_on, o.invoice.number)))

    @cached_property
    def balances(self) -> dict[str, int]:
        """Open balance by currency (minor units): the invoices' sum, unapplied credit not netted into it."""
        totals: dict[str, int] = {}
        for item in self.open_invoices:
            totals[item.invoice.currency] = totals.get(item.invoice.currency, 0) + item.open_minor
        return totals

    @cached_property
    def unapplied(self) -> dict[str, int]:
        """Unapplied credit by currency (minor units)."""
        return self.books.unapplied()

    @property
    def is_open(self) -> bool:
        """Whether the daily pass has to look at it."""
        return bool(self.balances or self.unapplied)

    @cached_property
    def payments(self) -> dict[str, Entry]:
        """Money received, by entry id; a settlement with what it covers now, if anything."""
        found = {entry.entry_id: entry for entry in self._standing if entry.kind is EntryKind.PAYMENT}
        for entry in self._standing:
            amount_minor = self.books.standing_minor(entry.entry_id) if entry.kind is EntryKind.SETTLEMENT else 0
            if amount_minor:
                found[entry.entry_id] = replace(entry, amount_minor=amount_minor)
        return found

    @cached_property
    def _standing(self) -> tuple[Entry, ...]:
        """The entries that are of this account now."""
        if self.customer.merged_into:
            return ()
        return tuple(entry for i, entry in self.entries.items() if i not in self.moved)

    def allocations(self, entry_id: str) -> tuple[Allocation, ...]:
        """Where a payment or credit note stands applied now, in the order it was applied."""
        return self.books.allocations(entry_id)

    @cached_property
    def pending(self) -> tuple[Entry, ...]:
        """Debits announced that neither arrived nor failed, oldest first."""
        if not any(e.kind is EntryKind.PENDING for e in self.entries.values()):
            return ()  # most have none to look through
        ended = {e.of for e in self._standing if e.kind in (EntryKind.PAYMENT, EntryKind.FAILURE) and e.of}
        waiting = (e for e in self._standing if e.kind is EntryKind.PENDING and e.entry_id not in ended)
        return tuple(sorted(waiting, key=lambda entry: (entry.on, entry.entry_id)))

    def agreement_on(self, invoice_id: str) -> Agreement | None:
        """The standing agreement about an invoice."""
        return self._agreed.get(invoice_id)

    @cached_property
    def _agreed(self) -> dict[str, Agreement]:
        standing = (one for one in self.agreements.values() if one.is_standing)
        return {invoice_id: one for one in standing for invoice_id in one.invoice_ids}

    def paused_invoices(self, as_of: date) -> frozenset[str]:
        """Invoices about which nobody is reminded, charged or escalated on a date, because of what was agreed."""
        if not self.agreements:
            return frozenset()
        return frozenset(i for one in self.agreements.values() if one.pauses(as_of) for i in one.invoice_ids)

    @cached_property
    def next_look_on(self) -> date | None:
        """The day on which agreements or debits need somebody to look at the account; None: never.

        A day that has passed stays until what was due on it is done.
        """
        if self.customer.merged_into:
            return None
        days = [one.next_on for one in self.agreements.values() if one.next_on]
        tries = (one for one in self.attempts.values() if one.status is not AttemptStatus.ANNOUNCED)
        days += [one.next_on for one in tries if one.next_on]
        days += [one.look_on for one in automatic_debits(self) if one.look_on]
        return min(days, default=None)

    @cached_property
    def settlement_dates(self) -> dict[str, date]:
        """Settled invoices and the date that closed each; written-off ones are not settled."""
        return self.books.settlement_dates()
