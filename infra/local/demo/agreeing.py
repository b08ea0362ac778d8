"""Two reminded customers who cannot pay now: one agrees a payment plan, one promises a day. Later both are held to it.

Everything goes through the portal's pages and the hosted checkout, and three weeks later through the schedule's queue.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.arrangements.evaluate import calendar_of
from dunwell.arrangements.policy import Frequency
from dunwell.arrangements.progress import PartState
from dunwell.arrangements.progress import progress as progress_of
from dunwell.arrangements.recommend import debts_of, why_none
from dunwell.ledger.agreements import Agreement, AgreementKind, AgreementStatus
from dunwell.ledger.debits import AttemptStatus
from dunwell.ledger.model import Account
from dunwell.money import exponent, format_money
from dunwell.outreach.contact import Contact
from dunwell_aws.portal.means import Means
from infra.local.demo.customer import CARD, PortalCustomer
from infra.local.demo.gateway import every_report_heard
from infra.local.demo.payer import reminded
from infra.local.demo.progress import Progress
from infra.local.demo.steps import DemoError
from infra.local.demo.view import View

PARTS = 3
PAYDAY = timedelta(days=7)
"""From the first day to the customer's next payday, of which there is one every two weeks. The first part is paid at
once, so that the second is the first one that is debited: on the day of the second daily cycle."""
PROMISED = timedelta(days=7)
LEAST_PROMISED_MINOR = 5_000


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreement as it was made, or as it is later: whose, and how far its instalments were paid.

    Attributes:
        paid: how many instalments are paid; debited: the numbers of those that were debited from the saved method.
        next_on: the day of the first one that is not paid; None when all are.
    """

    account: Account
    agreement: Agreement
    paid: int = 0
    debited: frozenset[int] = frozenset()
    next_on: date | None = None

    @property
    def customer_id(self) -> str:
        """Whose it is."""
        return self.account.customer.customer_id

    @property
    def number(self) -> str:
        """The customer's number."""
        return self.account.customer.number

    @property
    def last_on(self) -> date:
        """The last day."""
        return self.agreement.instalments[-1].due_on

    @property
    def amount(self) -> str:
        """What was agreed to pay."""
        return format_money(self.agreement.amount_minor, self.agreement.currency)


class Agreeing(PortalCustomer):
    """One customer who agrees about what is owed."""

    def agree_plan(self, means: Means) -> Agreement:
        """Say what can be paid, take the first plan that is recommended, pay its first part and have the card kept.

        Raises:
            LocalStackError: a page was not what it should be, or the payment was not posted.
        """
        self._to_options()
        self._follow("/plan?currency=")
        self._progress.note("asking for a plan")
        payday = means.payday.isoformat() if means.payday else ""
        self._submit(amount=_whole(means.amount_minor, means.currency), frequency=means.frequency.value, payday=payday)
        self._press('form[action$="/plans"]')
        self._press('form:has(input[name="method"][value="new"])')
        self._progress.note("paying the first part on the hosted checkout")
        self._submit(**CARD)
        self._progress.note("waiting for the webhook")
        return self._progress.wait("the first part to be posted and the card to be kept", self._plan_with_card)

    def promise(self, amount: str, day: date) -> Agreement:
        """Promise an amount by a day; what the ledger then holds."""
        self._to_options()
        self._follow("/promise?currency=")
        self._submit(amount=amount, day=day.isoformat())
        made = _standing(self.now(), AgreementKind.PROMISE)
        if made is None:
            raise DemoError(f"the promise was not taken: {self.words[:300]}")
        return made

    def _to_options(self) -> None:
        self.sign_in()
        self._follow("/options?currency=")

    def _plan_with_card(self) -> Agreement | None:
        account = self.now()
        plan = _standing(account, AgreementKind.PLAN)
        kept = plan is not None and plan.authorisation is not None and plan.authorisation.method_id in account.methods
        return plan if kept and sum(account.balances.values()) < sum(self._account.balances.values()) else None


def agree_plan(view: View, progress: Progress, contacts: Sequence[Contact], day: date) -> Agreed | None:
    """Let a second reminded customer agree a plan; None when nobody fits."""
    for account in reminded(view, contacts):
        means = means_of(account, day)
        if why_none(account, means.currency, view.policy.arrangements, means.needs, day) is None:
            plan = Agreeing(view, progress, account).agree_plan(means)
            made = _as_it_is(view, plan, account, day)
            progress.note(
                f"customer {made.number} pays {made.amount} in {len(plan.instalments)} parts, {made.paid} paid"
            )
            return made
    progress.note("nobody was reminded of enough to divide")
    return None


