"""What a customer may look up on their account: invoices with their history, and receipts for payments."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from dunwell.errors import NotFoundError
from dunwell.ledger.entry import CHARGES, CREDITS, Entry, EntryKind
from dunwell.ledger.model import Account, Invoice, InvoiceStatus

PER_PAGE = 25
_DISPUTES = frozenset({EntryKind.DISPUTE, EntryKind.DISPUTE_END})
_OPEN = frozenset({InvoiceStatus.OPEN, InvoiceStatus.PARTLY_PAID, InvoiceStatus.DISPUTED})
T = TypeVar("T")


class Which(StrEnum):
    """Which invoices are listed."""

    OPEN = "open"
    PAID = "paid"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; ``number`` counts from 1, ``total`` counts all of the list."""

    found: tuple[T, ...]
    number: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class ListedInvoice:
    """An invoice in a list (minor units): with what is open on it, and what it came to with fees and interest."""

    invoice: Invoice
    status: InvoiceStatus
    open_minor: int
    due_on: date
    billed_minor: int


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """What happened to an invoice.

    Attributes:
        what: ``invoice``, or the kind of the entry.
        effect_minor: what it does to what is open; the lines' sum is what is open now, and 0 of a dispute.
        amount_minor: what a dispute is about, or a payment that was taken back since brought.
        entry_id: of a payment that there is a receipt for; else empty.
        taken_back: whether the payment was taken back since.
    """

    on: date
    what: str
    effect_minor: int
    amount_minor: int = 0
    entry_id: str = ""
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class InvoicePaper:
    """An invoice with all that a customer may know about it (minor units)."""

    listed: ListedInvoice
    disputed_minor: int
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment and what it settled (minor units).

    Attributes:
        parts: invoices and what of the payment stands on each; kept_minor: what is kept as credit.
        taken_back_minor: what of it was refunded, charged back or returned since.
    """

    payment: Entry
    parts: tuple[tuple[Invoice, int], ...]
    kept_minor: int
    taken_back_minor: int


def find_invoices(account: Account, which: Which, number: str, page: int) -> Page[ListedInvoice]:
    """The account's invoices, newest first; open ones with the oldest due first.

    Args:
        number: a part of the invoice's number, however it is capitalised; empty for all.
    """
    wanted = number.strip().casefold()
    found = [one for one in _invoices(account) if wanted in one.invoice.number.casefold() and _is_which(one, which)]
    if which is Which.OPEN:
        found.sort(key=lambda one: (one.due_on, one.invoice.number))
    else:
        found.sort(key=lambda one: (one.invoice.issued_on, one.invoice.number), reverse=True)
    return _paged(found, page)


def invoice_paper(account: Account, invoice_id: str) -> InvoicePaper:
    """One invoice.

    Raises:
        NotFoundError: it is not on this account.
    """
    listed = next((one for one in _invoices(account) if one.invoice.invoice_id == invoice_id), None)
    if listed is None:
        raise NotFoundError("This invoice is not on your account.", code="no_invoice")
    issued = HistoryLine(listed.invoice.issued_on, "invoice", listed.invoice.amount_minor)
    happened = sorted(_history(account, invoice_id), key=lambda line: line.on)
    disputed = min(account.disputed_minor(invoice_id), listed.open_minor)
    return InvoicePaper(listed, disputed, (issued, *happened))


def payments_received(account: Account) -> list[Entry]:
    """Money received, newest first."""
    return sorted(account.payments.values(), key=lambda p: (p.on, p.entry_id), reverse=True)


def find_payments(account: Account, page: int) -> Page[Receipt]:
    """The payments received, newest first, each with what it settled."""
    found = _paged(payments_received(account), page)
    return Page(tuple(receipt_of(account, one) for one in found.found), found.number, found.pages, found.total)


def receipt(account: Account, entry_id: str) -> Receipt:
    """The receipt for one payment.

    Raises:
        NotFoundError: it is not on this account.
    """
    payment = account.payments.get(entry_id)
    if payment is None:
        raise NotFoundError("This payment is not on your account.", code="no_payment")
    return receipt_of(account, payment)


def receipt_of(account: Account, payment: Entry) -> Receipt:
    """What a payment of the account settled."""
    parts: dict[str, int] = {}
    for part in account.allocations(payment.entry_id):
        parts[part.invoice_id] = parts.get(part.invoice_id, 0) + part.amount_minor
    standing = account.books.standing_minor(payment.entry_id)
    settled = tuple((account.invoices[invoice_id], amount) for invoice_id, amount in parts.items())
    kept = account.books.unapplied_minor(payment.entry_id)
    return Receipt(payment, settled, kept, payment.amount_minor - standing)


def _invoices(account: Account) -> Iterator[ListedInvoice]:
    due = {item.invoice.invoice_id: item.due_on for item in account.open_invoices}
    if account.customer.merged_into:
        return
    for invoice_id, invoice in account.invoices.items():
        if invoice_id not in account.moved and not invoice.removed:
            status = account.status(invoice_id)
            due_on, billed_minor = due.get(invoice_id, invoice.due_on), account.books.billed_minor(invoice_id)
            yield ListedInvoice(invoice, status, account.open_minor(invoice_id), due_on, billed_minor)


def _is_which(one: ListedInvoice, which: Which) -> bool:
    return which is Which.ALL or (one.status in _OPEN) == (which is Which.OPEN)


def _history(account: Account, invoice_id: str) -> Iterator[HistoryLine]:
    for entry_id, entry in account.entries.items():
        if entry_id in account.moved:
            continue
        directed = any(one.invoice_id == invoice_id for one in entry.directed_to)
        if entry.kind in CREDITS:
            yield from _credit(account, entry, invoice_id, directed)
        elif entry.kind in CHARGES and directed and (standing := account.books.standing_minor(entry_id)):
            yield HistoryLine(entry.on, entry.kind, standing)
        elif entry.kind is EntryKind.WRITE_OFF and directed and (standing := account.books.standing_minor(entry_id)):
            yield HistoryLine(entry.on, entry.kind, -standing)
        elif entry.kind in _DISPUTES and directed:
            yield HistoryLine(entry.on, entry.kind, 0, entry.amount_minor)


def _credit(account: Account, entry: Entry, invoice_id: str, directed: bool) -> Iterator[HistoryLine]:
    taken = sum(one.amount_minor for one in account.allocations(entry.entry_id) if one.invoice_id == invoice_id)
    shown = entry.entry_id if entry.entry_id in account.payments else ""
    if taken:
        yield HistoryLine(entry.on, entry.kind, -taken, entry_id=shown)
    elif directed and entry.kind is EntryKind.PAYMENT and not account.books.standing_minor(entry.entry_id):
        yield HistoryLine(entry.on, entry.kind, 0, entry.amount_minor, shown, taken_back=True)


def _paged(found: Sequence[T], page: int) -> Page[T]:
    """A page that there is: the last one for a number beyond it, the first for one before."""
    pages = max(1, -(-len(found) // PER_PAGE))
    number = min(max(1, page), pages)
    return Page(tuple(found[(number - 1) * PER_PAGE : number * PER_PAGE]), number, pages, len(found))
