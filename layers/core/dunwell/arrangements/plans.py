"""Payment plans: whose authority one needs, and how one is proposed."""

from datetime import date, datetime, timedelta

from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency, PlanLimits, PlanPolicy
from dunwell.arrangements.schedule import Draft
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.agreements import STANDING, Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.model import Account
from dunwell.money import format_money

RANKS = {Authority.CUSTOMER: 0, Authority.AGENT: 1, Authority.SUPERVISOR: 2}
PROPOSAL_DAYS = 14
"""For so long a proposed plan may be accepted, and not after its first day."""
BROKEN_DAYS = 365
BY_CUSTOMER = "customer"
"""Who did what a customer did by themselves."""


def plan_policy(policy: ArrangementPolicy) -> PlanPolicy:
    """How plans work. Raises RefusedError: there are none."""
    if policy.plans is None:
        raise RefusedError("Payment plans are not offered here. Please contact us.", code="no_plans")
    return policy.plans


def exceeded(
    limits: PlanLimits, made: Draft, currency: str, frequency: Frequency, as_of: date
) -> list[InvalidInputError]:
    """The limits that a plan does not keep, each as the refusal to raise; none when it is within all of them."""
    parts = made.instalments
    first, last = parts[0], parts[-1]
    least = limits.min_instalment_minor.get(currency, 0)
    first_minor = made.debt_minor * limits.min_first_permille // 1000
    known = ", ".join(one.replace("_", " ") for one in limits.frequencies)
    found: list[InvalidInputError] = []
    if len(parts) > limits.max_instalments:
        why = f"A plan has at most {limits.max_instalments} parts."
        found.append(InvalidInputError(why, field="instalments", code="part_count"))
    if frequency not in limits.frequencies:
        why = f"Choose another frequency: {known}."
        found.append(InvalidInputError(why, field="frequency", code="plan_frequency"))
    if last.due_on > as_of + timedelta(days=limits.max_days):
        why = f"A plan ends within {limits.max_days} days."
        found.append(InvalidInputError(why, field="instalments", code="plan_too_long"))
    if first.due_on > as_of + timedelta(days=limits.max_first_days):
        why = f"The first part is due within {limits.max_first_days} days."
        found.append(InvalidInputError(why, field="first_on", code="day_too_late"))
    if min(part.amount_minor for part in parts) < least:
        why = f"Each part is at least {format_money(least, currency)}."
        found.append(InvalidInputError(why, field="instalments", code="parts_too_small"))
    if first.amount_minor < first_minor:
        why = f"The first part is at least {format_money(first_minor, currency)}."
        found.append(InvalidInputError(why, field="first_minor", code="first_part"))
    return found


def authority_for(policy: PlanPolicy, made: Draft, currency: str, frequency: Frequency, as_of: date) -> Authority:
    """The least authority that may agree to a plan.

    Raises:
        InvalidInputError: nobody may; says which limit it does not keep.
    """
    found: list[InvalidInputError] = []
    for authority in RANKS:
        limits = policy.limits.get(authority)
        found = exceeded(limits, made, currency, frequency, as_of) if limits else found
        if limits and not found:
            return authority
    if not found:
        raise RefusedError("Payment plans are not offered here. Please contact us.", code="no_plans")
    raise found[0]


def require_size(policy: PlanPolicy, debt_minor: int, currency: str) -> None:
    """Refuse a plan for what is too small for one. Raises RefusedError."""
    least = policy.min_debt_minor.get(currency, 0)
    if debt_minor < least:
        raise RefusedError(f"Plans are for debts of {format_money(least, currency)} and more.", code="plan_size")


def recently_broken(account: Account, kind: AgreementKind, days: int, at: datetime) -> int:
    """How many agreements of a kind the customer broke within so many days."""
    since = at - timedelta(days=days)
    return sum(
        1
        for one in account.agreements.values()
        if one.kind is kind and one.status is AgreementStatus.BROKEN and broken_at(one) >= since
    )


def lost_trust(account: Account, rules: PlanPolicy, at: datetime) -> bool:
    """Whether so many plans were broken, or put off without a payment, that a person looks at another one."""
    broken = recently_broken(account, AgreementKind.PLAN, BROKEN_DAYS, at)
    return broken >= rules.max_broken or put_off(account, AgreementKind.PLAN, BROKEN_DAYS, at) >= rules.max_put_off


def put_off(account: Account, kind: AgreementKind, days: int, at: datetime) -> int:
    """How many agreements of a kind the customer ended or replaced within so many days before any money came for them.

    Each paused what it was about. Where that goes on, nobody is asked for anything and nothing is paid.
    """
    since, found = at - timedelta(days=days), 0
    for one in account.agreements.values():
        last = one.steps[-1] if one.steps else None
        if last is None or (one.kind, last.status, last.who) != (kind, AgreementStatus.CANCELLED, BY_CUSTOMER):
            continue
        stood = any(step.status in STANDING for step in one.steps)
        paid = any(one.made_at.date() <= payment.on <= last.at.date() for payment in account.payments.values())
        found += stood and not paid and last.at >= since
    return found


def broken_at(agreement: Agreement) -> datetime:
    """When it was found broken; when it was made, for one that was not."""
    found = [step.at for step in agreement.steps if step.status is AgreementStatus.BROKEN]
    return found[-1] if found else agreement.made_at


def higher(one: Authority, other: Authority) -> Authority:
    """The one of two authorities that may do more."""
    return max(one, other, key=RANKS.__getitem__)


def approval_for(needed: Authority, authority: Authority) -> str:
    """Whose approval is still needed when somebody of an authority proposes what another authority is needed for."""
    return "" if RANKS[authority] >= RANKS[needed] else needed.value
