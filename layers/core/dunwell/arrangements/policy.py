"""The creditor's policy on arrangements: what customers may agree to by themselves, and who may approve more.

Versioned data, part of the creditor's one policy document. Without it customers may promise, and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from dunwell.calendars import CALENDARS
from dunwell.errors import InvalidInputError
from dunwell.money import exponent

WHOLE = 1000
"""All of something, in thousandths."""
MOST_INSTALMENTS, MOST_DAYS = 60, 1830
"""Five years: what takes longer is a loan, and not for this policy."""

T = TypeVar("T")


class Frequency(StrEnum):
    """How far instalments are apart."""

    WEEKLY = "weekly"
    TWO_WEEKS = "two_weeks"
    MONTHLY = "monthly"


class Authority(StrEnum):
    """Who may agree for the creditor, each more than the one before."""

    CUSTOMER = "customer"
    """What a customer may agree to in the portal without asking anybody."""
    AGENT = "agent"
    SUPERVISOR = "supervisor"


def granted(by_authority: Mapping[Authority, T], authority: Authority) -> T | None:
    """What an authority may grant: its own, or that of the nearest one below it that has some; None: nothing."""
    ranks = list(Authority)
    own = [by_authority[one] for one in ranks[: ranks.index(authority) + 1] if one in by_authority]
    return own[-1] if own else None


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What a plan may be at most, for one authority.

    Attributes:
        max_instalments, max_days: how many parts, and days from today to the last one.
        min_instalment_minor: least amount of a part, by currency (minor units); a currency not listed has no least.
        min_first_permille: least share of the debt that the first part is, in thousandths.
        max_first_days: days from today to the first part at most.
        frequencies: which may be chosen.
    """

    max_instalments: int = 6
    max_days: int = 190
    min_instalment_minor: Mapping[str, int] = field(default_factory=dict)
    min_first_permille: int = 0
    max_first_days: int = 31
    frequencies: tuple[Frequency, ...] = (Frequency.MONTHLY, Frequency.TWO_WEEKS, Frequency.WEEKLY)


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """How plans work.

    Attributes:
        limits: what each authority may agree to, each at least what the one before may; one that is not named may
            agree to what the nearest one before it may, and the customer, not named, to none. See ``limits_of``.
        min_debt_minor: smaller debts get no plan, by currency (minor units).
        max_broken: broken plans within a year after which a customer asks an agent.
        max_put_off: the same of plans that the customer ended or replaced before any money came.
        grace_days: business days after a due day in which a missed instalment is cured.
        interest_percent: a year on what is left, 0 for none; setup_fee_minor: once, by currency.
        reminder_days: days before each due day on which a reminder leaves.
        calendar: the banking calendar of due days: ``us``, ``target2``, ``uk``, ``ca`` (``dunwell.calendars``).
    """

    limits: Mapping[Authority, PlanLimits]
    min_debt_minor: Mapping[str, int] = field(default_factory=dict)
    max_broken: int = 1
    max_put_off: int = 2
    grace_days: int = 5
    interest_percent: Decimal = Decimal(0)
    setup_fee_minor: Mapping[str, int] = field(default_factory=dict)
    reminder_days: int = 3
    calendar: str = "us"

    def limits_of(self, authority: Authority) -> PlanLimits | None:
        """What an authority may agree to; None: to no plan."""
        return granted(self.limits, authority)


@dataclass(frozen=True, slots=True)
class PromisePolicy:
    """How promises to pay work (rule PTP).

    Attributes:
        max_days: days from today to the promised day at most, for customers by themselves.
        grace_days: business days after it in which money still counts.
        tolerance_permille: how much of the amount must have come, in thousandths.
        max_broken: broken promises within ``broken_days`` after which a customer asks an agent.
        max_put_off: the same of promises that the customer ended or replaced before any money came.
    """

    max_days: int = 14
    grace_days: int = 1
    tolerance_permille: int = 1000
    max_broken: int = 2
    max_put_off: int = 2
    broken_days: int = 90


