"""Customers who promise, agree to plans, and keep, cure or break them; with a clock that is passed in."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from dunwell.arrangements.desk import ArrangementDesk
from dunwell.arrangements.evaluate import evaluate
from dunwell.arrangements.policy import ArrangementPolicy, Authority, Frequency, PlanLimits, PlanPolicy
from dunwell.arrangements.schedule import PlanTerms
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus, Authorisation
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import Ledger
from dunwell.ledger.posting import post_payment
from dunwell.ledger.update import update

ARRANGEMENTS = ArrangementPolicy(plans=PlanPolicy(limits={Authority.AGENT: PlanLimits(6)}, grace_days=5))
_DAYS_LATE = {"keeps": 0, "cures": 2}


@dataclass
class Promising:
    """What customers agree to in a season, and what they pay of it.

    Attributes:
        to_pay: payments to come: the day, the customer, the currency and the amount.
        looks: by customer, the day on which somebody has to look at what was agreed.
    """

    ledger: Ledger
    zone_name: str
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    to_pay: list[tuple[date, str, str, int]] = field(default_factory=list)
    looks: dict[str, date] = field(default_factory=dict)

    @property
    def desk(self) -> ArrangementDesk:
        """Where they agree."""
        return ArrangementDesk(self.ledger, ARRANGEMENTS, self.zone_name, "season")

    def agree(self, customer_id: str, now: datetime) -> None:
        """Promise or agree to a plan about everything open in one currency, where that may be."""
        account = self.ledger.load(customer_id)
        if account is None or not account.balances:
            return
        currency = self.rng.choice(sorted(account.balances))
        try:
            made = self._made(account, currency, now)
        except (RefusedError, InvalidInputError):
            return
        self.looks[customer_id] = made.next_on or now.date()
        late = _DAYS_LATE.get(self.rng.choice(("keeps", "cures", "breaks")))
        if late is not None:
            days = late if made.kind is AgreementKind.PLAN else 0
            self.to_pay += [
                (one.due_on + timedelta(days=days), customer_id, currency, one.amount_minor) for one in made.instalments
            ]

    def _made(self, account: Account, currency: str, now: datetime) -> Agreement:
        customer_id, today = account.customer.customer_id, now.date()
        on = today + timedelta(days=self.rng.randint(2, 9))
        if self.rng.random() < 0.5:
            amount_minor = sum(
                one.collectable_minor for one in account.open_invoices if one.invoice.currency == currency
            )
            who, agent = "agent:jo", Authority.AGENT
            return self.desk.promise(customer_id, currency, amount_minor, on, who=who, authority=agent, at=now)
        terms = PlanTerms(currency, 3, Frequency.WEEKLY, on)
        plan = self.desk.propose_plan(customer_id, terms, who="agent:jo", authority=Authority.AGENT, at=now)
        said = Authorisation("I agree.", now, "agent", "agent:jo")
        return self.desk.authorise(customer_id, plan.agreement_id, said)

    def pass_a_day(self, now: datetime) -> None:
        """What was to be paid by today comes, and agreements are judged whose day it is."""
        today = now.date()
        due = [one for one in self.to_pay if one[0] <= today]
        self.to_pay = [one for one in self.to_pay if one[0] > today]
        for payment in due:
            self._update(payment[1], partial(_paid, payment=payment, now=now))
        for customer_id in [one for one, on in self.looks.items() if on <= today] + [payment[1] for payment in due]:
            self._update(customer_id, lambda account: evaluate(account, ARRANGEMENTS, today, now))

    def _update(self, customer_id: str, decide: Callable[[Account], Change]) -> None:
        account = update(self.ledger, customer_id, decide)
        self.looks[customer_id] = account.next_look_on or date.max

    def became(self, customer_ids: list[str]) -> Counter[tuple[AgreementKind, AgreementStatus]]:
        """What became of the agreements of some customers."""
        accounts = [account for one in customer_ids if (account := self.ledger.load(one))]
        return Counter((one.kind, one.status) for account in accounts for one in account.agreements.values())


def _paid(account: Account, payment: tuple[date, str, str, int], now: datetime) -> Change:
    on, _, currency, amount_minor = payment
    open_minor = account.balances.get(currency, 0)
    if not open_minor:
        return Change(account)
    return post_payment(
        account,
        method="bank",
        reference=f"agreed-{on}-{currency}-{amount_minor}",
        currency=currency,
        amount_minor=min(amount_minor, open_minor),
        received_at=now,
    )
