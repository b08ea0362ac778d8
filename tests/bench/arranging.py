"""Recommending plans: customers a second, against trying every schedule; and how near the best of all the answer is."""

from datetime import date, timedelta
from itertools import product
from time import process_time

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.arrangements.affordability import NOTHING_SAID, Needs
from dunwell.arrangements.candidates import Case, candidates, is_within
from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency
from dunwell.arrangements.recommend import debts_of, recommend
from dunwell.arrangements.schedule import PlanTerms, draft
from dunwell.arrangements.worth import Habits, Outlook, Valuation, habits_of
from dunwell.ledger.model import Account, Invoice
from tests.bench.measure import Entry, Result, rates
from tests.bench.portfolio import policy

AS_OF = date(2026, 6, 15)
OUTLOOK = Outlook(500, (300, 450, 520))
DEBTS_MINOR = (60_00, 180_00, 360_00, 950_00, 2400_00)
NEEDS = (NOTHING_SAID, Needs(450_00))
ALLOWED_MS = 5.0
SHARES_PERMILLE = (None, 100, 250, 400, 500)


def bench(repetitions: int) -> list[Result]:
    """Two or three plans for customers who did and did not say what they can pay, under the default policy."""
    cases = list(product(map(_owing, DEBTS_MINOR), NEEDS))
    rules = policy().arrangements

    def ours() -> None:
        for account, needs in cases:
            recommend(account, "USD", rules, OUTLOOK, needs, AS_OF)

    def everything() -> None:
        for account, needs in cases:
            best_of_all(account, rules, needs, OUTLOOK, AS_OF)

    mine, other = rates(len(cases), repetitions, ours, everything, process_time)
    milliseconds, near = 1000 / mine.median, _nearness(cases, rules)
    return [
        Entry(
            name="recommend plans",
            what="customers with one debt who are shown up to three plans within the default policy's limits",
            unit="customers/s",
            ours=mine,
            alternative="every number of parts, first day and share of the first part",
            plain=other,
            cost=f"{milliseconds:.1f} ms a customer; the first plan is worth {near} permille of the best of all",
            flags=(f"over {ALLOWED_MS} ms",) if milliseconds > ALLOWED_MS else (),
        )
    ]


def best_of_all(account: Account, rules: ArrangementPolicy, needs: Needs, outlook: Outlook, as_of: date) -> int:
    """The worth of the best of all schedules (minor units); 0 when none is possible."""
    case = _case(account, rules, needs, as_of)
    valuation = Valuation(outlook, _habits(account, case), rules.cost_of_money_percent)
    found = [0]
    for frequency, days, count, share in product(
        Frequency, range(case.limits.max_first_days + 1), range(2, case.limits.max_instalments + 1), SHARES_PERMILLE
    ):
        most = needs.most_minor(frequency)
        first_minor = None if share is None else case.debt_minor * share // 1000
        terms = PlanTerms("USD", count, frequency, as_of + timedelta(days=days), first_minor)
        made = draft(terms, case.debt_minor, as_of, case.plans, with_apr=False)
        if is_within(case, made, most):
            found.append(valuation.of(made.instalments, as_of).expected_minor)
    return max(found)


def _nearness(cases: list[tuple[Account, Needs]], rules: ArrangementPolicy) -> int:
    shares = []
    for account, needs in cases:
        case = _case(account, rules, needs, AS_OF)
        valuation = Valuation(OUTLOOK, _habits(account, case), rules.cost_of_money_percent)
        ours = max((valuation.of(made.instalments, AS_OF).expected_minor for _, made in candidates(case)), default=0)
        if best := best_of_all(account, rules, needs, OUTLOOK, AS_OF):
            shares.append(ours * 1000 // best)
    return min(shares)


def _case(account: Account, rules: ArrangementPolicy, needs: Needs, as_of: date) -> Case:
    plans = rules.plans
    assert plans
    limits = plans.limits_of(Authority.CUSTOMER)
    assert limits
    return Case("USD", plans, limits, needs, as_of, debts_of(account, "USD", as_of, None))


def _habits(account: Account, case: Case) -> Habits:
    return habits_of(account, "USD", case.debt_minor, case.needs.most_minor(Frequency.MONTHLY), case.as_of)


def _owing(amount_minor: int) -> Account:
    who = Customer("cus_a", "example", "bench", "1", CustomerKind.PERSON, "A", country="US")
    issued_on = AS_OF - timedelta(days=90)
    invoice = Invoice("inv_a", "A", "USD", amount_minor, issued_on, issued_on + timedelta(days=30))
    return Account(who, 1, {"inv_a": invoice})
