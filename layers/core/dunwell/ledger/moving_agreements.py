"""What becomes of agreements, payment methods and debits when customers are merged or a customer is split."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from dunwell.ledger.agreements import Agreement, AgreementStatus
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.steps import ended, stepped

MOVED = "moved"
"""Why an agreement is cancelled on the account that it left; it goes on, under its id, on the other one."""
SPLIT = "split"
"""Why an agreement is cancelled some of whose debts left."""


def with_agreements(change: Change, absorbed: Account) -> Change:
    """A merger's change of the kept account, with the agreements, methods and debits of the absorbed one.

    Only one method pays invoices by itself: the kept account's, if it has one.
    """
    kept = change.account
    agreements = {i: one for i, one in absorbed.agreements.items() if not _is_here(kept, one)}
    has_autopay = any(method.autopay for method in kept.methods.values())
    methods = {
        i: replace(method, autopay=False) if has_autopay else method
        for i, method in absorbed.methods.items()
        if i not in kept.methods
    }
    attempts = {i: one for i, one in absorbed.attempts.items() if i not in kept.attempts}
    return change.then(Change(kept, agreements=agreements, methods=methods, attempts=attempts))


def _is_here(kept: Account, agreement: Agreement) -> bool:
    """Whether the kept account's own version counts: what left it and comes back is told by the other."""
    own = kept.agreements.get(agreement.agreement_id)
    return _has_left(agreement) or (own is not None and not _has_left(own))


def _has_left(agreement: Agreement) -> bool:
    return bool(agreement.steps) and agreement.steps[-1].why == MOVED


def parted_agreements(
    account: Account, leaving: Collection[str], at: datetime, who: str
) -> tuple[Change, dict[str, Agreement]]:
    """What a split does to the agreements of the account that is split, and those that go along.

    An agreement whose debts all leave goes along. One of which a part leaves cannot be kept by either customer: it is
    cancelled, and what it gave up is taken back. Methods and debits stay with the customer who saved them, so that
    nobody is debited for somebody else.
    """
    change, joining = Change(account), dict[str, Agreement]()
    for agreement_id, one in account.agreements.items():
        gone = [invoice_id for invoice_id in one.invoice_ids if invoice_id in leaving]
        if not gone or _has_left(one):
            continue
        if len(gone) == len(one.debts):
            joining[agreement_id] = _without_method(one)
            left = stepped(one, AgreementStatus.CANCELLED, at, who, MOVED, next_on=None)
            change = change.then(Change(account, agreements={agreement_id: left}))
        elif one.is_standing or one.status is AgreementStatus.PROPOSED:
            change = change.then(ended(account, one, AgreementStatus.CANCELLED, at, who, SPLIT))
    ended_ids = tuple(f"{agreement_id}#" for agreement_id in change.agreements)
    attempts = {
        i: replace(one, next_on=None)
        for i, one in account.attempts.items()
        if one.next_on and ended_ids and one.attempt_id.startswith(ended_ids)
    }
    return change.then(Change(account, attempts=attempts)), joining


def _without_method(agreement: Agreement) -> Agreement:
    """The evidence stays; the method is another customer's now."""
    evidence = agreement.authorisation
    return replace(agreement, authorisation=replace(evidence, method_id="")) if evidence else agreement
