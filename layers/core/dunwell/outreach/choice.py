"""Which permitted channel a message takes, when, and whether it is worth its cost. Off unless the policy says so.

The channel that the customer asked for comes first, then the part of the day that they asked for. Among the others
Thompson sampling draws from each channel's estimated response, so that what is better is used more and what is unknown
is tried; the seed is the customer and the day, so that the same day always draws the same. Nothing here permits
anything: only permitted channels are offered.

A message is worth sending when what it may bring in beats what it costs, the customer's patience included:
balance x how unlikely it is to be paid anyway (risk) x how likely an answer is x the share that an answer brings. Both
sides are whole minor units. A warning is always worth sending: without it nobody could be escalated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from random import Random

from dunwell.accounts.contact_points import Channel, PartOfDay
from dunwell.outreach.choice_policy import ChoicePolicy
from dunwell.outreach.response import Response

_CERTAIN = 1000
NOT_WORTH_IT = "not_worth_it"


Way = tuple[Channel, PartOfDay | None]
"""A channel, and the part of the day where hours are chosen."""


@dataclass(frozen=True, slots=True)
class Option:
    """A permitted channel: the response expected and drawn (thousandths), what it may bring and cost (minor units).

    Attributes:
        part: the part of the day; None where hours are not chosen.
    """

    channel: Channel
    expected_permille: int
    drawn_permille: int
    gain_minor: int
    cost_minor: int
    part: PartOfDay | None = None

    @property
    def is_worth_it(self) -> bool:
        """Whether it may bring at least what it costs."""
        return self.gain_minor >= self.cost_minor


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen in a currency, from which options; ``preferred``, ``drawn``, ``best`` or ``not_worth_it``.

    Attributes:
        part: the part of the day, None where hours are not chosen; why_part: ``preferred``, ``drawn`` or ``best``.
    """

    currency: str
    channel: Channel
    why: str
    options: tuple[Option, ...]
    part: PartOfDay | None = None
    why_part: str = ""


def options(
    policy: ChoicePolicy,
    estimates: Mapping[Way, Response],
    customer_id: str,
    as_of: date,
    currency: str,
    at_risk_minor: int,
) -> tuple[Option, ...]:
    """What is known of each way, in their order.

    Args:
        at_risk_minor: what may stay unpaid without a message.
    """
    seed = sha256(f"{customer_id}|{as_of.isoformat()}|{currency}".encode()).digest()
    draws = Random(int.from_bytes(seed[:8]))  # noqa: S311 - repeatable on purpose
    found = []
    for (channel, part), estimate in estimates.items():
        drawn = draws.betavariate(estimate.answered, estimate.unanswered) if policy.explore else estimate.mean
        gain = at_risk_minor * estimate.mean_permille * policy.answer_brings_permille // (_CERTAIN * _CERTAIN)
        cost = policy.cost(channel, currency)
        found.append(Option(channel, estimate.mean_permille, round(_CERTAIN * drawn), gain, cost, part))
    return tuple(found)


def choose(
    offered: Sequence[Option],
    currency: str,
    preferred: Channel | None,
    explore: bool,
    must: bool,
    preferred_part: PartOfDay | None = None,
) -> Choice:
    """The way to take among those offered, at least one.

    Args:
        must: the message is sent whatever it costs.
    """
    worth = [one for one in offered if must or one.is_worth_it]
    if not worth:
        return Choice(currency, offered[0].channel, NOT_WORTH_IT, tuple(offered))
    otherwise = "drawn" if explore else "best"
    on_wanted = [one for one in worth if one.channel is preferred]
    then_wanted = [one for one in on_wanted or worth if preferred_part and one.part is preferred_part]
    chosen = max(then_wanted or on_wanted or worth, key=lambda one: one.drawn_permille)
    why_part = "preferred" if then_wanted else otherwise if chosen.part else ""
    return Choice(
        currency, chosen.channel, "preferred" if on_wanted else otherwise, tuple(offered), chosen.part, why_part
    )
