"""What comes next for a case. Pure: the same case, account and date give the same answer."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dunwell.dates import days_past_due
from dunwell.escalation.case import CLOSED_BY_AGENT, SETTLED, WITHDRAWN, Case
from dunwell.ledger.model import Account


class NextStep(StrEnum):
    """What the state machine does after an evaluation."""

    CLOSE = "close"
    AWAIT_AGENT = "await_agent"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The next step, and the outcome with which a case ends."""

    next_step: NextStep
    outcome: str = ""


def evaluate(case: Case, account: Account | None, as_of: date) -> Evaluation:
    """Judge a case afresh from the account as it stands on a business date.

    A case is about what is overdue in its currency: an invoice that is not due yet does not keep it open, and one that
    became overdue meanwhile does. A customer who is gone from the ledger ends it as withdrawn.
    """
    if case.is_closed:
        return Evaluation(NextStep.CLOSE, case.outcome)
    if case.closed_by_agent:
        return Evaluation(NextStep.CLOSE, CLOSED_BY_AGENT)
    if account is None:
        return Evaluation(NextStep.CLOSE, WITHDRAWN)
    overdue = [
        item
        for item in account.open_invoices
        if item.invoice.currency == case.currency and days_past_due(item.due_on, as_of) > 0
    ]
    if not overdue:
        return Evaluation(NextStep.CLOSE, SETTLED)
    if not any(item.is_collectable for item in overdue):
        return Evaluation(NextStep.CLOSE, WITHDRAWN)
    return Evaluation(NextStep.AWAIT_AGENT)
