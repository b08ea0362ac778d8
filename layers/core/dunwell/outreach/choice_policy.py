"""A policy's rules for choosing among permitted channels, and what a message costs. Off unless the policy says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dunwell.accounts.model import Channel
from dunwell.errors import InvalidInputError

_CERTAIN = 1000


@dataclass(frozen=True, slots=True)
class ChoicePolicy:
    """A policy's rules for choosing (``choice`` in the policy document).

    Attributes:
        enabled: without it the stage's order of channels stands, the customer's preferred one first.
        hours: choose the part of the customer's day too, and wait for the first permitted minute of the business date
            where the clock alone forbids a message; False sends right after the daily pass, or not that day.
        explore: False takes the best estimate instead of drawing.
        answers_permille: of a thousand messages on a channel, how many the portfolio's customers answer.
        prior_messages: as many messages of a customer's own count as much as the portfolio's figure.
        answer_brings_permille: the share of the balance that an answer brings in, in thousandths.
        cost_minor: of a message, by channel and currency (minor units); patience_minor: what it costs in patience.
    """

    enabled: bool = False
    hours: bool = False
    explore: bool = True
    answers_permille: Mapping[Channel, int] = field(default_factory=dict)
    prior_messages: int = 10
    answer_brings_permille: int = 300
    cost_minor: Mapping[Channel, Mapping[str, int]] = field(default_factory=dict)
    patience_minor: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shares = (*self.answers_permille.values(), self.answer_brings_permille)
        if any(not 0 <= share <= _CERTAIN for share in shares):
            raise InvalidInputError("shares of a choice are thousandths, from 0 to 1000", field="choice")
        costs = [cost for by_currency in self.cost_minor.values() for cost in by_currency.values()]
        if any(cost < 0 for cost in (*costs, *self.patience_minor.values())):
            raise InvalidInputError("costs of a choice are minor units, 0 or more", field="choice")
        if self.hours and not self.enabled:
            raise InvalidInputError("hours are a part of the choice: switch enabled on too", field="choice.hours")
        if self.prior_messages < 1:
            raise InvalidInputError("prior_messages is 1 or more", field="choice.prior_messages")

    def prior(self, channels: Sequence[Channel]) -> dict[Channel, int]:
        """The portfolio's answers on each channel; one without a figure has the average of the others', or half."""
        known = list(self.answers_permille.values())
        usual = sum(known) // len(known) if known else _CERTAIN // 2
        return {channel: self.answers_permille.get(channel, usual) for channel in channels}

    def cost(self, channel: Channel, currency: str) -> int:
        """What a message costs, patience included (minor units)."""
        return self.cost_minor.get(channel, {}).get(currency, 0) + self.patience_minor.get(currency, 0)
