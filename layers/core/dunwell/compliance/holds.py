"""Holds: reasons to stop, placed on a customer or on one debt."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dunwell.compliance.case import UNTIL_LIFTED, Case
from dunwell.compliance.model import Channel, HistoryKind, Hold, Purpose
from dunwell.hold_kinds import OF_THE_PERSON, HoldKind, kinds_of


@dataclass(frozen=True, slots=True)
class HoldBars:
    """Refuses while a hold of certain kinds is in force.

    Attributes:
        days: how long such a hold lasts when no end was recorded; None means until lifted.
    """

    kinds: frozenset[HoldKind]
    days: int | None = None

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """The end of the longest hold in force, UNTIL_LIFTED, or None."""
        ends: datetime | None = None
        for hold in case.request.customer.holds:
            if hold.kind in self.kinds and _covers(hold, case) and hold.at <= at:
                end = self._end(hold, case)
                if end > at and (ends is None or end > ends):
                    ends = end
        return ends

    def _end(self, hold: Hold, case: Case) -> datetime:
        if hold.until is not None:
            return hold.until
        if self.days is None:
            return UNTIL_LIFTED
        return max((hold.at.astimezone(zone) + timedelta(days=self.days)).astimezone(UTC) for zone in case.zones)


def _covers(hold: Hold, case: Case) -> bool:
    if hold.debt_id is None or hold.kind in OF_THE_PERSON:
        return True
    return hold.debt_id in case.request.debt_ids


@dataclass(frozen=True, slots=True)
class CeaseBars:
    """Refuses after a request to cease, but lets one final notice go by post."""

    bars: HoldBars = HoldBars(kinds_of("HOLD-CEASE"))

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """As ``HoldBars``; a second final notice is refused like any other contact."""
        request = case.request
        if request.purpose is Purpose.CEASE_FINAL_NOTICE and request.channel is Channel.LETTER:
            sent = any(
                entry.kind is HistoryKind.CEASE_FINAL_NOTICE
                for debt in request.debt_ids
                for entry in case.history_of(debt)
            )
            if not sent:
                return None
        return self.bars(case, at)