def promise(
    view: View, progress: Progress, contacts: Sequence[Contact], day: date, besides: Collection[str]
) -> Agreed | None:
    """Let a third reminded customer promise to pay within a week, which will not be kept; None when nobody is left."""
    others = (one for one in reminded(view, contacts) if one.customer.customer_id not in besides)
    account = next((one for one in others if min(one.balances.values()) >= LEAST_PROMISED_MINOR), None)
    if account is None:
        progress.note("nobody else was reminded of enough")
        return None
    ((currency, owed_minor),) = account.balances.items()
    made = Agreeing(view, progress, account).promise(_whole(owed_minor, currency), day + PROMISED)
    found = Agreed(account, made)
    progress.note(f"customer {found.number} promises {found.amount} by {found.last_on}")
    return found


def hold_to_it(view: View, progress: Progress, day: date, agreed: Sequence[Agreed]) -> list[Agreed]:
    """Ask for what is due as the schedule would; each agreement as it is then.

    Raises:
        LocalStackError: an instalment was not debited, a plan does not stand any more, or a promise still does.
    """
    if not agreed:
        progress.note("nobody has agreed anything")
        return []
    due = {one.agreement.agreement_id: _due(view, one, day) for one in agreed}
    view.stack.client("sqs").send_message(QueueUrl=view.outputs["DebitsQueueUrl"], MessageBody="{}")
    progress.note("debiting what is due")
    progress.wait("what is due to be debited", lambda: None if view.waiting_messages("DebitsQueueUrl") else True, 120)
    every_report_heard(view, progress)
    found = [_as_it_is(view, one.agreement, one.account, day) for one in agreed]
    for one in found:
        _check(one, due[one.agreement.agreement_id], day)
    progress.note(", ".join(map(_said, found)))
    return found


def means_of(account: Account, day: date) -> Means:
    """What a customer says who can pay the whole in a few parts, one each payday, in whole units of money."""
    ((currency, owed_minor),) = account.balances.items()
    debt_minor = sum(one.amount_minor for one in debts_of(account, currency, day, None)) or owed_minor
    unit_minor = 10 ** exponent(currency)
    return Means(currency, -(-debt_minor // (PARTS * unit_minor)) * unit_minor, Frequency.TWO_WEEKS, day + PAYDAY)


def _whole(amount_minor: int, currency: str) -> str:
    """Whole units, which are typed alike in every language."""
    return str(amount_minor // 10 ** exponent(currency))


def _standing(account: Account, kind: AgreementKind) -> Agreement | None:
    return next((one for one in account.agreements.values() if one.kind is kind and one.is_standing), None)


def _as_it_is(view: View, agreement: Agreement, account: Account, day: date) -> Agreed:
    account = view.account(account.customer.customer_id)
    now = account.agreements[agreement.agreement_id]
    parts = progress_of(account, now, calendar_of(view.policy.arrangements), day).parts
    debited = [one for one in account.attempts.values() if one.status is AttemptStatus.SUCCEEDED]
    numbers = frozenset(
        int(one.purpose.rpartition("#")[2]) for one in debited if one.purpose.startswith(f"{now.agreement_id}#")
    )
    paid, left = sum(part.state is PartState.PAID for part in parts), (part for part in parts if part.left_minor)
    return Agreed(account, now, paid, numbers, next((part.agreed.due_on for part in left), None))


def _due(view: View, one: Agreed, day: date) -> frozenset[int]:
    """The instalments of a plan that are to be debited by a day."""
    if one.agreement.kind is AgreementKind.PROMISE:
        return frozenset()
    parts = progress_of(one.account, one.agreement, calendar_of(view.policy.arrangements), day).parts
    return frozenset(part.agreed.number for part in parts if part.left_minor and part.agreed.due_on <= day)


def _check(one: Agreed, due: frozenset[int], day: date) -> None:
    status = one.agreement.status
    if one.agreement.kind is AgreementKind.PROMISE:
        if status is not AgreementStatus.BROKEN or one.account.paused_invoices(day):
            raise DemoError(f"nothing came of the promise of customer {one.number}, and it is {status}, not broken")
        return
    if not one.agreement.is_standing:
        raise DemoError(f"the plan of customer {one.number} is {status}, though nothing was missed")
    if missing := due - one.debited:
        raise DemoError(f"instalment {min(missing)} of customer {one.number} was due and not debited")


def _said(one: Agreed) -> str:
    if one.agreement.kind is AgreementKind.PROMISE:
        return f"the promise of customer {one.number} is {one.agreement.status}"
    return f"{len(one.debited) or 'no'} instalment of customer {one.number} debited"
