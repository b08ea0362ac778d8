"""Invoices on automatic payment: each is announced to the customer before it is debited, with its amount and its day.

The customer agreed to that on these terms: at least ten days ahead, whoever they are (REGE-VARY asks it for consumers).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dunwell.ledger.coming import coming
from dunwell.ledger.debits import AttemptStatus, DebitAttempt, PaymentMethod
from dunwell.ledger.tries import NONE, Tries, tries_of

if TYPE_CHECKING:
    from dunwell.ledger.model import Account, OpenInvoice

AUTOPAY = "autopay"
NOTICE_DAYS = 10
"""So many calendar days before its debit the customer is told its amount and day, at the latest."""
TELL_DAYS = 14
"""So many before its due day an invoice is announced, so that weekends and nights delay no debit."""
_LATE_DAYS = 14
"""A debit that should have been so long ago and was not made, such as under a hold, is announced anew."""


@dataclass(frozen=True, slots=True)
class AutomaticDebit:
    """An open invoice that is debited by itself.

    Attributes:
        purpose: what its tries are for.
        coming_minor, given_back_minor: payments on their way for it; what went back of debits for it (minor units).
    """

    item: "OpenInvoice"
    method: PaymentMethod
    purpose: str
    tries: Tries
    coming_minor: int
    given_back_minor: int

    def wanted_minor(self, by: date) -> int:
        """What of it is due by a day, may be asked for, is not on its way and was not given back (minor units)."""
        due = sum(part.amount_minor for part in self.item.schedule if part.due_on <= by)
        return max(0, min(due, self.item.collectable_minor) - self.coming_minor - self.given_back_minor)

    @property
    def told_minor(self) -> int:
        """What of the amount announced for this method is not taken yet (minor units); 0 when nothing was announced."""
        notice = self.tries.notice
        if notice is None or notice.method_id != self.method.method_id:
            return 0
        since = (one for one in self.tries.made if one.started_at >= notice.started_at)
        return max(0, notice.amount_minor - sum(one.amount_minor for one in since if not _failed(one)))

    @property
    def may_go_on(self) -> bool:
        """Whether it may be debited at all: not stopped, under way, or failed for good."""
        return self.tries.may_go_on(self.method.method_id)

    @property
    def on(self) -> date | None:
        """The day of the debit that the customer was told of, or of its next try; None: nothing is announced."""
        if not (self.told_minor and self.tries.notice and self.tries.notice.next_on):
            return None
        mine = self.tries.since_success(self.method.method_id)
        return (mine[-1].next_on if mine else None) or self.tries.notice.next_on

    def told_for(self, as_of: date) -> date | None:
        """``on``, unless that day passed so long ago that the customer no longer expects the debit."""
        return self.on if self.on and as_of <= self.on + timedelta(days=_LATE_DAYS) else None

    @property
    def tell_on(self) -> date:
        """The day from which on it is announced."""
        return self.item.due_on - timedelta(days=TELL_DAYS)

    @property
    def look_on(self) -> date | None:
        """The day on which somebody has to announce or to debit it; None: there is nothing to do."""
        if not (self.may_go_on and self.wanted_minor(self.item.due_on)):
            return None
        return self.on or self.tell_on


def autopay_method(account: "Account") -> PaymentMethod | None:
    """The method that invoices are debited from when they fall due, if the customer switched that on."""
    return next((one for one in account.methods.values() if one.autopay and one.is_usable), None)


def automatic_debits(account: "Account") -> Iterator[AutomaticDebit]:
    """What is debited by itself, now or later; what an agreement is about is debited by that."""
    method = autopay_method(account)
    if method is None:
        return
    on_its_way, tries = coming(account), tries_of(account)
    given_back = _given_back(account, tries)
    for item in account.open_invoices:
        invoice_id = item.invoice.invoice_id
        if item.is_collectable and not account.agreement_on(invoice_id):
            purpose = f"{AUTOPAY}#{invoice_id}#{item.due_on.isoformat()}"
            mine = tries.get(purpose, NONE)
            yield AutomaticDebit(item, method, purpose, mine, on_its_way[invoice_id], given_back[invoice_id])


def _given_back(account: "Account", tries: Mapping[str, Tries]) -> Counter[str]:
    """What went back of automatic debits, by invoice (minor units), whatever day each was for."""
    found: Counter[str] = Counter()
    for purpose, mine in tries.items():
        what, _, rest = purpose.partition("#")
        if what == AUTOPAY:
            found[rest.partition("#")[0]] += mine.given_back_minor(account)
    return found


def announced_minor(account: "Account", as_of: date) -> Mapping[str, int]:
    """What announced debits will take of each invoice (minor units): nobody has to be asked for it."""
    found: Counter[str] = Counter()
    for one in automatic_debits(account):
        on = one.told_for(as_of)
        if one.may_go_on and on:
            found[one.item.invoice.invoice_id] = min(one.told_minor, one.wanted_minor(max(on, as_of)))
    return found


def _failed(attempt: DebitAttempt) -> bool:
    return attempt.status is AttemptStatus.FAILED
