"""Money on its way: payments that the bank has yet to confirm, and our own debits under way."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from dunwell.ledger.debits import AttemptStatus, DebitAttempt
from dunwell.ledger.entry import Entry

if TYPE_CHECKING:
    from dunwell.ledger.model import Account

_UNDER_WAY = frozenset({AttemptStatus.STARTED, AttemptStatus.PROCESSING})


def coming(account: "Account", since: date = date.min) -> Counter[str]:
    """What is on its way for each invoice (minor units).

    A debit of ours is known as a try and, once the gateway answered, as a payment announced: it counts once. What
    names no invoice will fill the oldest first, and counts so.

    Args:
        since: what set out before is not waited for any more.
    """
    found: Counter[str] = Counter()
    if not (account.pending or account.attempts):
        return found
    pending = [entry for entry in account.pending if entry.on >= since]
    for entry in pending:
        found.update({one.invoice_id: one.amount_minor for one in entry.directed_to})
    for attempt in _unannounced(account):
        if attempt.started_at.date() >= since:
            found.update(dict(attempt.lines))
    for entry in pending:
        _fill_oldest(account, entry, found)
    return found


def coming_minor(account: "Account", currency: str) -> int:
    """All that is on its way in a currency (minor units), whatever it is for."""
    announced = sum(one.amount_minor for one in account.pending if one.currency == currency)
    return announced + sum(one.amount_minor for one in _unannounced(account) if one.currency == currency)


def _unannounced(account: "Account") -> Iterator[DebitAttempt]:
    """Our tries to debit that are under way and that no announced payment tells of already."""
    announced = {entry.reference.partition("#")[0] for entry in account.pending}
    for one in account.attempts.values():
        if one.status in _UNDER_WAY and one.payment_reference not in announced:
            yield one


def _fill_oldest(account: "Account", entry: Entry, found: Counter[str]) -> None:
    left = entry.amount_minor - sum(one.amount_minor for one in entry.directed_to)
    for item in account.open_invoices:
        if left > 0 and item.invoice.currency == entry.currency:
            taken = min(left, max(0, item.collectable_minor - found[item.invoice.invoice_id]))
            found[item.invoice.invoice_id] += taken
            left -= taken
