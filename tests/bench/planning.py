"""Planning: customers a second with the contact rules and the records that are kept, and the rules alone."""

import gc
from collections.abc import Sequence
from dataclasses import replace
from time import process_time
from zoneinfo import ZoneInfo

from dunwell.accounts.model import Channel
from dunwell.compliance.decide import decide
from dunwell.compliance.model import Channel as RuleChannel
from dunwell.compliance.model import Consents, ContactRequest, CustomerFacts, Party
from dunwell.compliance.place import Location
from dunwell.ledger.model import Account
from dunwell.outreach.decisions import planned
from dunwell.outreach.planning import considered, escalations_due
from dunwell.outreach.ports import CollectionState
from dunwell_aws.decision_log import packed
from dunwell_aws.portfolio import PAGE
from tests.bench.measure import Entry, Result, Spread, rates
from tests.bench.portfolio import AS_OF, NOW, policy, portfolio

STATE = CollectionState(risk_permille=700, model_version="bench")
ROUNDS = 5
PLACE = "plan:2026-06-30:07:bench"
OPENING, CLOSING = 8, 21
PER_SECOND = 5_000
"""What one core is to fold and plan at least."""


def bench(repetitions: int) -> list[Result]:
    """Planning of every open account, with its balances folded and at hand; and the question asked for everybody."""
    return [_folding(repetitions), _planning(repetitions), _deciding(repetitions)]


def plan_pages(accounts: Sequence[Account], *, anew: bool = False) -> None:
    """Plan accounts as the daily pass does, page by page, and pack the decisions.

    Args:
        anew: fold the balances from the facts, as for accounts that were just read.
    """
    for first in range(0, len(accounts), PAGE):
        page = accounts[first : first + PAGE]
        read = [replace(account) for account in page] if anew else page  # a copy knows the facts and no balance
        packed(PLACE, policy(), [planned(account, STATE, policy(), AS_OF, NOW) for account in read])


def overdue() -> list[Account]:
    """The portfolio's accounts with something past due."""
    return [one for one in portfolio().open_accounts if any(item.past_due_minor(AS_OF) for item in one.open_invoices)]


def _folding(repetitions: int) -> Entry:
    accounts = overdue()
    facts = sum(len(one.invoices) + len(one.entries) for one in accounts) / len(accounts)

    def ours() -> None:
        for _ in range(ROUNDS):
            plan_pages(accounts, anew=True)

    def only_fold() -> None:
        for account in accounts * ROUNDS:
            _ = replace(account).open_invoices

    gc.collect()
    gc.freeze()  # a worker holds a page of accounts: the collector is not to go through our portfolio
    mine, other = rates(len(accounts) * ROUNDS, repetitions, ours, only_fold, process_time)
    gc.unfreeze()
    return Entry(
        name="fold and plan",
        what=f"overdue customers of {facts:.0f} facts folded, planned and their decisions packed",
        unit="customers/s",
        ours=mine,
        alternative="the fold alone",
        plain=other,
        cost=f"{1000 / mine.median:.2f} ms of one core a customer",
        flags=(f"below {PER_SECOND:,} a second",) if mine.median < PER_SECOND else (),
    )


def _planning(repetitions: int) -> Entry:
    accounts = portfolio().open_accounts
    contacts = sum(len(planned(account, STATE, policy(), AS_OF, NOW).plan.contacts) for account in accounts)

    def ours() -> None:
        plan_pages(accounts)

    def without_rules() -> None:
        for account in accounts:
            escalations_due(account, STATE, policy(), AS_OF)
            considered(account, STATE, policy(), AS_OF)

    mine, other = rates(len(accounts), repetitions, ours, without_rules, process_time)
    return Entry(
        name="plan",
        what=f"customers planned, every rule asked, decisions packed ({contacts} contacts; balances at hand)",
        unit="customers/s",
        ours=mine,
        alternative="the same planning without asking whether the contact is permitted, and without a record",
        plain=other,
        cost=f"{1000 / mine.median:.2f} ms of one core a customer",
    )


def _deciding(repetitions: int) -> Entry:
    requests = [_request(account) for account in portfolio().accounts] * ROUNDS

    def ours() -> None:
        for request in requests:
            decide(request)

    def naive() -> None:
        for request in requests:
            _naive(request)

    mine, other = rates(len(requests), repetitions, ours, naive, process_time)
    return Entry(
        name="decide",
        what="may this contact be made: all rules, with reason, citations and the next opening",
        unit="decisions/s",
        ours=mine,
        alternative=f"opted out, and {OPENING} to {CLOSING} o'clock in the customer's zone; nothing else",
        plain=other,
        cost=_cost(mine),
    )


def _cost(ours: Spread) -> str:
    return f"{1000 / ours.median:.3f} ms of one core; asked when planning and again when sending"


def _request(account: Account) -> ContactRequest:
    customer = account.customer
    return ContactRequest(
        channel=RuleChannel.EMAIL,
        now=NOW,
        party=Party.FIRST,
        debt_ids=tuple(account.invoices)[:3],
        customer=CustomerFacts(
            consumer=customer.kind == "person",
            location=Location(
                country=customer.country, state=customer.region or None, timezone=customer.timezone or None
            ),
            consents=Consents(sms=customer.consent(Channel.SMS) is not None),
        ),
    )


def _naive(request: ContactRequest) -> bool:
    if request.channel in request.customer.opted_out:
        return False
    hour = request.now.astimezone(ZoneInfo(request.customer.location.timezone or "UTC")).hour
    return OPENING <= hour < CLOSING
