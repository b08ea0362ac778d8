"""Importing one customer's receivables: what is new becomes a change, what is known writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from dunwell.accounts.model import Channel, Customer
from dunwell.events import RECEIVABLES_IMPORTED, Event
from dunwell.ids import stable_id
from dunwell.ingestion.receivable import Receivable, Reject
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account, Allocation, Invoice, Payment

METHOD = "imported"


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a customer's rows went; the three add up to the rows given."""

    in_ledger: int = 0
    later: int = 0
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """Changes to commit in order, each valid by itself, and the tally when they are."""

    changes: tuple[Change, ...]
    tally: Tally


def customer_id(creditor_id: str, source: str, number: str) -> str:
    """The customer's id, the same at every import."""
    return stable_id("cus", creditor_id, source, number)


def import_receivables(
    account: Account | None,
    rows: Sequence[Receivable],
    *,
    creditor_id: str,
    source: str,
    today: date,
    at: datetime,
    entries_per_change: int,
) -> Import:
    """Compare one customer's rows with the account and say what to add.

    Rows issued after ``today`` are left out as later; a settlement after ``today`` has not happened yet. A known
    invoice with another amount, currency or issue date is rejected: amounts change by credit notes, not by edits.

    Args:
        account: as stored, or None for a new customer.
        rows: all of one customer number, at least one; the last one describes the customer.
        today: the business date; at: the instant of the import, with a time zone.
        entries_per_change: how many entries the store can write at once.
    """
    described = _customer(account, rows[-1], creditor_id, source)
    if account is None and all(row.issued_on > today for row in rows):
        return Import((), Tally(later=len(rows)))
    current = account or Account(described)
    taken: dict[str, tuple[Invoice, Payment | None]] = {}
    rejects: list[Reject] = []
    later = 0
    for row in rows:
        if row.issued_on > today:
            later += 1
            continue
        invoice = _invoice(described.customer_id, row)
        known = (
            taken[invoice.invoice_id][0] if invoice.invoice_id in taken else current.invoices.get(invoice.invoice_id)
        )
        if known and _money_facts(known) != _money_facts(invoice):
            rejects.append(_contradiction(row))
            continue
        taken[invoice.invoice_id] = invoice, _settlement(row, invoice, today)
    changes = _changes(current, described, taken, at, entries_per_change)
    tally = Tally(in_ledger=len(rows) - later - len(rejects), later=later, rejects=tuple(rejects))
    return Import(tuple(changes), tally)


def _customer(account: Account | None, row: Receivable, creditor_id: str, source: str) -> Customer:
    """The customer as the row describes them. What contact taught us (holds, opt-outs) is never imported away."""
    consents = frozenset({Channel.SMS}) if row.sms_consent else frozenset()
    described = Customer(
        customer_id=customer_id(creditor_id, source, row.customer_number),
        creditor_id=creditor_id,
        source=source,
        number=row.customer_number,
        kind=row.customer_kind,
        name=row.customer_name,
        email=row.email,
        phone=row.phone,
        language=row.language,
        country=row.country,
        region=row.region,
        postcode=row.postcode,
        timezone=row.timezone,
        consents=consents,
    )
    if account is None:
        return described
    known = account.customer
    return replace(described, opted_out=known.opted_out, suppressed=known.suppressed, holds=known.holds)


def _invoice(customer: str, row: Receivable) -> Invoice:
    return Invoice(
        invoice_id=stable_id("inv", customer, row.invoice_number),
        number=row.invoice_number,
        currency=row.currency,
        amount_minor=row.amount_minor,
        issued_on=row.issued_on,
        due_on=row.due_on,
        disputed=row.disputed,
    )


def _settlement(row: Receivable, invoice: Invoice, today: date) -> Payment | None:
    if row.settled_on is None or row.settled_on > today:
        return None
    return Payment(
        payment_id=stable_id("pay", invoice.invoice_id, METHOD),
        currency=invoice.currency,
        amount_minor=invoice.amount_minor,
        received_on=row.settled_on,
        method=METHOD,
        reference=invoice.number,
        allocations=(Allocation(invoice.invoice_id, invoice.amount_minor),),
    )


def _money_facts(invoice: Invoice) -> tuple[str, int, date]:
    return invoice.currency, invoice.amount_minor, invoice.issued_on


def _contradiction(row: Receivable) -> Reject:
    reason = "this invoice number is known with another amount, currency or issue date"
    return Reject(row.line, "invoice_number", row.invoice_number, reason, "send a credit note, or correct the number")


def _changes(
    account: Account,
    described: Customer,
    taken: dict[str, tuple[Invoice, Payment | None]],
    at: datetime,
    entries_per_change: int,
) -> Iterator[Change]:
    """Changes of at most so many entries; an invoice and its settlement always go together."""
    customer = described if described != account.customer or account.version == 0 else None
    for part in _parts(list(_news(account, taken)), entries_per_change):
        invoices = {
            invoice.invoice_id: invoice for invoice, _ in part if account.invoices.get(invoice.invoice_id) != invoice
        }
        payments = {payment.payment_id: payment for _, payment in part if payment}
        change = Change(account, customer, invoices, payments)
        after = change.applied()
        yield replace(change, events=(_imported(after, len(invoices), len(payments), at),))
        account, customer = after, None
    if customer:
        yield Change(account, customer)


def _news(
    account: Account, taken: dict[str, tuple[Invoice, Payment | None]]
) -> Iterator[tuple[Invoice, Payment | None]]:
    for invoice, settlement in taken.values():
        payment = settlement and _still_needed(account, invoice, settlement)
        if payment or account.invoices.get(invoice.invoice_id) != invoice:
            yield invoice, payment


def _still_needed(account: Account, invoice: Invoice, settlement: Payment) -> Payment | None:
    """The settlement, cut to what is open: who paid through Dunwell already is not paid twice by the next file."""
    known = invoice.invoice_id in account.invoices
    open_minor = account.open_minor(invoice.invoice_id) if known else invoice.amount_minor
    if settlement.payment_id in account.payments or open_minor <= 0:
        return None
    return replace(settlement, amount_minor=open_minor, allocations=(Allocation(invoice.invoice_id, open_minor),))


def _parts(
    news: Sequence[tuple[Invoice, Payment | None]], entries_per_change: int
) -> Iterable[Sequence[tuple[Invoice, Payment | None]]]:
    pairs = max(1, entries_per_change // 2)
    return (news[start : start + pairs] for start in range(0, len(news), pairs))


def _imported(after: Account, invoices: int, payments: int, at: datetime) -> Event:
    customer = after.customer.customer_id
    return Event(
        event_id=stable_id("evt", RECEIVABLES_IMPORTED, customer, str(after.version)),
        name=RECEIVABLES_IMPORTED,
        customer_id=customer,
        occurred_at=at,
        data={
            "invoices": invoices,
            "payments": payments,
            "version": after.version,
            "new_customer": after.version == 1,
        },
    )
