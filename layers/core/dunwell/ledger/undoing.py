"""What went back of a payment, as its gateway tells: how much so far for a reason, and sometimes less than before.

Refunds, chargebacks and returned debits are each followed by their cumulative amount, whoever tells of it (webhook,
sync, file, reconciliation): what is told twice, late or out of order comes to the same reversals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dunwell.accounts.describing import is_older
from dunwell.ids import stable_id
from dunwell.ledger.entry import Entry, EntryKind


class UndoneBy(StrEnum):
    """Why money of a payment went back.

    refund      we gave it back
    chargeback  the customer contests it at the bank, which took it back
    returned    the bank found after all that it could not debit
    """

    REFUND = "refund"
    CHARGEBACK = "chargeback"
    RETURNED = "returned"


_AGAIN = {
    UndoneBy.REFUND: "refund_failed",
    UndoneBy.CHARGEBACK: "chargeback_reversed",
    UndoneBy.RETURNED: "return_reversed",
}


@dataclass(frozen=True, slots=True)
class WentBack:
    """How much of a payment went back so far for one reason.

    Attributes:
        minor: cumulative, minor units of the payment's currency.
        on: the day of the last of it.
        again_on: the day on which any of it came back to us, where less is told than before.
        version: orders what is told of the payment; empty where the source has no versions.
    """

    reason: UndoneBy
    minor: int
    on: date
    again_on: date
    version: str = ""


def followed(
    customer_id: str,
    payment: Entry,
    undone: Sequence[Entry],
    redone: Sequence[Entry],
    told: WentBack,
    at: datetime,
) -> Iterator[Entry]:
    """The reversals that make what went back of a payment as large as its source says.

    More is reversed; less (a refund failed, a dispute was won) stands again, the last reversal first. What is no newer
    than the last that moved anything moves nothing; without versions what went back only grows.

    Args:
        undone: reversals of the payment for this reason; redone: reversals of these.
        at: the instant of the posting: of several in a day, the one that was told first happened first.
    """
    own = f"{payment.reference}#{told.reason}#"
    references = (entry.reference for entry in (*undone, *redone) if entry.reference.startswith(own))
    versions = [reference.rpartition("#")[2] for reference in references]
    if any(version and not is_older(version, told.version) for version in versions):
        return
    back = sum(entry.amount_minor for entry in undone) - sum(entry.amount_minor for entry in redone)
    more = min(told.minor, payment.amount_minor) - back
    key = f"{own}{told.minor}"
    if more > 0:
        yield _reversal(customer_id, payment, more, told.on, at, f"{key}#{told.version}", told.reason)
    for one in reversed(undone if told.version else ()):
        stands = one.amount_minor - sum(entry.amount_minor for entry in redone if entry.of == one.entry_id)
        again = min(-more, stands)
        if again > 0:
            more += again
            name = f"{key}#reposted#{one.entry_id}#{told.version}"
            yield _reversal(customer_id, one, again, told.again_on, at, name, _AGAIN[told.reason])


def _reversal(
    customer_id: str, about: Entry, amount_minor: int, on: date, at: datetime, key: str, reason: str
) -> Entry:
    return Entry(
        entry_id=stable_id("rev", customer_id, about.method, key),
        kind=EntryKind.REVERSAL,
        currency=about.currency,
        amount_minor=amount_minor,
        on=on,
        at=at,
        method=about.method,
        reference=key,
        of=about.entry_id,
        reason=reason,
    )
