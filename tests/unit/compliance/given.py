"""Short ways to say what a contact is like, and what came before it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from dunwell.compliance import (
    HOUSE_DEFAULT,
    LEGAL_MINIMUM,
    Account,
    Channel,
    Consents,
    ContactRequest,
    CustomerFacts,
    Decision,
    HistoryEntry,
    HistoryKind,
    Hold,
    InconvenientTime,
    Location,
    MessageFacts,
    Party,
    Purpose,
    decide,
)
from dunwell.hold_kinds import HoldKind

NEW_YORK = "America/New_York"
TORONTO = "America/Toronto"
LONDON = "Europe/London"
_CONTEXT = ("country", "state", "locality", "timezone", "address_zones", "area_code")
_CUSTOMER = ("opted_out", "holds", "history", "inconvenient", "email_is_work", "at_work", "employer_prohibits")


def moment(text: str) -> datetime:
    """An instant such as 2026-06-15T12:00 in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ohio(**changes: Any) -> dict[str, Any]:
    """A place whose only clock is Eastern and which has no rules of its own."""
    return {"state": "OH", "timezone": NEW_YORK, **changes}


def contact(at: str, channel: str = "call", party: str = "third", **given: Any) -> ContactRequest:
    """A request: by default a call about debt D1 to a consumer in Ohio."""
    place = {key: given.pop(key) for key in _CONTEXT if key in given}
    facts = {key: given.pop(key) for key in _CUSTOMER if key in given}
    customer = CustomerFacts(
        consumer=given.pop("consumer", True),
        location=Location(**(place or ohio())),
        consents=given.pop("consents", Consents()),
        **facts,
    )
    return ContactRequest(
        channel=Channel(channel),
        now=moment(at),
        party=Party(party),
        debt_ids=given.pop("debts", ("D1",)),
        customer=customer,
        purpose=Purpose(given.pop("purpose", "collection")),
        policy=LEGAL_MINIMUM if given.pop("legal_minimum", False) else given.pop("policy", HOUSE_DEFAULT),
        **given,
    )


def asked(at: str, channel: str = "call", party: str = "third", **given: Any) -> Decision:
    """The decision about ``contact(...)``."""
    return decide(contact(at, channel, party, **given))


def outcome(at: str, channel: str = "call", party: str = "third", **given: Any) -> tuple[str, str | None]:
    """Reason code and next opening (UTC, to the minute) of ``contact(...)``."""
    decision = asked(at, channel, party, **given)
    opens = decision.next_allowed
    return decision.reason_code, None if opens is None else opens.strftime("%Y-%m-%dT%H:%M")


def event(kind: str, at: str, channel: str = "call", debt: str | None = "D1") -> HistoryEntry:
    """One earlier event."""
    return HistoryEntry(Channel(channel), HistoryKind(kind), moment(at), debt)


def daily(
    kind: str, first: str, count: int, channel: str = "call", debt: str | None = "D1"
) -> tuple[HistoryEntry, ...]:
    """The same event on consecutive days."""
    return tuple(
        HistoryEntry(Channel(channel), HistoryKind(kind), moment(first) + timedelta(days=day), debt)
        for day in range(count)
    )


def hold(kind: str, at: str = "2026-01-05T15:00", until: str | None = None, debt: str | None = None) -> Hold:
    """A hold, from long ago and on everything unless said otherwise."""
    return Hold(HoldKind(kind), moment(at), None if until is None else moment(until), debt)


def excluded(days: Iterable[int], start: str, end: str) -> InconvenientTime:
    """A weekly time such as 08:00 to 17:00 on given weekdays."""
    return InconvenientTime(frozenset(days), _minute(start), _minute(end))


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


SMS_OPT_IN = Consents(sms=True)
VOICE_OPT_IN = Consents(ai_voice=True)
WRITTEN = Consents(electronic=True, sms=True)
OPEN = ("OK", None)

__all__ = ["Account", "Consents", "MessageFacts"]
