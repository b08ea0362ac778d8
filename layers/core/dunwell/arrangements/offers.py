"""Incentives: a discount for paying early, or a settlement for less than the whole.

What is given up is the amount with the greatest expected value within what the authority may give up, and nothing where
waiting is worth more. Part of the customers would have paid anyway: what they are given is lost, which is why a blanket
discount rarely pays. An offer is made once for a debt, whatever became of it; only a supervisor makes another one, and
nobody after one that was accepted. One that is proposed already is not made again: show that one.

How many accept is an assumption (``Takers``): no public record says, and it was checked on a simulation only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp

from dunwell.arrangements.agreeable import may_be_asked, needs_a_person
from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.explain import Saying, SayingCode
from dunwell.arrangements.incentives import OfferTerms
from dunwell.arrangements.policy import WHOLE, ArrangementPolicy, Authority, Frequency, OfferRule, PlanPolicy
from dunwell.arrangements.recommend import debts_of, end_of
from dunwell.arrangements.schedule import PlanTerms, draft
from dunwell.arrangements.worth import MILLION, Outlook, Valuation, habits_of
from dunwell.dates import days_past_due
from dunwell.ledger.agreements import AgreedDebt, AgreedInstalment, AgreementKind
from dunwell.ledger.model import Account

INCENTIVES = frozenset({AgreementKind.DISCOUNT, AgreementKind.SETTLEMENT})
STEP_PERMILLE = 5
MIN_GAIN_PERMILLE = 5
"""Of the debt: an offer that gains less is not worth the noise of the estimate."""
Parts = tuple[AgreedInstalment, ...]


@dataclass(frozen=True, slots=True)
class Takers:
    """Who accepts an offer; house assumptions, fitted to the simulation's seeds 11 to 15.

    Attributes:
        payers: of those who would pay anyway, 1 - e^(-payers · share given up) take it: nearly half of 10 % off.
        others: the same of those who would not pay: one in thirteen takes 10 % off, one in three half of the debt.
    """

    payers: float = 6.0
    others: float = 0.8


TAKERS = Takers()


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """An offer as it may be made; everything in it may be shown, and nothing in it says what else was possible.

    Attributes:
        kind: discount or settlement. rule: of the policy, by name. debts: oldest first.
        instalments: what the customer pays; together the debts less ``forgiven_minor``.
        expires_on: the last day on which it may be accepted.
        model_version: whose outlook it was made from; empty for none.
    """

    kind: AgreementKind
    rule: str
    currency: str
    debts: tuple[AgreedDebt, ...]
    instalments: Parts
    forgiven_minor: int
    expires_on: date
    model_version: str = ""

    @property
    def debt_minor(self) -> int:
        """What is owed (minor units)."""
        return sum(one.amount_minor for one in self.debts)

    @property
    def amount_minor(self) -> int:
        """What is paid instead (minor units)."""
        return self.debt_minor - self.forgiven_minor

    @property
    def terms(self) -> OfferTerms:
        """To make the agreement from."""
        ids = tuple(one.invoice_id for one in self.debts)
        count, pay_by = len(self.instalments), self.instalments[0].due_on
        return OfferTerms(self.kind, self.currency, self.rule, self.forgiven_minor, pay_by, count, self.expires_on, ids)

    @property
    def sayings(self) -> tuple[Saying, ...]:
        """What it is, in codes and values (``explain.in_english``)."""
        code = SayingCode.PAY_LESS if len(self.instalments) == 1 else SayingCode.PAY_LESS_IN_PARTS
        amounts = {name: getattr(self, name) for name in ("amount_minor", "debt_minor", "forgiven_minor")}
        parts = {} if len(self.instalments) == 1 else {"count": len(self.instalments)}
        until = Saying(SayingCode.UNTIL, self.currency, {"expires_on": self.expires_on.isoformat()})
        return Saying(code, self.currency, amounts | parts), until


def offers(
    account: Account,
    currency: str,
    policy: ArrangementPolicy,
    outlook: Outlook,
    authority: Authority,
    as_of: date,
    takers: Takers = TAKERS,
) -> tuple[OfferDraft, ...]:
    """At most one discount and one settlement, where they are worth more than waiting.

    Args:
        authority: who makes them: nothing beyond what that one may give up.
    """
    rules = ((AgreementKind.DISCOUNT, policy.discounts), (AgreementKind.SETTLEMENT, policy.settlements))
    found = (_offer(account, currency, policy, outlook, authority, as_of, takers, kind, of) for kind, of in rules)
    return tuple(one for one in found if one)


def _offer(
    account: Account,
    currency: str,
    policy: ArrangementPolicy,
    outlook: Outlook,
    authority: Authority,
    as_of: date,
    takers: Takers,
    kind: AgreementKind,
    rules: Sequence[OfferRule],
) -> OfferDraft | None:
    debts = _debts(account, currency, authority, as_of, kind) if rules else ()
    rule = _rule(account, rules, debts, currency, outlook, as_of)
    at = end_of(as_of)
    if rule is None or (
        authority is Authority.CUSTOMER and (needs_a_person(account, debts, at) or not may_be_asked(account, debts, at))
    ):
        return None
    debt_minor = sum(one.amount_minor for one in debts)
    habits = habits_of(account, currency, debt_minor, None, as_of)
    valuation = Valuation(outlook, habits, policy.cost_of_money_percent)
    calendar = calendar_of(policy)
    best = _best(
        rule, currency, debt_minor, rule.most_minor(debt_minor, currency, authority), valuation, as_of, calendar, takers
    )
    if not best:
        return None
    parts = _parts(rule, currency, debt_minor - best, as_of, calendar)
    expires_on = min(as_of + timedelta(days=rule.expires_days), parts[0].due_on)
    return OfferDraft(kind, rule.name, currency, debts, parts, best, expires_on, outlook.model_version)


def _debts(
    account: Account, currency: str, authority: Authority, as_of: date, kind: AgreementKind
) -> tuple[AgreedDebt, ...]:
    """What an offer would be about: what is past due, for a discount all that is open; nothing that had one before."""
    wanted = [
        one.invoice.invoice_id
        for one in account.open_invoices
        if kind is AgreementKind.DISCOUNT or days_past_due(one.due_on, as_of) > 0
    ]
    had = {
        invoice_id
        for one in account.agreements.values()
        if one.kind in INCENTIVES and (one.authorisation or authority is not Authority.SUPERVISOR)
        for invoice_id in one.invoice_ids
    }
    wanted = [one for one in wanted if one not in had]
    return debts_of(account, currency, as_of, wanted)


def _rule(
    account: Account,
    rules: Sequence[OfferRule],
    debts: Sequence[AgreedDebt],
    currency: str,
    outlook: Outlook,
    as_of: date,
) -> OfferRule | None:
    """The first rule that fits; nothing is given up for who was never assessed."""
    if not debts or outlook.risk_permille is None:
        return None
    due_on = {one.invoice.invoice_id: one.due_on for one in account.open_invoices}
    days = max(days_past_due(due_on[one.invoice_id], as_of) for one in debts)
    debt_minor = sum(one.amount_minor for one in debts)
    for rule in rules:
        least = rule.min_debt_minor.get(currency)
        risky = outlook.risk_permille >= rule.min_risk_permille
        if (
            least is not None
            and debt_minor >= least
            and rule.min_days_past_due <= days <= rule.max_days_past_due
            and risky
            and (not rule.segments or outlook.segment in rule.segments)
        ):
            return rule
    return None


def _best(
    rule: OfferRule,
    currency: str,
    debt_minor: int,
    most_minor: int,
    valuation: Valuation,
    as_of: date,
    calendar: str,
    takers: Takers,
) -> int:
    """What to give up (minor units): the least that is worth most; 0 when waiting is."""
    waiting = valuation.waiting_minor(debt_minor)
    best, best_worth = 0, waiting + debt_minor * MIN_GAIN_PERMILLE // WHOLE
    steps = {debt_minor * permille // WHOLE for permille in range(STEP_PERMILLE, WHOLE, STEP_PERMILLE)}
    for given in sorted({one for one in steps if 0 < one < most_minor} | ({most_minor} if most_minor else set())):
        parts = _parts(rule, currency, debt_minor - given, as_of, calendar)
        worth = _worth(given, debt_minor, parts, valuation, as_of, takers)
        if worth > best_worth:
            best, best_worth = given, worth
    return best


def _worth(
    given: int,
    debt_minor: int,
    parts: Sequence[AgreedInstalment],
    valuation: Valuation,
    as_of: date,
    takers: Takers,
) -> int:
    """What comes in of a debt on which so much is offered, as worth today (minor units).

    Would-be payers either take it, and pay less and sooner, or pay as they would have; of the others some take it.
    """
    share = given / debt_minor
    pays = valuation.recovered[-1]
    takes, converts = (1 - exp(-rate * share) for rate in (takers.payers, takers.others))
    accepted = valuation.of(parts, as_of).expected_minor
    sure = sum(part.amount_minor * round(MILLION * valuation.later((part.due_on - as_of).days)) for part in parts)
    total = sure // MILLION * round(MILLION * pays * takes)
    total += valuation.waiting_minor(debt_minor) * round(MILLION * (1 - takes))
    total += accepted * round(MILLION * (1 - pays) * converts)
    return total // MILLION


def _parts(rule: OfferRule, currency: str, amount_minor: int, as_of: date, calendar: str) -> Parts:
    """What is paid and when: the first part by the day the offer expires, the others monthly after it."""
    count = max(1, min(rule.instalments, amount_minor))
    terms = PlanTerms(currency, count, Frequency.MONTHLY, as_of + timedelta(days=rule.expires_days))
    return draft(terms, amount_minor, as_of, PlanPolicy({}, calendar=calendar)).instalments
