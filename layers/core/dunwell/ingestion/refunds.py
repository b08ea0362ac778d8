"""Refunds as sources tell of them: how much of a payment went back so far, and sometimes less than before."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from dunwell.accounts.describing import is_older
from dunwell.ingestion.records import PaymentRecord
from dunwell.ledger.entry import Entry

REFUND = "refund"


class Undone(NamedTuple):
    """A reversal to post: of which entry, how much of it (minor units), when, under which key and why."""

    entry: Entry
    amount_minor: int
    on: date
    key: str
    reason: str


def followed_refund(
    payment: Entry, refunds: Sequence[Entry], reposts: Sequence[Entry], record: PaymentRecord, today: date
) -> Iterator[Undone]:
    """What makes the refunds of a payment as large as its source says.

    More is reversed; less (a refund failed, a dispute was won) stands again, the last refund first. A record that is no
    newer than the last one that moved anything moves nothing; without versions a refund only grows.

    Args:
        refunds: reversals of the payment; reposts: reversals of these.
    """
    versions = [entry.reference.rpartition("#")[2] for entry in (*refunds, *reposts)]
    if any(version and not is_older(version, record.version) for version in versions):
        return
    back = sum(entry.amount_minor for entry in refunds) - sum(entry.amount_minor for entry in reposts)
    more = min(record.refunded_minor, payment.amount_minor) - back
    key = f"{payment.reference}#{REFUND}#{record.refunded_minor}"
    if more > 0:
        yield Undone(payment, more, record.refunded_on or record.received_on, f"{key}#{record.version}", REFUND)
    for refund in reversed(refunds if record.version else ()):
        undone = sum(entry.amount_minor for entry in reposts if entry.of == refund.entry_id)
        again = min(-more, refund.amount_minor - undone)
        if again > 0:
            more += again
            name = f"{key}#reposted#{refund.entry_id}#{record.version}"
            yield Undone(refund, again, today, name, "refund_failed")
