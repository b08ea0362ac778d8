"""What the gateway's report does to one of our own tries to debit a saved method, in the same write as the money."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from dunwell.events import DEBIT_FAILED, Event
from dunwell.ids import stable_id
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, MethodKind
from dunwell.ledger.model import Account
from dunwell.ledger.tries import tries_of
from dunwell.payments.contesting import is_return
from dunwell.payments.draft import Draft
from dunwell.payments.methods import end_method
from dunwell.payments.ports import GatewayDispute, GatewayPayment, PaymentStatus
from dunwell.payments.retries import Retry, RetryOutcome, decide_retry, learned_paydays

_UNAUTHORISED = "debit_not_authorized"
_DONE = frozenset({AttemptStatus.SUCCEEDED, AttemptStatus.FAILED})


def weekdays(day: date) -> bool:
    """Banks work from Monday to Friday: where nobody says more of their holidays."""
    return day.isoweekday() <= 5


def follow_attempt(
    draft: Draft, payment: GatewayPayment, now: datetime, works: Callable[[date], bool] = weekdays
) -> None:
    """Bring a try to where its payment is. A try that ended stays so, unless a debit that succeeded came back.

    Args:
        now: in the creditor's time zone; its date is the business date.
        works: whether banks work on a day.
    """
    attempt = draft.account.attempts.get(payment.attempt_id)
    if attempt is None:
        return
    known = replace(attempt, payment_reference=payment.reference)
    taken = (one for one in payment.disputes if one.withdrawn_minor)
    back = next((one for one in taken if _ends_the_try(payment, one)), None)
    if payment.status is PaymentStatus.SUCCEEDED and back:
        if attempt.status is not AttemptStatus.FAILED or attempt.code != (back.code or back.reason):
            _fail(draft, known, (back.reason, back.code, ""), now, works)
    elif payment.status is PaymentStatus.SUCCEEDED:
        _move(draft, replace(known, status=AttemptStatus.SUCCEEDED, code="", next_on=None), attempt)
    elif attempt.status in _DONE:
        return
    elif payment.status is PaymentStatus.PROCESSING:
        _move(draft, replace(known, status=AttemptStatus.PROCESSING, next_on=None), attempt)
    elif payment.status is PaymentStatus.FAILED:
        _fail(draft, known, (payment.failure_code, payment.decline_code, payment.advice), now, works)


def _ends_the_try(payment: GatewayPayment, dispute: GatewayDispute) -> bool:
    """Whether a dispute means that the debit failed after all: it was returned, or was not authorised."""
    return is_return(payment, dispute) or (payment.is_debit and dispute.reason == _UNAUTHORISED)


def _move(draft: Draft, after: DebitAttempt, before: DebitAttempt) -> None:
    if after != before:
        draft.put_attempt(after)


def _fail(
    draft: Draft, attempt: DebitAttempt, words: tuple[str, str, str], now: datetime, works: Callable[[date], bool]
) -> None:
    """The try failed: with the bank's own code where there is one, and the day of the next try if there is one."""
    code, decline_code, _ = words
    retry = _retry(draft, attempt, words, now, works)
    failed = replace(
        attempt, status=AttemptStatus.FAILED, code=decline_code or code or "unknown", next_on=retry.next_on
    )
    draft.put_attempt(failed)
    draft.tell(_failed(draft.account.customer.customer_id, failed, retry, now))
    if retry.outcome is RetryOutcome.STOP and attempt.method_id in draft.account.methods:
        draft.take(end_method(draft.account, attempt.method_id, failed.code, now))


def _retry(
    draft: Draft, attempt: DebitAttempt, words: tuple[str, str, str], now: datetime, works: Callable[[date], bool]
) -> Retry:
    account = draft.account
    failed = replace(attempt, status=AttemptStatus.FAILED)
    tries = tries_of(replace(account, attempts=account.attempts | {attempt.attempt_id: failed}))
    tried = tries[attempt.purpose].since_success()
    tried_on = [one.started_at.astimezone(now.tzinfo).date() for one in tried]
    paydays = learned_paydays([payment.on for payment in account.payments.values()])
    method = account.methods.get(attempt.method_id)
    kind = method.kind if method else MethodKind.CARD
    last_on = _grace_ends_on(account, attempt, works)
    return decide_retry(tried_on, *words, kind, paydays, now.date(), works, last_on)


def _grace_ends_on(account: Account, attempt: DebitAttempt, works: Callable[[date], bool]) -> date | None:
    """The last day of grace of the instalment that was debited, as it is without delays; None for an invoice."""
    agreement_id, _, number = attempt.purpose.rpartition("#")
    agreement = account.agreements.get(agreement_id)
    parts = agreement.instalments if agreement else ()
    day = next((part.due_on for part in parts if str(part.number) == number), None)
    left = agreement.grace_days if agreement else 0
    while day and left:
        day += timedelta(days=1)
        left -= works(day)
    return day


def _failed(customer_id: str, attempt: DebitAttempt, retry: Retry, now: datetime) -> Event:
    return Event(
        event_id=stable_id("evt", DEBIT_FAILED, customer_id, attempt.attempt_id, attempt.code),
        name=DEBIT_FAILED,
        customer_id=customer_id,
        occurred_at=now,
        data={
            "attempt_id": attempt.attempt_id,
            "method_id": attempt.method_id,
            "currency": attempt.currency,
            "amount_minor": attempt.amount_minor,
            "code": attempt.code,
            "outcome": retry.outcome.value,
            "next_on": retry.next_on.isoformat() if retry.next_on else None,
        },
    )
