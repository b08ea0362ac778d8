"""What a recommended plan or an offer is, and why: codes with values for translation, and plain English.

Nothing here tells what a plan is worth to the creditor, or how much more anybody might have given up.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from dunwell.arrangements.affordability import Needs
from dunwell.arrangements.policy import Frequency
from dunwell.arrangements.schedule import Draft, PlanTerms
from dunwell.money import format_money

Value = int | str
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_A_PERIOD = {Frequency.WEEKLY: "a week", Frequency.TWO_WEEKS: "every two weeks", Frequency.MONTHLY: "a month"}
_EVERY = {Frequency.WEEKLY: "every week", Frequency.TWO_WEEKS: "every two weeks", Frequency.MONTHLY: "every month"}


class SayingCode(StrEnum):
    """What is said; the values that belong to each are named behind it."""

    EQUAL_PARTS = "EQUAL_PARTS"
    """count, amount_minor, least_minor, frequency, days (``paydays``, ``every_other_payday``, ``calendar``)."""
    FIRST_THEN = "FIRST_THEN"
    """first_minor, count (of the others), amount_minor and least_minor (of them), frequency, days."""
    STARTS = "STARTS"
    """first_on."""
    PAID_OFF = "PAID_OFF"
    """last_on."""
    COSTS_NOTHING = "COSTS_NOTHING"
    COSTS = "COSTS"
    """charges_minor, total_minor, apr_permille."""
    WITHIN_MEANS = "WITHIN_MEANS"
    """most_minor, frequency: what the customer said they can pay."""
    SOONEST = "SOONEST"
    SMALLEST = "SMALLEST"

    NO_PLANS = "NO_PLANS"
    NOTHING_TO_AGREE = "NOTHING_TO_AGREE"
    TOO_SMALL = "TOO_SMALL"
    """debt_minor, least_minor."""
    BROKEN_BEFORE = "BROKEN_BEFORE"
    NO_ROOM = "NO_ROOM"
    """debt_minor."""
    BEYOND_LIMITS = "BEYOND_LIMITS"
    """debt_minor, max_instalments, and monthly_minor when the customer said what they can pay."""

    PAY_LESS = "PAY_LESS"
    PAY_LESS_IN_PARTS = "PAY_LESS_IN_PARTS"
    """amount_minor, debt_minor, forgiven_minor; in parts: count."""
    UNTIL = "UNTIL"
    """expires_on."""


class Saying(NamedTuple):
    """One thing that is said: a code, and its values (amounts in minor units of the currency, days in ISO 8601)."""

    code: SayingCode
    currency: str
    values: Mapping[str, Value]


def sayings_of(terms: PlanTerms, made: Draft, needs: Needs, apart: Iterable[SayingCode]) -> tuple[Saying, ...]:
    """What a plan is, in the order in which it is told.

    Args:
        apart: what sets it apart from others shown beside it.
    """
    currency, parts = terms.currency, made.instalments

    def say(code: SayingCode, **values: Value) -> Saying:
        return Saying(code, currency, values)

    said = [_parts(terms, made, needs)]
    said.append(say(SayingCode.STARTS, first_on=parts[0].due_on.isoformat()))
    said.append(say(SayingCode.PAID_OFF, last_on=parts[-1].due_on.isoformat()))
    if made.charges_minor:
        said.append(
            say(
                SayingCode.COSTS,
                charges_minor=made.charges_minor,
                total_minor=made.total_minor,
                apr_permille=made.apr_permille,
            )
        )
    else:
        said.append(say(SayingCode.COSTS_NOTHING))
    if needs.spare_minor is not None:
        said.append(say(SayingCode.WITHIN_MEANS, most_minor=needs.spare_minor, frequency=needs.per.value))
    return (*said, *(say(code) for code in apart))


def _parts(terms: PlanTerms, made: Draft, needs: Needs) -> Saying:
    amounts = [part.amount_minor for part in made.instalments]
    days = "calendar"
    if needs.payday:
        days = "paydays" if needs.payday.frequency is terms.frequency else "every_other_payday"
    shared: dict[str, Value] = {"frequency": terms.frequency.value, "days": days}
    if max(amounts) - min(amounts) <= 1:
        equal = {"count": len(amounts), "amount_minor": max(amounts), "least_minor": min(amounts)}
        return Saying(SayingCode.EQUAL_PARTS, terms.currency, equal | shared)
    rest = {"first_minor": amounts[0], "count": len(amounts) - 1, "amount_minor": max(amounts[1:])}
    return Saying(SayingCode.FIRST_THEN, terms.currency, rest | {"least_minor": min(amounts[1:])} | shared)


def in_english(sayings: Sequence[Saying]) -> str:
    """Several things in one line, such as ``Three payments of $120.00 on your paydays; paid off by 29 January 2027;
    costs nothing extra``.
    """
    told = "; ".join(_told(one) for one in sayings)
    return told[:1].upper() + told[1:]


def obstacle_in_english(saying: Saying, approver: str = "") -> str:
    """Why no plan is recommended, and what an agent can do about it.

    Args:
        approver: ``agent`` or ``supervisor`` who may agree to a plan all the same; empty: nobody.
    """
    way_out = {
        "": "Talk about a smaller first step: a promise to pay a part, a pause, or help with money worries.",
        "agent": "An agent may agree to a plan that fits.",
        "supervisor": "A plan that fits needs a supervisor's approval.",
    }[approver]
    if saying.code in _NO_WAY_OUT:
        return in_english((saying,)) + "."
    return f"{in_english((saying,))}. {way_out}"


_NO_WAY_OUT = frozenset({SayingCode.NO_PLANS, SayingCode.NOTHING_TO_AGREE, SayingCode.TOO_SMALL})

_SENTENCES = {
    SayingCode.STARTS: "the first on {first_on}",
    SayingCode.PAID_OFF: "paid off by {last_on}",
    SayingCode.COSTS_NOTHING: "costs nothing extra",
    SayingCode.COSTS: "costs {charges_minor} extra, {total_minor} in all (APR {apr_permille})",
    SayingCode.WITHIN_MEANS: "within the {most_minor} {frequency} that you said you can pay",
    SayingCode.SOONEST: "paid off the soonest of these",
    SayingCode.SMALLEST: "the smallest payments of these",
    SayingCode.NO_PLANS: "payment plans are not offered",
    SayingCode.NOTHING_TO_AGREE: "nothing is open that a plan could be about",
    SayingCode.TOO_SMALL: "{debt_minor} is too little for a plan: plans begin at {least_minor}",
    SayingCode.BROKEN_BEFORE: "a plan was broken within the last year, so a person has to agree to another one",
    SayingCode.NO_ROOM: "nothing is left to pay {debt_minor} with, by what was said about income and spending",
    SayingCode.BEYOND_LIMITS: "{debt_minor} in at most {max_instalments} payments is more than can be paid",
    SayingCode.PAY_LESS: "pay {amount_minor} instead of {debt_minor}: {forgiven_minor} is taken off",
    SayingCode.PAY_LESS_IN_PARTS: "pay {amount_minor} instead of {debt_minor} in {count} payments: {forgiven_minor} is "
    "taken off",
    SayingCode.UNTIL: "the offer stands until {expires_on}",
}


def _told(said: Saying) -> str:
    if said.code in (SayingCode.EQUAL_PARTS, SayingCode.FIRST_THEN):
        return _told_parts(said)
    return _SENTENCES[said.code].format_map({name: _shown(said, name) for name in said.values})


def _told_parts(said: Saying) -> str:
    count, equal = int(said.values["count"]), said.values["amount_minor"] == said.values["least_minor"]
    payments = "payment" if count == 1 else "payments"
    parts = f"{_number(count)} {payments} of {'' if equal else 'at most '}{_shown(said, 'amount_minor')} {_days(said)}"
    return parts if said.code is SayingCode.EQUAL_PARTS else f"{_shown(said, 'first_minor')} first, then {parts}"


def _days(said: Saying) -> str:
    if said.values["days"] == "calendar":
        return _EVERY[Frequency(str(said.values["frequency"]))]
    return "on your paydays" if said.values["days"] == "paydays" else "on every other payday"


def _shown(said: Saying, name: str) -> str:
    value = said.values[name]
    if name.endswith("_minor"):
        return format_money(int(value), said.currency)
    if name.endswith("_on"):
        day = date.fromisoformat(str(value))
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    if name == "apr_permille":
        return f"{int(value) // 10}.{int(value) % 10}%"
    if name == "frequency":
        return _A_PERIOD[Frequency(str(value))]
    return _number(int(value)) if name == "count" else str(value)


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
