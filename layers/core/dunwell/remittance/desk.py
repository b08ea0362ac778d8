"""``CashDesk``: what an agent does with money in suspense: accept a proposal, choose otherwise, leave a note."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dunwell.dates import business_date
from dunwell.errors import ConflictError, InvalidInputError, NotFoundError
from dunwell.ledger.model import Account
from dunwell.remittance.amounts import settle
from dunwell.remittance.applying import CashApplication
from dunwell.remittance.index import LedgerIndex
from dunwell.remittance.keys import reference_key
from dunwell.remittance.model import Allocation, OpenInvoice, Proposal
from dunwell.remittance.records import LineNote, LineRecord

NOTE_LENGTH = 2000
MAX_INVOICES = 100
_CHOSEN = "An agent chose it."


@dataclass(frozen=True)
class CashDesk:
    """The work list of unmatched money."""

    cash: CashApplication

    def waiting(self, at: datetime) -> list[LineRecord]:
        """What waits for a person, oldest first. A choice whose carrying out was cut short is completed on the way."""
        found = [self.cash.finish(record, at) for record in self.cash.lines.listed()]
        return [record for record in found if record.is_waiting]

    def item(self, item_id: str, at: datetime) -> LineRecord:
        """One line.

        Raises:
            NotFoundError: there is none of this id.
        """
        record = self.cash.lines.record(item_id)
        if record is None:
            raise NotFoundError("There is no such line.")
        return self.cash.finish(record, at)

    def accept(self, item_id: str, version: int, number: int, who: str, at: datetime) -> LineRecord:
        """Apply one of the proposals as it is: the money goes to the customer, the payer's account is learned.

        Args:
            version: of the record that the agent saw; number: of the proposal, the best being 0.

        Raises:
            InvalidInputError: no such proposal, or an invoice of it is not open any more for that much.
            ConflictError: somebody else worked on it meanwhile. NotFoundError: no such line.
        """
        record = self._waiting(item_id, version, at)
        if not 0 <= number < len(record.proposals):
            raise InvalidInputError("Choose one of the proposals.")
        proposal = record.proposals[number]
        account = self._index(at).account(proposal.customer_id)
        if account is None:
            raise NotFoundError("The customer is not in the ledger any more.")
        self._still_open(account, proposal.allocations)
        return self.cash.choose(record, proposal, who, at)

    def choose(
        self, item_id: str, version: int, customer_number: str, invoice_numbers: Sequence[str], who: str, at: datetime
    ) -> LineRecord:
        """Apply it to invoices of a customer, in the order given; without invoices it is credit of the customer.

        Raises:
            InvalidInputError: no one customer has this number, or an invoice is not open on its account; says which.
            ConflictError, NotFoundError: see ``accept``.
        """
        record = self._waiting(item_id, version, at)
        if record.contested:
            raise InvalidInputError("Accept the customer whom the gateway names, or take the line off the list.")
        index = self._index(at)
        account = self._customer(index, customer_number)
        customer, line = account.customer, record.line
        invoices = self._invoices(index.open_invoices(customer.customer_id, line.currency), invoice_numbers)
        allocations: tuple[Allocation, ...] = ()
        left = record.left_minor
        if invoices:
            settlement = settle(left, line.value_on, invoices, self.cash.policy.tolerances)
            allocations, left = settlement.allocations, settlement.unapplied_minor
        whose = Proposal(customer.customer_id, customer.name, allocations, left, 1000, (_CHOSEN,), customer.number)
        return self.cash.choose(record, whose, who, at)

    def note(self, item_id: str, version: int, text: str, who: str, at: datetime, *, close: bool = False) -> LineRecord:
        """Leave a note: money stays where it is. ``close`` ends a line that holds none in suspense, such as an unclear
        return, or money that stays with whom an agent chose.

        Raises:
            InvalidInputError: the note is empty or too long, or there is money to be placed.
            ConflictError, NotFoundError: see ``accept``.
        """
        record = self._waiting(item_id, version, at)
        if not text.strip():
            raise InvalidInputError("Write what you found out.")
        if len(text) > NOTE_LENGTH:
            raise InvalidInputError(f"The note is longer than {NOTE_LENGTH:,} characters. Shorten it.")
        if close and record.suspended and not record.contested:
            raise InvalidInputError("There is money in suspense: say whose it is.")
        noted = replace(
            record,
            version=record.version + 1,
            closed=close,
            notes=(*record.notes, LineNote(at, who, text.strip())),
        )
        self.cash.lines.keep(noted)
        return noted

    def _index(self, at: datetime) -> LedgerIndex:
        return LedgerIndex(self.cash.ledger, self.cash.pointers, business_date(at, self.cash.zone))

    def _waiting(self, item_id: str, version: int, at: datetime) -> LineRecord:
        record = self.item(item_id, at)
        if not record.is_waiting or record.version != version:
            raise ConflictError("Somebody else worked on this line meanwhile. Look at it again before you decide.")
        return record

    def _customer(self, index: LedgerIndex, called: str) -> Account:
        called = called.strip()
        if not called:
            raise InvalidInputError("Enter the customer's number.")
        found = [one for one in index.customers_called(called) if not one.customer.is_internal]
        if not found:
            raise InvalidInputError("No customer has this number or name. Check it against an invoice.")
        if len(found) > 1:
            raise InvalidInputError("Several customers are called that. Enter the number, or accept a proposal.")
        return found[0]

    def _invoices(self, open_invoices: Sequence[OpenInvoice], numbers: Sequence[str]) -> list[OpenInvoice]:
        wanted = list(dict.fromkeys(number.strip() for number in numbers if number.strip()))
        if len(wanted) > MAX_INVOICES:
            raise InvalidInputError(f"Choose at most {MAX_INVOICES} invoices.")
        return list({one.invoice_id: one for one in (_named(open_invoices, number) for number in wanted)}.values())

    def _still_open(self, account: Account, allocations: Sequence[Allocation]) -> None:
        for one in allocations:
            if account.open_minor(one.invoice_id) < one.amount_minor:
                raise InvalidInputError(
                    f"Invoice {one.number} is not open for that much any more. Choose the invoices yourself."
                )


def split_numbers(text: str) -> list[str]:
    """Numbers as a person writes several: on lines of their own, or with commas or semicolons between."""
    return [number.strip() for number in re.split(r"[\n,;]", text) if number.strip()]


def _named(open_invoices: Sequence[OpenInvoice], number: str) -> OpenInvoice:
    """The one open invoice of a number as a person types it: exactly, or by its telling end."""
    exact = [one for one in open_invoices if one.number.casefold() == number.casefold()]
    alike = exact or [
        one for one in open_invoices if (key := reference_key(number)) and reference_key(one.number) == key
    ]
    if len(alike) != 1:
        what = "no open invoice of this currency" if not alike else "several open invoices"
        raise InvalidInputError(f"The customer has {what} that {number} names. Write the whole number.")
    return alike[0]
