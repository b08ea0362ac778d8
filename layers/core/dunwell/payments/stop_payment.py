"""The customer stops a single debit before it is made (rule REGE-AUTH). The debt stays; only this debit is off.

A stopped debit is a try that was never started and failed with a code of ours: no other try for the same purpose
follows one that failed for good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from dunwell.errors import RefusedError
from dunwell.ledger.agreements import AgreementKind
from dunwell.ledger.change import Change
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.payments.due import AUTOPAY, Unpaid
from dunwell.payments.methods import autopay_method

STOPPED = "stopped_by_customer"


@dataclass(frozen=True, slots=True)
class ComingDebit:
    """A debit that will be made unless it is stopped (minor units)."""

    purpose: str
    method: PaymentMethod
    currency: str
    amount_minor: int
    on: date
    invoice_ids: tuple[str, ...]


def coming_debits(account: Account, unpaid: Unpaid, as_of: date) -> tuple[ComingDebit, ...]:
    """The debits that are authorised and neither made nor stopped, soonest first.

    Args:
        unpaid: what is left of each instalment of an agreement.
    """
    tried = {one.purpose for one in account.attempts.values() if one.next_on is None}
    found = (*_instalments(account, unpaid, as_of), *_invoices(account))
    return tuple(sorted((one for one in found if one.purpose not in tried), key=lambda one: (one.on, one.purpose)))


def stop_debit(account: Account, purpose: str, unpaid: Unpaid, as_of: date, now: datetime) -> Change:
    """Stop one debit that is to come; again changes nothing.

    Raises:
        RefusedError: no such debit is to come: it is under way, or was made.
    """
    tries = [one for one in account.attempts.values() if one.purpose == purpose]
    if any(one.code == STOPPED for one in tries):
        return Change(account)
    coming = next((one for one in coming_debits(account, unpaid, as_of) if one.purpose == purpose), None)
    if coming is None or any(one.status is not AttemptStatus.FAILED for one in tries):
        raise RefusedError("This debit is not planned any more.", code="no_debit")
    lines = tuple((one, min(coming.amount_minor, account.open_minor(one))) for one in coming.invoice_ids)
    stopped = DebitAttempt(
        attempt_id=f"{purpose}#{len(tries) + 1}",
        purpose=purpose,
        method_id=coming.method.method_id,
        currency=coming.currency,
        amount_minor=coming.amount_minor,
        lines=lines,
        started_at=now,
        status=AttemptStatus.FAILED,
        code=STOPPED,
    )
    return Change(account, attempts={stopped.attempt_id: stopped})


def _instalments(account: Account, unpaid: Unpaid, as_of: date) -> Iterator[ComingDebit]:
    for agreement in account.agreements.values():
        evidence = agreement.authorisation
        method = account.methods.get(evidence.method_id) if evidence else None
        if not agreement.is_standing or agreement.kind is AgreementKind.PROMISE or not (method and method.is_usable):
            continue
        left = unpaid(account, agreement, as_of)
        for part in agreement.instalments:
            if amount_minor := left.get(part.number, 0):
                purpose = f"{agreement.agreement_id}#{part.number}"
                on = max(part.due_on, as_of)
                yield ComingDebit(purpose, method, agreement.currency, amount_minor, on, agreement.invoice_ids)


def _invoices(account: Account) -> Iterator[ComingDebit]:
    method = autopay_method(account)
    if method is None:
        return
    for item in account.open_invoices:
        invoice = item.invoice
        if item.is_collectable and not account.agreement_on(invoice.invoice_id):
            purpose = f"{AUTOPAY}#{invoice.invoice_id}#{item.due_on.isoformat()}"
            ids = (invoice.invoice_id,)
            yield ComingDebit(purpose, method, invoice.currency, item.collectable_minor, item.due_on, ids)