@dataclass(frozen=True, slots=True)
class OfferRule:
    """An incentive that may be offered, once for a debt.

    Attributes:
        name: of the rule, kept with what is offered.
        max_permille: the most that may be given up of the debt, in thousandths, by authority, as ``PlanPolicy.limits``.
        min_days_past_due, max_days_past_due: of the oldest invoice; negative is before the due date.
        min_risk_permille: the least risk; segments: one of these, empty is any.
        min_debt_minor: by currency (minor units); a currency not listed is not offered anything.
        expires_days: days for which the offer stands.
        instalments: into how many monthly parts a settlement may be divided.
        min_paid_minor: the floor: what the customer pays at least, by currency (minor units).
    """

    name: str
    max_permille: Mapping[Authority, int]
    min_days_past_due: int
    max_days_past_due: int
    min_debt_minor: Mapping[str, int]
    min_risk_permille: int = 0
    segments: frozenset[str] = frozenset()
    expires_days: int = 14
    instalments: int = 1
    min_paid_minor: Mapping[str, int] = field(default_factory=dict)

    def most_minor(self, debt_minor: int, currency: str, authority: Authority) -> int:
        """The most that an authority may give up of a debt (minor units): rounded down, and the floor is left."""
        share = debt_minor * (granted(self.max_permille, authority) or 0) // WHOLE
        return max(0, min(share, debt_minor - self.min_paid_minor.get(currency, 0)))


@dataclass(frozen=True, slots=True)
class DebitHours:
    """When saved methods are debited, on days on which banks work: local hours of the creditor's zone.

    Attributes:
        opens: the first hour; closes: the hour from which nothing is debited any more.
    """

    opens: int = 9
    closes: int = 17


@dataclass(frozen=True, slots=True)
class ArrangementPolicy:
    """What may be agreed; see the parts.

    Attributes:
        plans: None: no plans. discounts, settlements: the first rule that fits counts.
        cost_of_money_percent: what money costs the creditor a year: by it earlier money is worth more.
        debit_hours: when saved methods are debited.
    """

    promises: PromisePolicy | None = field(default_factory=PromisePolicy)
    plans: PlanPolicy | None = None
    discounts: tuple[OfferRule, ...] = ()
    settlements: tuple[OfferRule, ...] = ()
    cost_of_money_percent: Decimal = Decimal(8)
    debit_hours: DebitHours = DebitHours()

    def __post_init__(self) -> None:
        _in_range("cost_of_money_percent", self.cost_of_money_percent, 0, 100)
        _in_range("debit_hours.opens", self.debit_hours.opens, 0, 23)
        _in_range("debit_hours.closes", self.debit_hours.closes, self.debit_hours.opens + 1, 24)
        if self.promises:
            _check_promises(self.promises)
        if self.plans:
            _check_plans(self.plans)
        _check_offers("discounts", self.discounts)
        _check_offers("settlements", self.settlements)


def _check_promises(rule: PromisePolicy) -> None:
    _in_range("promises.max_days", rule.max_days, 1, 366)
    _in_range("promises.grace_days", rule.grace_days, 0, 31)
    _in_range("promises.tolerance_permille", rule.tolerance_permille, 1, WHOLE)
    _in_range("promises.max_broken", rule.max_broken, 1)
    _in_range("promises.max_put_off", rule.max_put_off, 1)
    _in_range("promises.broken_days", rule.broken_days, 1)


def _check_plans(rule: PlanPolicy) -> None:
    if not rule.limits:
        raise _fault("plans.limits", "nobody may agree to a plan: give limits for customer, agent or supervisor, or "
                     "leave `plans` out")  # fmt: skip
    for authority, limits in rule.limits.items():
        _check_limits(f"plans.limits.{authority}", limits)
    _grows("plans.limits", rule.limits, _LIMITS)
    _amounts("plans.min_debt_minor", rule.min_debt_minor)
    _amounts("plans.setup_fee_minor", rule.setup_fee_minor)
    _in_range("plans.max_broken", rule.max_broken, 1)
    _in_range("plans.max_put_off", rule.max_put_off, 1)
    _in_range("plans.grace_days", rule.grace_days, 0, 31)
    _in_range("plans.reminder_days", rule.reminder_days, 0, 31)
    _in_range("plans.interest_percent", rule.interest_percent, 0, 100)
    if rule.calendar not in CALENDARS:
        raise _fault(
            "plans.calendar", f"{rule.calendar!r} is not a calendar: name one of {', '.join(sorted(CALENDARS))}"
        )


