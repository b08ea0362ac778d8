"""How likely a customer is to answer a message on a channel: a small Bayesian estimate with shrinkage.

An answer is an opening, a click, a reply, or a payment in the currency asked for within ``ANSWER_DAYS``. Each channel
and part of the day has a beta distribution: its own answers, drawn towards the channel's whatever the part of the day,
which is drawn towards what the portfolio's policy says of the channel. So one unanswered message changes little, ten
do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.accounts.contact_points import Channel, PartOfDay
from dunwell.dates import business_date
from dunwell.ledger.entry import Entry
from dunwell.outreach.announced import MANNERS
from dunwell.outreach.contact import REACHED_CUSTOMER, Contact
from dunwell.timezones import zone

ANSWER_DAYS = 7
"""A payment so many days after a message counts as an answer to it."""
HISTORY_DAYS = 365
"""Messages older than this say nothing about today."""
BEGINS_AT_HOUR = {PartOfDay.MORNING: 0, PartOfDay.AFTERNOON: 12, PartOfDay.EVENING: 17}
"""The hour at which each part of the day begins."""


@dataclass(frozen=True, slots=True)
class Response:
    """A beta distribution of the probability that a message is answered; both parameters are above 0."""

    answered: float
    unanswered: float

    @property
    def mean(self) -> float:
        """The probability expected, from 0 to 1."""
        return self.answered / (self.answered + self.unanswered)

    @property
    def mean_permille(self) -> int:
        """The same in whole thousandths."""
        return round(1000 * self.mean)


def part_of_day(at: datetime, zone_name: str) -> PartOfDay:
    """Before noon, before five, or later, in a zone."""
    hour = at.astimezone(zone(zone_name)).hour
    return max((part for part, begins in BEGINS_AT_HOUR.items() if begins <= hour), key=BEGINS_AT_HOUR.__getitem__)


def payments_since(payments: Iterable[Entry], since: date) -> tuple[Entry, ...]:
    """The payments on or after a date, as far as responses look at them."""
    found = [one for one in payments if one.on >= since]
    return tuple([Entry(one.entry_id, one.kind, one.currency, one.amount_minor, one.on) for one in found])


def responses(
    contacts: Sequence[Contact],
    payments: Sequence[Entry],
    part: PartOfDay,
    prior_permille: Mapping[Channel, int],
    weight: int,
    zone_name: str,
    as_of: date,
) -> dict[Channel, Response]:
    """The estimate for each channel that has a prior, for a part of the day.

    Args:
        contacts: those within the answer's days are not counted: they may still be answered.
        prior_permille: what the portfolio's customers answer on a channel; weight: as many messages it counts for.
    """
    told = [one for one in contacts if _counts(one, as_of)]
    return {
        channel: _response(channel, told, payments, part, prior_permille[channel], weight, zone_name)
        for channel in prior_permille
    }


def _counts(contact: Contact, as_of: date) -> bool:
    age_days = (as_of - contact.planned_on).days
    if contact.stage in MANNERS:
        return False  # who is told something has nothing to answer
    return contact.status in REACHED_CUSTOMER and contact.sent_at is not None and ANSWER_DAYS < age_days <= HISTORY_DAYS


def _response(
    channel: Channel,
    told: Sequence[Contact],
    payments: Sequence[Entry],
    part: PartOfDay,
    prior_permille: int,
    weight: int,
    zone_name: str,
) -> Response:
    prior = min(max(prior_permille, 1), 999) / 1000
    on_channel = [one for one in told if one.channel is channel and one.sent_at]
    then = [one for one in on_channel if one.sent_at and part_of_day(one.sent_at, zone_name) is part]
    whole = _shrunk(prior, weight, on_channel, payments, zone_name)
    return _shrunk(whole.mean, weight, then, payments, zone_name)


def _shrunk(
    towards: float, weight: int, told: Sequence[Contact], payments: Sequence[Entry], zone_name: str
) -> Response:
    answers = sum(is_answered(one, payments, zone_name) for one in told)
    return Response(towards * weight + answers, (1 - towards) * weight + len(told) - answers)


def is_answered(contact: Contact, payments: Sequence[Entry], zone_name: str) -> bool:
    """Whether anything came back after a message that was sent."""
    if contact.opened_at or contact.clicked_at or contact.replied_at:
        return True
    if contact.sent_at is None:
        return False
    sent_on = business_date(contact.sent_at, zone_name)
    until = sent_on + timedelta(days=ANSWER_DAYS)
    return any(sent_on <= one.on <= until and one.currency == contact.currency for one in payments)
