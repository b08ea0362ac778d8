"""What went back of a payment, as its gateway tells: how much so far for a reason, and sometimes less than before.

Refunds, chargebacks and returned debits are each followed by their cumulative amount, whoever tells of it (webhook,
sync, file, reconciliation): what is told twice, late or out of order comes to the same reversals.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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


_INSTANT = timedelta(microseconds=1)
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
    about: Callable[[str], Sequence[Entry]],
    told: Sequence[WentBack],
    at: datetime,
) -> list[Entry]:
    """The reversals that make what went back of a payment as large as its source says, for each reason.

    More is reversed; less (a refund failed, a dispute was won) stands again, the last reversal first. What is no newer
    than the last that moved anything for a reason moves nothing; without versions what went back only grows.

    They take effect after each other, and what came back before what went away: at no moment more is away than came.

    Args:
        about: the entries that are about an entry.
        at: the instant of the posting: of several in a day, the one that was told first happened first.
    """
    known = about(payment.entry_id)
    since = max((one.on for back in known for one in (back, *about(back.entry_id))), default=payment.on)
    found: list[Entry] = []
    for redoing in (True, False):
        for one in told:
            undone = [entry for entry in known if entry.reason == one.reason]
            redone = [entry for back in undone for entry in about(back.entry_id)]
            if _is_stale(payment, one, [*undone, *redone]):
                continue
            more = min(one.minor, payment.amount_minor) - _sum(undone) + _sum(redone)
            key = f"{payment.reference}#{one.reason}#{one.minor}"
            if redoing and one.version:
                for back, again in _again(undone, redone, -more):
                    name, on = f"{key}#reposted#{back.entry_id}#{one.version}", max(since, one.again_on)
                    found.append(_reversal(customer_id, back, again, on, at - _INSTANT, name, _AGAIN[one.reason]))
            elif more > 0 and not redoing:
                on = max(since, one.on)
                found.append(_reversal(customer_id, payment, more, on, at, f"{key}#{one.version}", one.reason))
        since = max((entry.on for entry in found), default=since)
    return found


def _is_stale(payment: Entry, told: WentBack, known: Sequence[Entry]) -> bool:
    """Whether what is told is no newer than what moved money for this reason before."""
    own = f"{payment.reference}#{told.reason}#"
    versions = (one.reference.rpartition("#")[2] for one in known if one.reference.startswith(own))
    return any(version and not is_older(version, told.version) for version in versions)


def _again(undone: Sequence[Entry], redone: Sequence[Entry], minor: int) -> Iterator[tuple[Entry, int]]:
    """What of reversals stands again, the last one first: at most so much altogether."""
    for back in reversed(undone):
        again = min(minor, back.amount_minor - _sum(one for one in redone if one.of == back.entry_id))
        if again > 0:
            minor -= again
            yield back, again


def _sum(entries: Iterable[Entry]) -> int:
    return sum(entry.amount_minor for entry in entries)


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
