"""Collection, simulated: there is no public record of what reminders, calls and promises do.

Takes a made-up portfolio, whose settlement dates say when customers would pay by themselves, and plays a policy like
the default one over it: messages at 1, 10 and 20 days past due, the last one a warning, then an agent who calls every
week. Some messages are left out at random, so that what they do can be told from whom they are sent to. **Every effect
here is an assumption**, written down below.
"""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dunwell.scoring.actions import Action, ActionKind
from dunwell.scoring.facts import InvoiceFacts
from infra.local.portfolio import habit_of_customer
from model_artifacts.late_payment.dataset import PORTFOLIO_AS_OF, made_up

# By habit: the chance that a message makes the customer pay within days, that a talk ends in a promise, of its keeping.
RESPONDS = {"reliable": 0.45, "forgetful": 0.5, "slow_but_sure": 0.15, "deteriorating": 0.15, "cash_strapped": 0.08,
            "disputing": 0.1, "gone_quiet": 0.05, "new": 0.35}  # fmt: skip
PROMISES = {"reliable": 0.6, "forgetful": 0.6, "slow_but_sure": 0.5, "deteriorating": 0.5, "cash_strapped": 0.5,
            "disputing": 0.2, "gone_quiet": 0.2, "new": 0.5}  # fmt: skip
KEEPS = {"reliable": 0.9, "forgetful": 0.8, "slow_but_sure": 0.7, "deteriorating": 0.45, "cash_strapped": 0.35,
         "disputing": 0.5, "gone_quiet": 0.15, "new": 0.6}  # fmt: skip
WEARS_OFF = 0.6  # each further message works this much as well as the one before
TALK_OVER_MESSAGE = 1.5
STOPS = 0.08  # customers who at some time pay nothing any more, by themselves
STOPPED_DAYS = 60  # so long ago at least, where the history is as long
STAGES = ((1, ActionKind.MESSAGE), (10, ActionKind.MESSAGE), (20, ActionKind.WARNING))
SENT, REACHES, ANSWERS = 0.85, 0.9, 0.4
MIN_GAP_DAYS, CASE_FROM_DAYS, SILENT_DAYS, CALL_EVERY_DAYS = 3, 30, 14, 7
HISTORY_DAYS = 730


@dataclass(frozen=True, slots=True)
class Collected:
    """A customer's invoices as they were settled under collection, and what was done."""

    customer: str
    invoices: list[InvoiceFacts]
    actions: list[Action]


def collected(seed: int, customers: int = 400) -> list[Collected]:
    """A made-up portfolio under collection; the same arguments always give the same."""
    ledger = made_up(seed, customers)
    return [_Account(number, facts, seed).run() for number, facts in ledger.items()]


class _Account:
    """One customer, day by day."""

    def __init__(self, number: str, facts: list[InvoiceFacts], seed: int) -> None:
        self._number = number
        self._rng = random.Random(f"{seed}/{number}/collection")
        habit = habit_of_customer(number, seed)
        self._responds, self._promises, self._keeps = RESPONDS[habit], PROMISES[habit], KEEPS[habit]
        self._facts = {one.invoice_id: one for one in facts}
        self._pays_on = {one.invoice_id: one.settled_on or date.max for one in facts}
        self._actions: list[Action] = []
        self._stages_done: set[tuple[str, int]] = set()
        self._last_on = date.min
        self._case_on: date | None = None
        self._messages = 0
        if self._rng.random() < STOPS:
            self._stop(self._some_day())

    def run(self) -> Collected:
        """The whole history."""
        for back in range(HISTORY_DAYS, 0, -1):
            day = PORTFOLIO_AS_OF - timedelta(days=back)
            overdue = [i for i, one in self._facts.items() if one.due_on < day <= self._pays_on[i]]
            if overdue:
                self._collect(day, overdue)
            else:
                self._relax(day)
        invoices = [
            replace(one, settled_on=on if (on := self._pays_on[i]) < PORTFOLIO_AS_OF else None)
            for i, one in self._facts.items()
        ]
        return Collected(self._number, invoices, self._actions)

    def _some_day(self) -> date:
        """A day of this customer's own history, the first one for who is new: some never pay at all."""
        first = min(one.issued_on for one in self._facts.values())
        return first + timedelta(days=self._rng.randrange(max(1, (PORTFOLIO_AS_OF - first).days - STOPPED_DAYS)))

    def _stop(self, day: date) -> None:
        self._responds, self._keeps = self._responds * 0.15, self._keeps * 0.3
        self._facts = {i: one for i, one in self._facts.items() if one.issued_on < day + timedelta(days=45)}
        self._pays_on = {i: on if (on := self._pays_on[i]) < day else date.max for i in self._facts}

    def _relax(self, day: date) -> None:
        self._messages = 0
        if self._case_on:
            self._close_case(day)

    def _collect(self, day: date, overdue: list[str]) -> None:
        oldest = min(overdue, key=lambda i: (self._facts[i].due_on, i))
        late = (day - self._facts[oldest].due_on).days
        if (day - self._last_on).days < MIN_GAP_DAYS:
            return
        if self._case_on:
            if (day - self._last_on).days >= CALL_EVERY_DAYS:
                self._call(day, overdue)
            return
        for number, (from_days, kind) in enumerate(STAGES):
            if late >= from_days and late < from_days + MIN_GAP_DAYS and (oldest, number) not in self._stages_done:
                self._stages_done.add((oldest, number))
                self._message(day, kind, overdue)
        warned = any(one.kind is ActionKind.WARNING and (day - one.on).days < 60 for one in self._actions[-5:])
        if late >= CASE_FROM_DAYS and warned and (day - self._last_on).days >= SILENT_DAYS:
            self._case_on = day
            self._actions.append(Action(day, ActionKind.CASE))

    def _message(self, day: date, kind: ActionKind, overdue: list[str]) -> None:
        if self._rng.random() < SENT * REACHES:
            self._last_on = day
            self._actions.append(Action(day, kind))
            self._answer(day, overdue, self._responds * WEARS_OFF**self._messages)
            self._messages += 1

    def _call(self, day: date, overdue: list[str]) -> None:
        self._last_on = day
        if self._rng.random() >= ANSWERS:
            self._actions.append(Action(day, ActionKind.NO_ANSWER))
        elif self._rng.random() < self._promises:
            until = day + timedelta(days=self._rng.randrange(5, 15))
            self._last_on = until
            self._actions.append(Action(day, ActionKind.PROMISE, until))
            if self._rng.random() < self._keeps:
                self._pay_by(until - timedelta(days=self._rng.randrange(3)), overdue)
        else:
            self._actions.append(Action(day, ActionKind.SPOKEN))
            self._answer(day, overdue, self._responds * TALK_OVER_MESSAGE * WEARS_OFF ** min(3, self._messages))

    def _answer(self, day: date, overdue: list[str], chance: float) -> None:
        if self._rng.random() < chance:
            self._pay_by(day + timedelta(days=1 + int(self._rng.expovariate(1 / 3))), overdue)

    def _pay_by(self, day: date, overdue: list[str]) -> None:
        for invoice_id in overdue:
            self._pays_on[invoice_id] = min(self._pays_on[invoice_id], day)

    def _close_case(self, day: date) -> None:
        self._actions = [
            one._replace(until=day) if one.kind is ActionKind.CASE and one.until is None else one
            for one in self._actions
        ]
        self._case_on = None
