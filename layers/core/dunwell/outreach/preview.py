"""What a policy would do if nobody paid: whom it would contact, when, at which stage and how. Nothing is kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from dunwell.events import ESCALATION_DUE
from dunwell.ledger.model import Account
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.plan import AccountPlan, plan_account
from dunwell.outreach.planning import considered
from dunwell.outreach.policy import Policy, PolicyVersions
from dunwell.outreach.ports import CollectionState

ESCALATED = "escalated"
"""What takes the place of a stage when an account would go to an agent."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One contact, or one account handed to an agent.

    Attributes:
        customer: the source's own number.
        stage: its name, or ``escalated``; channel: empty for that.
        amount_minor: what would be asked for (minor units of ``currency``) on so many ``invoices``.
        reason_code: ``OK``, or why the law, the customer or a missing address would stop it that day.
        overrides: which narrower words of the policy had a say.
    """

    on: date
    customer: str
    name: str
    currency: str
    stage: str
    channel: str
    invoices: int
    amount_minor: int
    reason_code: str
    overrides: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether it would go out."""
        return self.reason_code == "OK"


@dataclass(slots=True)
class Preview:
    """What would happen to some accounts over some days.

    Attributes:
        silent: reasons why the policy would say nothing, counted by currency of an account and day.
        overrides: the narrower words that had a say in a silence, counted in the same way.
        accounts: how many were looked at.
    """

    foreseen: list[Foreseen] = field(default_factory=list)
    silent: Counter[str] = field(default_factory=Counter)
    overrides: Counter[str] = field(default_factory=Counter)
    accounts: int = 0


def preview(
    accounts: Iterable[Account],
    policies: PolicyVersions,
    days: Sequence[date],
    planned_at: Callable[[date, Policy], datetime],
    state: CollectionState,
) -> Preview:
    """Plan accounts day by day, as if every message reached the customer and nobody paid, called or disputed.

    Args:
        days: business dates in order; on each the version in force counts.
        planned_at: the instant at which a day's planning asks whether a contact is allowed.
        state: what is known of every customer before the first day.
    """
    found = Preview()
    in_force = [(day, policy := policies.on(day), planned_at(day, policy)) for day in days]
    for account in accounts:
        found.accounts += 1
        _follow(account, in_force, state, found)
    found.foreseen.sort(key=lambda one: (one.on, one.customer, one.currency))
    return found


def _follow(
    account: Account, in_force: Sequence[tuple[date, Policy, datetime]], state: CollectionState, found: Preview
) -> None:
    """One account through the days."""
    for day, policy, now in in_force:
        plan = plan_account(account, state, policy, day, now)
        found.silent.update(str(one.reason) for one in plan.skipped)
        found.overrides.update(word for one in plan.skipped for word in one.overrides)
        if plan.events:
            found.foreseen += _told(account, state, plan, policy, day)
            state = _afterwards(state, plan, now)


def _told(account: Account, state: CollectionState, plan: AccountPlan, policy: Policy, day: date) -> Iterator[Foreseen]:
    words = {one.currency: one.overrides for one in considered(account, state, policy, day)}
    for one in plan.contacts:
        reason = one.decisions[-1].reason_code
        yield _foreseen(
            account, day, one.currency, one.stage, one.channel, one.invoice_ids, reason, words[one.currency]
        )
    for event in plan.escalations:
        currency = str(event.data["currency"])
        ids = [item.invoice.invoice_id for item in account.open_invoices if item.invoice.currency == currency]
        yield _foreseen(account, day, currency, ESCALATED, "", ids, "OK", words[currency])


def _foreseen(
    account: Account,
    day: date,
    currency: str,
    stage: str,
    channel: str,
    invoice_ids: Sequence[str],
    reason_code: str,
    overrides: tuple[str, ...],
) -> Foreseen:
    customer = account.customer
    asked = [item.collectable_minor for item in account.open_invoices if item.invoice.invoice_id in invoice_ids]
    return Foreseen(
        day, customer.number, customer.name, currency, stage, channel, len(asked), sum(asked), reason_code, overrides
    )


def _afterwards(state: CollectionState, plan: AccountPlan, now: datetime) -> CollectionState:
    """As if what was allowed had been sent at once."""
    sent = tuple(_sent(one, now) for one in plan.contacts if one.status is ContactStatus.PLANNED)
    cases = {str(event.data["currency"]) for event in plan.escalations if event.name == ESCALATION_DUE}
    return replace(state, contacts=(*state.contacts, *sent), currencies_in_case=state.currencies_in_case.union(cases))


def _sent(contact: Contact, now: datetime) -> Contact:
    return replace(contact, status=ContactStatus.DELIVERED, sent_at=now)


@dataclass(frozen=True, slots=True)
class Difference:
    """What one policy would do for a customer in a currency and the other would not, or not in the same way."""

    customer: str
    currency: str
    ours: tuple[Foreseen, ...]
    theirs: tuple[Foreseen, ...]


def differences(ours: Preview, theirs: Preview) -> list[Difference]:
    """The customers whom two policies would treat differently, by number and currency."""
    both = [_by_customer(one.foreseen) for one in (ours, theirs)]
    keys = sorted(both[0].keys() | both[1].keys())
    pairs = ((key, tuple(both[0].get(key, ())), tuple(both[1].get(key, ()))) for key in keys)
    return [Difference(*key, mine, other) for key, mine, other in pairs if _seen(mine) != _seen(other)]


def _by_customer(foreseen: Iterable[Foreseen]) -> dict[tuple[str, str], list[Foreseen]]:
    found: dict[tuple[str, str], list[Foreseen]] = {}
    for one in foreseen:
        found.setdefault((one.customer, one.currency), []).append(one)
    return found


def _seen(foreseen: Sequence[Foreseen]) -> tuple[list[tuple[object, ...]], set[str]]:
    """What makes a difference to the customer: what would reach them, and why anything would not."""
    reached = [one for one in foreseen if one.is_allowed]
    refused = {one.reason_code for one in foreseen if not one.is_allowed}
    return [(one.on, one.stage, one.channel, one.invoices, one.amount_minor) for one in reached], refused


def days_between(first: date, last: date) -> list[date]:
    """Every date from the first to the last, both included; none when the last comes before."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
