"""Two or three payment plans for a customer: within the policy's limits and what they said they can pay, best first.

Sensible schedules are tried, not all (``candidates``). They are ranked by what they are worth to the creditor
(``worth``), and those that are shown differ clearly, so that there is something to choose. A plan that is worth less
than waiting is recommended all the same: who asks for one cannot pay the whole now, which no curve knew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from dunwell.arrangements.affordability import Needs
from dunwell.arrangements.agreeable import why_not
from dunwell.arrangements.candidates import Case, candidates
from dunwell.arrangements.explain import Saying, SayingCode, sayings_of
from dunwell.arrangements.plans import lost_trust
from dunwell.arrangements.policy import WHOLE, ArrangementPolicy, Authority, Frequency
from dunwell.arrangements.schedule import Draft, PlanTerms, draft
from dunwell.arrangements.worth import MONTH_DAYS, Outlook, Valuation, Worth, habits_of
from dunwell.ledger.agreements import AgreedDebt
from dunwell.ledger.model import Account

AT_MOST = 3
MORE_BURDEN, LONGER = 1200, 1250
"""How much more a month, or how much longer, one plan is than another to be another choice, in thousandths."""
NEAR_BEST_PERMILLE = 900
"""A second or third plan worth less than this of the best one is shown only where nothing better differs."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A plan that the customer may choose as it is.

    Attributes:
        terms: to make the agreement from; draft: what it comes to. debts: oldest first.
        worth: to the creditor; never shown to the customer.
        sayings: what it is and why it is recommended, in codes and values (``explain``).
        model_version: whose outlook it was ranked by; empty for none.
    """

    terms: PlanTerms
    draft: Draft
    debts: tuple[AgreedDebt, ...]
    worth: Worth
    sayings: tuple[Saying, ...]
    model_version: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """The codes, as an agreement keeps them."""
        return tuple(one.code.value for one in self.sayings)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why no plan is recommended.

    Attributes:
        saying: the reason in a code and values.
        approver: the least authority that may agree to a plan all the same; None: nobody by the policy as it is.
    """

    saying: Saying
    approver: Authority | None = None


def recommend(
    account: Account,
    currency: str,
    policy: ArrangementPolicy,
    outlook: Outlook,
    needs: Needs,
    as_of: date,
    *,
    authority: Authority = Authority.CUSTOMER,
    invoice_ids: Collection[str] | None = None,
) -> tuple[Recommendation, ...]:
    """Up to three clearly different plans, worth most first; empty when none is possible (``why_none`` says why).

    Args:
        authority: whose limits count.
        invoice_ids: the invoices it is to be about; None: what is due, or where nothing is, all that is open.
    """
    case = _case(account, currency, policy, needs, as_of, authority, invoice_ids)
    if isinstance(case, Saying):
        return ()
    habits = habits_of(account, currency, case.debt_minor, needs.most_minor(Frequency.MONTHLY), as_of)
    valuation = Valuation(outlook, habits, policy.cost_of_money_percent)
    shown = [
        (terms, draft(terms, case.debt_minor, as_of, case.plans), worth)
        for terms, _, worth in _chosen(_ranked(case, valuation), as_of)
    ]
    return tuple(
        Recommendation(terms, made, case.debts, worth, _sayings(number, shown, needs), outlook.model_version)
        for number, (terms, made, worth) in enumerate(shown)
    )


def why_none(
    account: Account,
    currency: str,
    policy: ArrangementPolicy,
    needs: Needs,
    as_of: date,
    *,
    authority: Authority = Authority.CUSTOMER,
    invoice_ids: Collection[str] | None = None,
) -> Obstacle | None:
    """Why nothing is recommended, and whose approval would help; None: something is."""
    found = _obstacle(account, currency, policy, needs, as_of, authority, invoice_ids)
    if found is None:
        return None
    greater = list(Authority)[list(Authority).index(authority) + 1 :]
    can = (one for one in greater if not _obstacle(account, currency, policy, needs, as_of, one, invoice_ids))
    return Obstacle(found, next(can, None))


def _obstacle(
    account: Account,
    currency: str,
    policy: ArrangementPolicy,
    needs: Needs,
    as_of: date,
    authority: Authority,
    invoice_ids: Collection[str] | None,
) -> Saying | None:
    case = _case(account, currency, policy, needs, as_of, authority, invoice_ids)
    if isinstance(case, Saying):
        return case
    if next(candidates(case), None) is not None:
        return None
    most = needs.most_minor(Frequency.MONTHLY)
    values = {"debt_minor": case.debt_minor, "max_instalments": case.limits.max_instalments}
    return Saying(SayingCode.BEYOND_LIMITS, currency, values | ({} if most is None else {"monthly_minor": most}))


