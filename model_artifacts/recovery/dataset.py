"""Moments at which somebody owes something past due, and what came in during the three months after."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from dunwell.scoring.actions import Actions, actions_at
from dunwell.scoring.facts import InvoiceFacts
from dunwell.scoring.known import Known, known_at
from dunwell.scoring.recovery import MONTH_DAYS, RECOVERY_DAYS, PastDue, debtor_of, months_of
from model_artifacts.late_payment.dataset import Ledger
from model_artifacts.recovery.simulate import Collected

EVERY_DAYS = 15


class Moment(NamedTuple):
    """An invoice past due on a day.

    Attributes:
        months: its features at the start of each of the next three months.
        knows_actions: whether it is known what was done.
        has_paid: whether the customer had paid anything before.
        settled: for each month, whether it was settled in it; None when it was settled before, or nobody knows yet.
    """

    account: str
    day: date
    amount_minor: int
    overdue_days: int
    months: list[list[float]]
    knows_actions: bool
    has_paid: bool
    settled: tuple[bool | None, ...]

    def within(self, column: int) -> bool | None:
        """Whether it was settled by the end of a month; None when nobody knows."""
        if any(self.settled[: column + 1]):
            return True
        return None if any(one is None for one in self.settled[: column + 1]) else False


def of_simulation(portfolio: Iterable[Collected], end: date) -> list[Moment]:
    """Every fortnight of a portfolio under collection."""
    found = []
    for one in portfolio:
        for day in _days(one.invoices, end):
            known = known_at(one.invoices, day)
            found += _moments(one.customer, one.invoices, known, actions_at(one.actions, known), end)
    return found


def of_ledger(ledger: Ledger, end: date, since: date = date.min) -> list[Moment]:
    """Every fortnight from a day on of a ledger that does not know what was done."""
    found = []
    for customer, facts in ledger.items():
        for day in _days(facts, end):
            if day >= since:
                found += _moments(customer, facts, known_at(facts, day), None, end)
    return found


def _days(facts: Iterable[InvoiceFacts], end: date) -> list[date]:
    """Days that do not depend on what the customer did."""
    first = min((one.due_on for one in facts), default=end)
    offset = first.toordinal() % EVERY_DAYS
    return [first + timedelta(days=day - offset) for day in range(EVERY_DAYS, (end - first).days, EVERY_DAYS)]


def _moments(
    account: str, facts: Iterable[InvoiceFacts], known: Known, done: Actions | None, end: date
) -> list[Moment]:
    overdue = [one for one in known.open if one.days_past_due(known.as_of) > 0]
    if not overdue:
        return []
    debtor = debtor_of(known)
    truth: Mapping[str, date | None] = {one.invoice_id: one.settled_on for one in facts}
    return [
        Moment(
            account=account,
            day=known.as_of,
            amount_minor=one.amount_minor,
            overdue_days=one.days_past_due(known.as_of),
            months=months_of(PastDue(one, one.amount_minor), debtor, done, None),
            knows_actions=done is not None,
            has_paid=bool(known.settled),
            settled=tuple(_settled(truth[one.invoice_id], known.as_of, month, end) for month in range(3)),
        )
        for one in overdue
    ]


def _settled(settled_on: date | None, day: date, month: int, end: date) -> bool | None:
    """Whether in this month; only where the whole month lies within the ledger, for quick and slow alike."""
    first, last = day + timedelta(days=MONTH_DAYS * month), day + timedelta(days=RECOVERY_DAYS[month])
    if last >= end or (settled_on is not None and settled_on < first):
        return None
    return settled_on is not None and settled_on < last
