"""Money whose owner is not known: on an internal account for each bank account and month, until somebody says whose."""

from collections.abc import Iterable
from datetime import datetime

from dunwell.accounts.model import Customer, CustomerKind, customer_id_of
from dunwell.events import REMITTANCE_SUSPENDED, Event
from dunwell.ids import stable_id
from dunwell.ledger.change import Change
from dunwell.ledger.entry import Entry, EntryKind
from dunwell.ledger.model import Account
from dunwell.ledger.posting import payment_id
from dunwell.remittance.records import BANK, LineRecord

SOURCE = "suspense"


def suspense_customer(creditor_id: str, record: LineRecord) -> Customer:
    """The internal account for a line: months keep accounts small, and old money in sight."""
    account, month = record.line.account or "unknown", f"{record.line.booked_on:%Y-%m}"
    shown = account[-4:] if record.method == BANK else account
    return Customer(
        customer_id=customer_id_of(creditor_id, SOURCE, f"{account}#{month}"),
        creditor_id=creditor_id,
        source=SOURCE,
        number=f"SUSPENSE-{shown}-{month}",
        kind=CustomerKind.SUSPENSE,
        name=f"Unmatched money, account {shown}, {month}",
    )


def suspended(account: Account, records: Iterable[LineRecord], at: datetime) -> Change:
    """Post lines as unapplied payments; those that are there already are passed over."""
    holder = account.customer.customer_id
    new = {entry.entry_id: (entry, record) for record in records for entry in [_payment(holder, record)]}
    news = {i: one for i, one in new.items() if i not in account.entries}
    return Change(
        account,
        entries={i: entry for i, (entry, _) in news.items()},
        events=tuple(_suspended(holder, entry, record, at) for entry, record in news.values()),
    )


def _payment(holder: str, record: LineRecord) -> Entry:
    line = record.line
    return Entry(
        entry_id=payment_id(holder, record.method, record.payment_reference),
        kind=EntryKind.PAYMENT,
        currency=line.currency,
        amount_minor=line.amount_minor,
        on=line.value_on,
        method=record.method,
        reference=record.payment_reference,
    )


def _suspended(holder: str, entry: Entry, record: LineRecord, at: datetime) -> Event:
    best = record.match.proposal
    return Event(
        event_id=stable_id("evt", REMITTANCE_SUSPENDED, entry.entry_id),
        name=REMITTANCE_SUSPENDED,
        customer_id=holder,
        occurred_at=at,
        data={
            "payment_id": entry.entry_id,
            "line_id": record.line.line_id,
            "currency": entry.currency,
            "amount_minor": entry.amount_minor,
            "decision": record.match.decision.value,
            "confidence_permille": best.confidence_permille if best else 0,
        },
    )
