"""How often: caps over consecutive calendar days on the customer's clock, the day of an event being its first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dunwell.compliance.case import Case
from dunwell.compliance.model import Channel, HistoryEntry, HistoryKind
from dunwell.timezones import first_instant

PHONE: Final = frozenset({Channel.CALL, Channel.VOICE_AI})
ELECTRONIC: Final = frozenset({Channel.EMAIL, Channel.SMS, Channel.SOCIAL})
ALL_CHANNELS: Final = frozenset(Channel)

# Calls made, whether or not somebody answered; one that never connected is left out.
CALLS_PLACED: Final = frozenset(
    {
        HistoryKind.ATTEMPT,
        HistoryKind.VOICEMAIL,
        HistoryKind.LCM,
        HistoryKind.RINGLESS_VM,
        HistoryKind.CONVERSATION,
    }
)
CALLS_TRIED: Final = CALLS_PLACED | {HistoryKind.NO_CONNECT}
# Contacts that reached the customer or an answering machine; a bare ring does not.
CALLS_HEARD: Final = CALLS_PLACED - {HistoryKind.ATTEMPT}
MESSAGES_STARTED: Final = frozenset({HistoryKind.SENT, HistoryKind.CONSENT_REQUEST})
MESSAGES: Final = MESSAGES_STARTED | {HistoryKind.REPLY}
CONVERSATIONS: Final = frozenset({HistoryKind.CONVERSATION, HistoryKind.INBOUND_CONVERSATION})

_CONSENT_DAYS = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most ``limit`` counted events in any ``days`` consecutive days, the planned contact included.

    Attributes:
        kinds, channels: what is counted.
        per_debt: count for each debt of the request alone; otherwise for the customer as a whole.
        consent_lifts: calls the customer asked for, within seven days of asking, are neither counted nor stopped.
        after_conversation: applies only once there has been a conversation.
    """

    limit: int
    kinds: frozenset[HistoryKind]
    channels: frozenset[Channel]
    days: int = 7
    per_debt: bool = True
    consent_lifts: bool = False
    after_conversation: bool = False

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """When the cap leaves room again, for the debt and zone where that comes last."""
        if len(case.request.customer.history) < self.limit:
            return None
        if self.after_conversation and not _has_conversed(case, at):
            return None
        debts: Iterable[str | None] = case.request.debt_ids if self.per_debt else (None,)
        opens: datetime | None = None
        for debt in debts:
            counted = self._counted(case, debt, at)
            if len(counted) < self.limit:
                continue
            consents = _consents(case, debt, at) if self.consent_lifts else ()
            for zone in case.zones:
                room = self._room(counted, consents, zone, at)
                if room is not None and (opens is None or room > opens):
                    opens = room
        return opens

    def _counted(self, case: Case, debt: str | None, at: datetime) -> list[HistoryEntry]:
        """The events that may still matter: two days more than the period, whatever the zone."""
        since = at - (self.days + 2) * _DAY
        return [
            entry
            for entry in case.history_of(debt)
            if entry.at > since and entry.kind in self.kinds and entry.channel in self.channels
        ]

    def _room(
        self, counted: list[HistoryEntry], consents: tuple[datetime, ...], zone: ZoneInfo, at: datetime
    ) -> datetime | None:
        today = at.astimezone(zone).date()
        if consents and _consented(consents, today, zone):
            return None
        first = today - (self.days - 1) * _DAY
        dates = sorted(
            day
            for entry in counted
            if first <= (day := entry.at.astimezone(zone).date()) <= today
            and not (consents and _asked_for(entry, consents, zone))
        )
        if len(dates) < self.limit:
            return None
        must_pass = dates[len(dates) - self.limit]
        return first_instant(zone, must_pass + self.days * _DAY, 0, at)


@dataclass(frozen=True, slots=True)
class AtWork:
    """A cap on contacts at the place of work. Where earlier ones went is not kept, so that each counts."""

    cap: Cap

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """As the cap; None for a contact elsewhere."""
        return self.cap(case, at) if case.request.customer.at_work else None


@dataclass(frozen=True, slots=True)
class AfterConversation:
    """No call until some days after a conversation about the debt, whoever began it; its own day is the first."""

    days: int = 7

    def __call__(self, case: Case, at: datetime) -> datetime | None:
        """When the wait ends, for the debt and zone where that comes last."""
        opens: datetime | None = None
        for debt in case.request.debt_ids:
            talks = [e for e in case.history_of(debt) if e.kind in CONVERSATIONS and e.at <= at]
            if not talks:
                continue
            consents = _consents(case, debt, at)
            for zone in case.zones:
                over = self._over(talks, consents, zone, at)
                if over is not None and (opens is None or over > opens):
                    opens = over
        return opens

    def _over(
        self, talks: list[HistoryEntry], consents: tuple[datetime, ...], zone: ZoneInfo, at: datetime
    ) -> datetime | None:
        today = at.astimezone(zone).date()
        if consents and _consented(consents, today, zone):
            return None
        waited_for = [entry.at for entry in talks if not (consents and _asked_for(entry, consents, zone))]
        if not waited_for:
            return None
        over_on = max(waited_for).astimezone(zone).date() + self.days * _DAY
        return first_instant(zone, over_on, 0, at) if today < over_on else None


def _has_conversed(case: Case, at: datetime) -> bool:
    return any(entry.kind in CONVERSATIONS and entry.at <= at for entry in case.history_of(None))


def _consents(case: Case, debt: str | None, at: datetime) -> tuple[datetime, ...]:
    """When the customer agreed to further calls."""
    return tuple(
        entry.at for entry in case.history_of(debt) if entry.kind is HistoryKind.CONSENT_EXTRA_CALLS and entry.at <= at
    )


def _consented(consents: tuple[datetime, ...], on: date, zone: ZoneInfo) -> bool:
    """Whether a day is among the seven that an agreement lasts, its own day included."""
    return any(0 <= (on - given.astimezone(zone).date()).days < _CONSENT_DAYS for given in consents)


def _asked_for(entry: HistoryEntry, consents: tuple[datetime, ...], zone: ZoneInfo) -> bool:
    """Whether a call was made under an agreement given before it."""
    earlier = tuple(given for given in consents if given <= entry.at)
    return _consented(earlier, entry.at.astimezone(zone).date(), zone)
