"""The creditor's policy on arrangements: what customers may agree to by themselves, and who may approve more.

Versioned data, part of the creditor's one policy document. Without it customers may promise, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


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
        limits: what each authority may agree to; an authority without limits may agree to none.
        min_debt_minor: smaller debts get no plan, by currency (minor units).
        max_broken: broken plans within a year after which a customer asks an agent.
        grace_days: business days after a due day in which a missed instalment is cured.
        interest_percent: a year on what is left, 0 for none; setup_fee_minor: once, by currency.
        reminder_days: days before each due day on which a reminder leaves.
        calendar: the banking calendar of due days: ``us``, ``target2``, ``uk``, ``ca`` (``dunwell.calendars``).
    """

    limits: Mapping[Authority, PlanLimits]
    min_debt_minor: Mapping[str, int] = field(default_factory=dict)
    max_broken: int = 1
    grace_days: int = 5
    interest_percent: Decimal = Decimal(0)
    setup_fee_minor: Mapping[str, int] = field(default_factory=dict)
    reminder_days: int = 3
    calendar: str = "us"


@dataclass(frozen=True, slots=True)
class PromisePolicy:
    """How promises to pay work (rule PTP).

    Attributes:
        max_days: days from today to the promised day at most, for customers by themselves.
        grace_days: business days after it in which money still counts.
        tolerance_permille: how much of the amount must have come, in thousandths.
        max_broken: broken promises within ``broken_days`` after which a customer asks an agent.
    """

    max_days: int = 14
    grace_days: int = 1
    tolerance_permille: int = 1000
    max_broken: int = 2
    broken_days: int = 90


@dataclass(frozen=True, slots=True)
class OfferRule:
    """An incentive that may be offered, once for a debt.

    Attributes:
        name: of the rule, kept with what is offered.
        max_permille: the most that may be given up of the debt, in thousandths, by authority.
        min_days_past_due, max_days_past_due: of the oldest invoice; negative is before the due date.
        min_risk_permille: the least risk; segments: one of these, empty is any.
        min_debt_minor: by currency (minor units); a currency not listed is not offered anything.
        expires_days: days for which the offer stands.
        instalments: into how many parts a settlement may be divided.
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


@dataclass(frozen=True, slots=True)
class ArrangementPolicy:
    """What may be agreed; see the parts.

    Attributes:
        plans: None: no plans. discounts, settlements: the first rule that fits counts.
        cost_of_money_percent: what money costs the creditor a year: by it earlier money is worth more.
    """

    promises: PromisePolicy | None = field(default_factory=PromisePolicy)
    plans: PlanPolicy | None = None
    discounts: tuple[OfferRule, ...] = ()
    settlements: tuple[OfferRule, ...] = ()
    cost_of_money_percent: Decimal = Decimal(8)
