"""What a customer says they can pay: kept in their own browser while they choose, and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.arrangements.affordability import Needs, Payday
from dunwell.arrangements.policy import Frequency
from dunwell_aws.portal.typed import MistakeError, read_amount, read_day
from dunwell_aws.portal.words import Say
from dunwell_aws.web import Form

COOKIE, COOKIE_SECONDS = "dunwell_means", 1800
PAYDAY_WITHIN = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Means:
    """How much, how often, and the next payday; None when they have none."""

    currency: str
    amount_minor: int
    frequency: Frequency
    payday: date | None = None

    @property
    def needs(self) -> Needs:
        """The same as plans are recommended by: paydays come as often as the customer wants to pay."""
        payday = None
        if self.payday:
            day = self.payday.day if self.frequency is Frequency.MONTHLY else self.payday.weekday()
            payday = Payday(self.frequency, day, self.payday)
        return Needs(amount_minor=self.amount_minor, per=self.frequency, payday=payday)

    @property
    def kept(self) -> str:
        """For the cookie."""
        return f"{self.currency}.{self.amount_minor}.{self.frequency}.{self.payday or ''}"


def read_means(form: Form, currency: str, say: Say, today: date) -> Means:
    """What the form says.

    Raises:
        MistakeError: something in it cannot be.
    """
    amount_minor = read_amount(form.one("amount"), currency, say)
    payday = form.one("payday")
    last = today + PAYDAY_WITHIN
    return Means(
        currency,
        amount_minor,
        read_frequency(form.one("frequency"), say),
        read_day(payday, today, last, say, "payday") if payday.strip() else None,
    )


def read_frequency(text: str, say: Say) -> Frequency:
    """How often. Raises MistakeError: none was chosen."""
    known: Mapping[str, Frequency] = {one.value: one for one in Frequency}
    if text not in known:
        raise MistakeError(say("deals.ask.choose_often"), field="frequency")
    return known[text]


def kept_means(cookie: str, currency: str) -> Means | None:
    """What the cookie says for a currency; None when it says nothing that can be read."""
    try:
        named, amount, frequency, payday = cookie.split(".")
        means = Means(named, int(amount), Frequency(frequency), date.fromisoformat(payday) if payday else None)
    except ValueError:
        return None
    return means if means.currency == currency and 0 < means.amount_minor < 10**15 else None
