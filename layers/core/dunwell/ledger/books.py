"""The balances of an account by invoice and by entry, as ``fold`` makes them from the facts."""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from dunwell.ledger.entry import Entry

if TYPE_CHECKING:
    from dunwell.ledger.model import Invoice


class Part(IntEnum):
    """The parts of an invoice's balance, in the order in which a payment settles them."""

    INTEREST = 0
    FEES = 1
    PRINCIPAL = 2
    RECOVERY = 3
    """What was written off: legally owed, no longer an open balance."""


class Allocation(NamedTuple):
    """The part of a payment or credit note that settles a part of an invoice (minor units)."""

    invoice_id: str
    part: Part
    amount_minor: int


@dataclass(slots=True)
class Debt:
    """An invoice on its way through the fold; ``owed`` by part."""

    invoice: "Invoice"
    owed: list[int]
    billed: int
    disputed: int = 0
    closed_on: date | None = None
    payers: dict[str, "Credit"] = field(default_factory=dict)

    @property
    def open_minor(self) -> int:
        interest, fees, principal, _ = self.owed
        return interest + fees + principal

    @property
    def free_minor(self) -> int:
        """What undirected money may settle."""
        return 0 if self.invoice.removed else max(0, self.open_minor - self.disputed)


@dataclass(slots=True)
class Credit:
    """A payment, credit note or statement on its way: what of it stands, and where that is.

    ``took_over``: what a payment took, when it came, of what statements had covered before.
    """

    entry: Entry
    order: int
    live: int
    left: int
    kept: dict[str, int] = field(default_factory=dict)
    taken: list[Allocation] = field(default_factory=list)
    took_over: int = 0

    @property
    def free(self) -> int:
        """What may flow to any invoice: not what is kept for an invoice to come."""
        return self.left - sum(self.kept.values()) if self.kept else self.left


@dataclass(slots=True)
class Books:
    """The balances that the facts make (minor units).

    ``debts``, ``credits`` and ``standing`` belong to the fold; everybody else asks the methods.
    """

    debts: dict[str, Debt] = field(default_factory=dict)
    credits: dict[str, Credit] = field(default_factory=dict)
    standing: dict[str, int] = field(default_factory=dict)

    def open_minor(self, invoice_id: str) -> int:
        """What is owed on an invoice; 0 for one that is not on the account."""
        debt = self.debts.get(invoice_id)
        return debt.open_minor if debt else 0

    def open_debts(self) -> dict[str, tuple[int, int]]:
        """What is owed, and what the customer contests, of each invoice on which something is owed."""
        still_open = ((i, debt) for i, debt in self.debts.items() if debt.closed_on is None)
        return {i: (owed, debt.disputed) for i, debt in still_open if (owed := debt.open_minor) > 0}

    def part_minor(self, invoice_id: str, part: Part) -> int:
        """What is owed of a part of an invoice."""
        debt = self.debts.get(invoice_id)
        return debt.owed[part] if debt else 0

    def written_off_minor(self, invoice_id: str) -> int:
        """What was written off of an invoice and not recovered since."""
        return self.part_minor(invoice_id, Part.RECOVERY)

    def billed_minor(self, invoice_id: str) -> int:
        """What was asked for altogether: the invoice and its charges that stand."""
        debt = self.debts.get(invoice_id)
        return debt.billed if debt else 0

    def disputed_minor(self, invoice_id: str) -> int:
        """What the customer contests."""
        debt = self.debts.get(invoice_id)
        return debt.disputed if debt else 0

    def standing_minor(self, entry_id: str) -> int:
        """What of an entry was not reversed; 0 for one that moves no money, or waits for what it is about."""
        credit = self.credits.get(entry_id)
        return credit.live if credit else self.standing.get(entry_id, 0)

    def unapplied_minor(self, entry_id: str) -> int:
        """What of a payment or credit note no invoice took."""
        credit = self.credits.get(entry_id)
        return credit.left if credit else 0

    def unapplied(self) -> dict[str, int]:
        """Unapplied credit by currency."""
        totals: dict[str, int] = {}
        for credit in self.credits.values():
            if credit.left:
                totals[credit.entry.currency] = totals.get(credit.entry.currency, 0) + credit.left
        return totals

    def control_minor(self, currency: str) -> int:
        """Open balances less unapplied credit: what the creditor's control account shows of this customer."""
        owed = sum(debt.open_minor for debt in self.debts.values() if debt.invoice.currency == currency)
        return owed - sum(credit.left for credit in self.credits.values() if credit.entry.currency == currency)

    def recovered_minor(self, entry_id: str) -> int:
        """What of a payment went to written-off balances: recoveries, not receivables."""
        return sum(a.amount_minor for a in self.allocations(entry_id) if a.part is Part.RECOVERY)

    def taken_over_minor(self, entry_id: str) -> int:
        """What a payment took of what its source had stated as paid before: the same money, told twice."""
        credit = self.credits.get(entry_id)
        return credit.took_over if credit else 0

    def allocations(self, entry_id: str) -> tuple[Allocation, ...]:
        """Where a payment or credit note stands applied."""
        credit = self.credits.get(entry_id)
        return tuple(credit.taken) if credit else ()

    def settlement_dates(self) -> dict[str, date]:
        """Invoices owed nothing, also nothing written off, and the date that closed each."""
        return {i: debt.closed_on for i, debt in self.debts.items() if debt.closed_on}