def _check_limits(place: str, limits: PlanLimits) -> None:
    _in_range(f"{place}.max_instalments", limits.max_instalments, 2, MOST_INSTALMENTS)
    _in_range(f"{place}.max_days", limits.max_days, 1, MOST_DAYS)
    _in_range(f"{place}.max_first_days", limits.max_first_days, 0, limits.max_days)
    _in_range(f"{place}.min_first_permille", limits.min_first_permille, 0, WHOLE)
    _amounts(f"{place}.min_instalment_minor", limits.min_instalment_minor)
    if not limits.frequencies or len(set(limits.frequencies)) < len(limits.frequencies):
        raise _fault(f"{place}.frequencies", "name at least one of monthly, two_weeks, weekly, each once")


def _check_offers(kind: str, rules: Sequence[OfferRule]) -> None:
    for number, rule in enumerate(rules):
        place = f"{kind}.{number}"
        if not rule.name.strip() or rule.name in [other.name for other in rules[:number]]:
            raise _fault(f"{place}.name", "each rule has a name of its own")
        _check_offer(place, rule)
        most = 1 if kind == "discounts" else MOST_INSTALMENTS
        _in_range(f"{place}.instalments", rule.instalments, 1, most)


def _check_offer(place: str, rule: OfferRule) -> None:
    if not rule.max_permille:
        raise _fault(f"{place}.max_permille", "say what customer, agent or supervisor may give up, or drop the rule")
    for authority, permille in rule.max_permille.items():
        _in_range(f"{place}.max_permille.{authority}", permille, 0, WHOLE - 1)
    _grows(f"{place}.max_permille", rule.max_permille, (("the share given up", lambda one, other: one <= other),))
    if rule.max_days_past_due < rule.min_days_past_due:
        raise _fault(f"{place}.max_days_past_due", f"is less than min_days_past_due ({rule.min_days_past_due})")
    if not rule.min_debt_minor:
        raise _fault(f"{place}.min_debt_minor", "name the currencies, such as {USD: 5000}: others are offered nothing")
    _amounts(f"{place}.min_debt_minor", rule.min_debt_minor)
    _amounts(f"{place}.min_paid_minor", rule.min_paid_minor)
    _in_range(f"{place}.min_risk_permille", rule.min_risk_permille, 0, WHOLE)
    _in_range(f"{place}.expires_days", rule.expires_days, 1, 366)


_Compare = tuple[str, Callable[[T, T], bool]]
"""What is compared, and whether one authority's is within that of a greater one."""

_LIMITS: tuple[_Compare[PlanLimits], ...] = (
    ("max_instalments", lambda one, other: one.max_instalments <= other.max_instalments),
    ("max_days", lambda one, other: one.max_days <= other.max_days),
    ("max_first_days", lambda one, other: one.max_first_days <= other.max_first_days),
    ("min_first_permille", lambda one, other: one.min_first_permille >= other.min_first_permille),
    ("frequencies", lambda one, other: set(one.frequencies) <= set(other.frequencies)),
    (
        "min_instalment_minor",
        lambda one, other: all(
            one.min_instalment_minor.get(currency, 0) >= least for currency, least in other.min_instalment_minor.items()
        ),
    ),
)


def _grows(place: str, by_authority: Mapping[Authority, T], compared: Sequence[_Compare[T]]) -> None:
    """Refuse what would let a greater authority do less."""
    named = [one for one in Authority if one in by_authority]
    for lesser, greater in pairwise(named):
        for what, within in compared:
            if not within(by_authority[lesser], by_authority[greater]):
                at = f"{place}.{greater}" + (f".{what}" if what.isidentifier() else "")
                raise _fault(at, f"{what}: {greater} may not agree to less than {lesser} may")


def _in_range(place: str, value: int | Decimal, least: int, most: int | None = None) -> None:
    if value < least or (most is not None and value > most):
        allowed = f"from {least} to {most}" if most is not None else f"{least} or more"
        raise _fault(place, f"is {value}; allowed is {allowed}")


def _amounts(place: str, by_currency: Mapping[str, int]) -> None:
    for currency, amount_minor in by_currency.items():
        try:
            exponent(currency)
        except InvalidInputError as error:
            raise _fault(f"{place}.{currency}", str(error)) from None
        _in_range(f"{place}.{currency}", amount_minor, 0)


def _fault(place: str, words: str) -> InvalidInputError:
    return InvalidInputError(words, field=f"arrangements.{place}")
