"""Promises to pay: who may promise what, and whether they are kept (rule PTP)."""

from datetime import date, timedelta
from enum import StrEnum

from dunwell.arrangements.policy import ArrangementPolicy, Authority, PromisePolicy
from dunwell.arrangements.progress import Progress
from dunwell.errors import InvalidInputError, RefusedError
from dunwell.ledger.agreements import AgreementStatus
from dunwell.money import format_money


class PromiseOutcome(StrEnum):
    """What became of a promise."""

    OPEN = "open"
    KEPT = "kept"
    PARTIAL = "partial"
    BROKEN = "broken"


def outcome(kept: Progress) -> PromiseOutcome:
    """What became of a promise by the day of its progress."""
    if kept.status is AgreementStatus.COMPLETED:
        return PromiseOutcome.KEPT
    if kept.status is not AgreementStatus.BROKEN:
        return PromiseOutcome.OPEN
    return PromiseOutcome.PARTIAL if kept.paid_minor else PromiseOutcome.BROKEN


def promise_policy(policy: ArrangementPolicy) -> PromisePolicy:
    """How promises work. Raises RefusedError: there are none."""
    if policy.promises is None:
        raise RefusedError("Promises to pay are not taken here. Please contact us.", code="no_promises")
    return policy.promises


def require_promise(
    policy: PromisePolicy,
    amount_minor: int,
    debt_minor: int,
    currency: str,
    on: date,
    as_of: date,
    authority: Authority,
) -> None:
    """Refuse a promise that cannot be meant.

    Raises:
        InvalidInputError: the amount is not positive or more than is owed; the day has passed or is too far away for
            a customer, who then asks an agent.
    """
    if amount_minor <= 0:
        raise InvalidInputError("Promise an amount of more than zero.", field="amount", code="amount_zero")
    if amount_minor > debt_minor:
        raise InvalidInputError(
            f"Only {format_money(debt_minor, currency)} is open: promise at most that.",
            field="amount",
            code="amount_too_much",
        )
    if on < as_of:
        raise InvalidInputError("This day has passed: choose today or a later day.", field="on", code="day_passed")
    if authority is Authority.CUSTOMER and on > as_of + timedelta(days=policy.max_days):
        last = as_of + timedelta(days=policy.max_days)
        raise InvalidInputError(
            f"Choose a day up to {last.isoformat()}, or contact us.", field="on", code="day_too_late"
        )
