"""The customer stops a single debit before it is made (rule REGE-AUTH). The debt stays; only this debit is off.

A stopped debit is a try that was never started and failed with a code of ours: no other try for the same purpose
follows one that failed for good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.errors import RefusedError
from dunwell.ledger.agreements import AgreementKind
from dunwell.ledger.automatic import NOTICE_DAYS, automatic_debits
from dunwell.ledger.change import Change
from dunwell.ledger.debits import STOPPED_BY_CUSTOMER, AttemptStatus, DebitAttempt, PaymentMethod
from dunwell.ledger.model import Account
from dunwell.ledger.tries import NONE, tries_of
from dunwell.payments.due import Unpaid, authorised_minor, debited_from
from dunwell.payments.payable import uncovered


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
    found = (*_instalments(account, unpaid, as_of), *_invoices(account, as_of))
    return tuple(sorted(found, key=lambda one: (one.on, one.purpose)))


def stop_debit(account: Account, purpose: str, unpaid: Unpaid, as_of: date, now: datetime) -> Change:
    """Stop one debit that is to come; again changes nothing.

    Raises:
        RefusedError: no such debit is to come: it is under way, or was made.
    """
    tries = tries_of(account).get(purpose, NONE)
    if tries.is_stopped:
        return Change(account)
    coming = next((one for one in coming_debits(account, unpaid, as_of) if one.purpose == purpose), None)
    if coming is None:
        raise RefusedError("This debit is not planned any more.", code="no_debit")
    lines = tuple((one, min(coming.amount_minor, account.open_minor(one))) for one in coming.invoice_ids)
    stopped = DebitAttempt(
        attempt_id=f"{purpose}#{len(tries.made) + 1}",
        purpose=purpose,
        method_id=coming.method.method_id,
        currency=coming.currency,
        amount_minor=coming.amount_minor,
        lines=lines,
        started_at=now,
        status=AttemptStatus.FAILED,
        code=STOPPED_BY_CUSTOMER,
    )
    return Change(account, attempts={stopped.attempt_id: stopped})


def _instalments(account: Account, unpaid: Unpaid, as_of: date) -> Iterator[ComingDebit]:
    tries = tries_of(account)
    for agreement in account.agreements.values():
        evidence = agreement.authorisation
        method = account.methods.get(evidence.method_id) if evidence else None
        if not agreement.is_standing or agreement.kind is AgreementKind.PROMISE or not (method and method.is_usable):
            continue
        left = uncovered(account, agreement, unpaid(account, agreement, as_of))
        for part in agreement.instalments:
            purpose = f"{agreement.agreement_id}#{part.number}"
            mine = tries.get(purpose, NONE)
            amount_minor = authorised_minor(account, part, mine, left.get(part.number, 0))
            if amount_minor and mine.may_go_on(method.method_id):
                last = mine.since_success(method.method_id)[-1:]
                days = (debited_from(account, agreement, part), as_of, *(one.next_on for one in last if one.next_on))
                yield ComingDebit(purpose, method, agreement.currency, amount_minor, max(days), agreement.invoice_ids)


def _invoices(account: Account, as_of: date) -> Iterator[ComingDebit]:
    """Invoices as they were announced; those that were not, as they will be when that is done today or later."""
    for one in automatic_debits(account):
        invoice, told_for = one.item.invoice, one.told_for(as_of)
        on = max(told_for or max(one.item.due_on, as_of + timedelta(days=NOTICE_DAYS)), as_of)
        wanted_minor = one.wanted_minor(on)
        amount_minor = min(one.told_minor, wanted_minor) if told_for else wanted_minor
        if amount_minor and one.may_go_on:
            yield ComingDebit(one.purpose, one.method, invoice.currency, amount_minor, on, (invoice.invoice_id,))