def _case(
    account: Account,
    currency: str,
    policy: ArrangementPolicy,
    needs: Needs,
    as_of: date,
    authority: Authority,
    invoice_ids: Collection[str] | None,
) -> Case | Saying:
    """What a plan would be about; or what is in its way."""
    plans, limits = policy.plans, policy.plans.limits_of(authority) if policy.plans else None
    if plans is None or limits is None:
        return Saying(SayingCode.NO_PLANS, currency, {})
    debts = debts_of(account, currency, as_of, invoice_ids)
    debt_minor = sum(one.amount_minor for one in debts)
    if not debt_minor:
        return Saying(SayingCode.NOTHING_TO_AGREE, currency, {})
    if debt_minor < (least := plans.min_debt_minor.get(currency, 0)):
        return Saying(SayingCode.TOO_SMALL, currency, {"debt_minor": debt_minor, "least_minor": least})
    if authority is Authority.CUSTOMER and lost_trust(account, plans, end_of(as_of)):
        return Saying(SayingCode.BROKEN_BEFORE, currency, {})
    if needs.spare_minor == 0:
        return Saying(SayingCode.NO_ROOM, currency, {"debt_minor": debt_minor})
    return Case(currency, plans, limits, needs, as_of, debts)


def debts_of(
    account: Account, currency: str, as_of: date, invoice_ids: Collection[str] | None
) -> tuple[AgreedDebt, ...]:
    """What may be agreed about, oldest first (``agreeable``); with none named, what is due, or else all open."""
    at = end_of(as_of)
    found = [
        one
        for one in account.open_invoices
        if one.invoice.currency == currency
        and (invoice_ids is None or one.invoice.invoice_id in invoice_ids)
        and not why_not(account, one, at)
    ]
    if invoice_ids is None:
        found = [one for one in found if one.due_on <= as_of] or found
    return tuple(AgreedDebt(one.invoice.invoice_id, one.invoice.number, one.collectable_minor) for one in found)


def end_of(day: date) -> datetime:
    """The last moment at which it is a day anywhere: a hold that is placed on a day counts on it."""
    return datetime.combine(day, time.max, tzinfo=timezone(timedelta(hours=-12)))


_Valued = tuple[PlanTerms, Draft, Worth]


def _ranked(case: Case, valuation: Valuation) -> list[_Valued]:
    """Every candidate, worth most first; equal ones by the sooner end, then fewer parts."""
    valued = [(*plan, valuation.of(plan[1].instalments, case.as_of)) for plan in candidates(case)]
    return sorted(valued, key=lambda one: (-one[2].expected_minor, one[1].instalments[-1].due_on, one[0].instalments))


def _chosen(ranked: Sequence[_Valued], as_of: date) -> list[_Valued]:
    """The best one, the gentlest one and one more, as far as each differs clearly from the others; worth most first."""
    if not ranked:
        return []
    found = [ranked[0]]
    enough = ranked[0][2].expected_minor * NEAR_BEST_PERMILLE
    near = [one for one in ranked if one[2].expected_minor * WHOLE >= enough]
    for pool in (sorted(near, key=lambda one: _burden(one[1])), near, ranked):
        for one in pool:
            if len(found) < AT_MOST and all(_differ(one[1], other[1], as_of) for other in found):
                found.append(one)
                break
    order = {id(one): rank for rank, one in enumerate(ranked)}
    return sorted(found, key=lambda one: order[id(one)])


def _burden(made: Draft) -> int:
    """What the plan takes in 30 days at most, once it runs (minor units); the first part is not counted."""
    parts = made.instalments
    days = max(1, (parts[-1].due_on - parts[0].due_on).days // (len(parts) - 1))
    return max(part.amount_minor for part in parts[1:]) * MONTH_DAYS // days


def _differ(one: Draft, other: Draft, as_of: date) -> bool:
    """Whether two plans are another choice to the customer."""
    burdens = sorted((_burden(one), _burden(other)))
    spans = sorted((made.instalments[-1].due_on - as_of).days for made in (one, other))
    return burdens[1] * WHOLE >= burdens[0] * MORE_BURDEN or spans[1] * WHOLE >= spans[0] * LONGER


def _sayings(number: int, shown: Sequence[_Valued], needs: Needs) -> tuple[Saying, ...]:
    """What one of the plans is, and what sets it apart from the others that are shown."""
    terms, made, _ = shown[number]
    others = [other for at, (_, other, _) in enumerate(shown) if at != number]
    apart = []
    if others and all(made.instalments[-1].due_on < other.instalments[-1].due_on for other in others):
        apart.append(SayingCode.SOONEST)
    if others and all(_burden(made) < _burden(other) for other in others):
        apart.append(SayingCode.SMALLEST)
    return sayings_of(terms, made, needs, apart)
