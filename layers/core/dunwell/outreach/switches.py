"""Switches that stop contact at once: by a person, or by a breaker when too much mail bounces or is complained about.

A switch covers a channel, a creditor or a jurisdiction. What it stops is refused with its reason and planned anew on a
later day, one message a customer at the stage then due: opening it again sends no backlog.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dunwell.accounts.model import Channel, Customer
from dunwell.errors import ConflictError, InvalidInputError


class SwitchKind(StrEnum):
    """What a switch covers."""

    CHANNEL = "channel"
    CREDITOR = "creditor"
    JURISDICTION = "jurisdiction"


STOPPED = {kind: f"{kind.value.upper()}_STOPPED" for kind in SwitchKind}
"""Reason codes of contacts that a switch stopped."""

BREAKER = "breaker"
"""Who stopped a channel when nobody did."""

_JURISDICTION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_CREDITOR = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch as it was last turned.

    Attributes:
        scope: what it covers, such as ``channel:sms``, ``creditor:example``, ``jurisdiction:US-NY`` (``scope_of``).
        by, reason: who turned it (``breaker``: the system), and why in words.
        turns: how often it was turned: the condition of the next turn.
    """

    scope: str
    is_stopped: bool
    at: datetime
    by: str
    reason: str
    turns: int = 1


class Switches(Protocol):
    """What dispatch asks."""

    def stopped(self) -> Collection[str]:
        """The scopes that are stopped, at most a few seconds old."""
        ...


class SwitchStore(Protocol):
    """Where switches are kept."""

    def switches(self) -> list[Switch]:
        """Every switch that was ever turned, by scope."""
        ...

    def turn(self, switch: Switch) -> bool:
        """Keep a turned switch if nobody turned it meanwhile (``turns`` is one more than what is kept)."""
        ...


def scope_of(text: str) -> str:
    """A scope as it is kept.

    Raises:
        InvalidInputError: it names no channel, creditor or jurisdiction; says what to write.
    """
    kind, _, value = text.strip().partition(":")
    if kind == SwitchKind.CHANNEL and value in set(Channel):
        return f"{kind}:{value}"
    if kind == SwitchKind.CREDITOR and _CREDITOR.fullmatch(value):
        return f"{kind}:{value}"
    if kind == SwitchKind.JURISDICTION and _JURISDICTION.fullmatch(value.upper()):
        return f"{kind}:{value.upper()}"
    channels = ", ".join(Channel)
    raise InvalidInputError(
        f"{text!r} is not a switch: write channel:NAME ({channels}), creditor:ID, or jurisdiction:US or US-NY"
    )


def stopping(stopped: Collection[str], channel: Channel, customer: Customer) -> str:
    """The scope that stops a message to a customer; empty when none does."""
    place = [customer.country, f"{customer.country}-{customer.region}"]
    covers = [f"channel:{channel}", f"creditor:{customer.creditor_id}", *(f"jurisdiction:{one}" for one in place)]
    return next((scope for scope in covers if scope in stopped), "")


def turned(store: SwitchStore, scope: str, stop: bool, by: str, reason: str, now: datetime) -> Switch:
    """Turn a switch; the switch as it stands. One that stands so already is left alone.

    Raises:
        InvalidInputError: the scope is none, or nobody or no reason is named. ConflictError: lost to another turn.
    """
    scope = scope_of(scope)
    if not by.strip() or not reason.strip():
        raise InvalidInputError("say who turns the switch, and why")
    known = next((one for one in store.switches() if one.scope == scope), None)
    if (known is not None and known.is_stopped) is stop:
        return known or Switch(scope, stop, now, by, reason, turns=0)
    new = Switch(scope, stop, now, by, reason, turns=known.turns + 1 if known else 1)
    if not store.turn(new):
        raise ConflictError("somebody turned this switch at the same moment: look at it and turn it again")
    return new


# --- the breaker: at the numbers at which the mail service starts a review ---

WINDOW_DAYS = 7
_BOUNCED_PERMILLE, _COMPLAINED_PERMILLE = 50, 1
_BOUNCED_OF, _COMPLAINED_OF = 100, 1000
_LEAST_COMPLAINTS = 2


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages of a channel: how many were reported on, how many bounced for good, how many were complained about."""

    reported: int = 0
    bounced: int = 0
    complained: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return replace(
            self,
            reported=self.reported + other.reported,
            bounced=self.bounced + other.bounced,
            complained=self.complained + other.complained,
        )


class CountStore(Protocol):
    """Where what came back is counted."""

    def add(self, channel: Channel, turns: int, at: datetime, counts: Counts) -> None:
        """Count on the day of an instant (UTC); counts begin anew with each turn of the channel's switch."""
        ...

    def total(self, channel: Channel, turns: int, at: datetime) -> Counts:
        """What was counted since a turn, in the ``WINDOW_DAYS`` up to an instant."""
        ...


def tripped(counts: Counts) -> str:
    """Why a channel must stop, in words; empty when it may go on.

    5 % of hard bounces and 0.1 % of complaints, both inclusive. Shares are reckoned over 100 and 1,000 messages at
    least, and one complaint alone stops nothing: a share of little is chance.
    """
    if counts.bounced * 1000 >= _BOUNCED_PERMILLE * max(counts.reported, _BOUNCED_OF):
        return f"{counts.bounced} of {counts.reported} messages bounced for good within {WINDOW_DAYS} days (limit 5 %)"
    complained = counts.complained * 1000 >= _COMPLAINED_PERMILLE * max(counts.reported, _COMPLAINED_OF)
    if complained and counts.complained >= _LEAST_COMPLAINTS:
        return f"{counts.complained} complaints on {counts.reported} messages within {WINDOW_DAYS} days (limit 0.1 %)"
    return ""


def count_and_judge(
    switches: SwitchStore, counts: CountStore, new: dict[Channel, Counts], now: datetime
) -> list[Switch]:
    """Count what came back, and stop the channels on which too much did; those that were stopped by it.

    Only a person lets a stopped channel go on, and then it is counted from there.
    """
    known = {one.scope: one for one in switches.switches()}
    stopped = []
    for channel, more in sorted(new.items()):
        scope = f"{SwitchKind.CHANNEL}:{channel}"
        switch = known.get(scope)
        turns = switch.turns if switch else 0
        counts.add(channel, turns, now, more)
        if (switch and switch.is_stopped) or not (more.bounced or more.complained):
            continue
        why = tripped(counts.total(channel, turns, now))
        if why and switches.turn(made := Switch(scope, True, now, BREAKER, why, turns + 1)):
            stopped.append(made)
    return stopped
