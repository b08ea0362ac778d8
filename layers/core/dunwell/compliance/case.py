"""One request with what follows from it, worked out once for all rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from dunwell.compliance.location import Candidates, candidates
from dunwell.compliance.model import ContactRequest, HistoryEntry, HistoryKind, Purpose

# What a test answers when only a person or an event can change its mind.
UNTIL_LIFTED: Final = datetime.max.replace(tzinfo=UTC)

_ANSWERS = frozenset({HistoryKind.REPLY, HistoryKind.SENT})


@dataclass(frozen=True, slots=True)
class Case:
    """A request, where the customer may be, and whether this answers the customer's own message."""

    request: ContactRequest
    place: Candidates
    answers_customer: bool

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """Every zone the customer may be in."""
        return self.place.zones

    def history_of(self, debt_id: str | None) -> Iterator[HistoryEntry]:
        """Earlier events about a debt, or about no debt by name; None asks for the events of every debt."""
        for entry in self.request.customer.history:
            if debt_id is None or entry.debt_id is None or entry.debt_id == debt_id:
                yield entry


# Asks whether a rule stands in the way at a moment. None: it does not. Otherwise the earliest later moment at which
# it may no longer do so, or UNTIL_LIFTED.
Test = Callable[[Case, datetime], datetime | None]


def case_of(request: ContactRequest) -> Case:
    """Prepare a request for the rules.

    Raises:
        InvalidInputError: the customer's time zone does not exist.
    """
    return Case(request, candidates(request.customer.location), _answers_customer(request))


def _answers_customer(request: ContactRequest) -> bool:
    """Whether the customer wrote on this channel and nothing has answered yet; one reply is then welcome."""
    if request.purpose is not Purpose.REPLY_TO_INBOUND:
        return False
    asked: datetime | None = None
    refused: datetime | None = None
    answered: datetime | None = None
    for entry in request.customer.history:
        if entry.channel != request.channel or entry.at > request.now:
            continue
        if entry.kind is HistoryKind.INBOUND_MESSAGE:
            asked = max(asked or entry.at, entry.at)
        elif entry.kind is HistoryKind.INBOUND_STOP:
            refused = max(refused or entry.at, entry.at)
        elif entry.kind in _ANSWERS:
            answered = max(answered or entry.at, entry.at)
    if asked is None:
        return False
    return (answered is None or answered < asked) and (refused is None or refused < asked)
