"""How a debt became what it is today: what a validation notice itemises (12 CFR 1006.34(c)(2)(vii) and (viii)).

The itemisation date is the transaction date: the day on which the invoice was issued. It is one of the five that the
rule offers, every debt here has it, and no later fact moves it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dunwell.errors import InvalidInputError
from dunwell.ledger.entry import RECEIPTS, EntryKind
from dunwell.ledger.model import Account, Invoice

_FEES = frozenset({EntryKind.FEE, EntryKind.DEBIT_NOTE})


@dataclass(frozen=True, slots=True)
class Itemisation:
    """A debt's amounts in minor units of its invoice's currency.

    Attributes:
        on: the itemisation date; then_minor: what was owed on it.
        interest_minor, fees_minor: what was added since and stands; a debit note is among the fees.
        paid_minor: what payments settled of it since, as far as they stand.
        credited_minor: what credit notes settled of it and what was written off, which nobody collects.
        now_minor: what is owed today.
    """

    invoice: Invoice
    on: date
    then_minor: int
    interest_minor: int
    fees_minor: int
    paid_minor: int
    credited_minor: int
    now_minor: int

    def __post_init__(self) -> None:
        added, taken = self.interest_minor + self.fees_minor, self.paid_minor + self.credited_minor
        if self.then_minor + added - taken != self.now_minor:
            raise InvalidInputError(f"the items of invoice {self.invoice.number} do not add up to what is owed on it")


def itemised(account: Account, invoice_ids: Iterable[str]) -> list[Itemisation]:
    """The itemisations of some invoices of an account, in their order."""
    return [_itemised(account, account.invoices[one]) for one in invoice_ids]


def _itemised(account: Account, invoice: Invoice) -> Itemisation:
    charged: dict[EntryKind, int] = {}
    settled: dict[EntryKind, int] = {}
    named = invoice.invoice_id
    for entry_id, entry in account.entries.items():
        if entry_id in account.moved:
            continue
        applied = sum(one.amount_minor for one in account.allocations(entry_id) if one.invoice_id == named)
        settled[entry.kind] = settled.get(entry.kind, 0) + applied
        if any(one.invoice_id == named for one in entry.directed_to):
            charged[entry.kind] = charged.get(entry.kind, 0) + account.books.standing_minor(entry_id)
    return Itemisation(
        invoice=invoice,
        on=invoice.issued_on,
        then_minor=invoice.amount_minor,
        interest_minor=charged.get(EntryKind.INTEREST, 0),
        fees_minor=sum(charged.get(one, 0) for one in _FEES),
        paid_minor=sum(settled.get(one, 0) for one in RECEIPTS),
        credited_minor=settled.get(EntryKind.CREDIT_NOTE, 0) + account.books.written_off_minor(named),
        now_minor=account.open_minor(named),
    )
