"""The second half of the daily cycle: plans the contacts of a worker's open accounts. Trigger: state machine."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.ledger.model import Account
from dunwell.outreach.decisions import planned
from dunwell.outreach.plan import carry_out
from dunwell_aws.bootstrap import base, books, outreach
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.decisions import DecisionLog
    from dunwell.outreach.ports import ContactStore
    from dunwell.outreach.switches import Switches

THREADS = 8


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    store: "ContactStore | None" = None,
    log: "DecisionLog | None" = None,
    switches: "Switches | None" = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """One worker's pass, or the part of it that time allows. Planning a page twice plans it once.

    A page's decisions are kept before anything follows from them.
    """
    request = Pass.model_validate(event)
    policy, contacts, at = base.policy(), store or outreach.pass_collection(), now or base.clock().now()
    decisions, run = log or outreach.decision_log(), request.run or f"at{at:%H%M%S%f}"
    as_of = request.business_date(at, policy.creditor.timezone)
    policy = base.policy(as_of)
    turned = switches or outreach.switched()
    reasons: Counter[str] = Counter()
    escalated = 0

    def plan(accounts: Sequence[Account]) -> None:
        nonlocal escalated
        states = pool.map(lambda account: contacts.state(account.customer.customer_id), accounts)
        stopped = tuple(sorted(turned.stopped()))
        decided = [planned(*one, policy, as_of, at, stopped) for one in zip(accounts, states, strict=True)]
        kept = decisions.keep_page(as_of, run, policy, decided)
        for made in pool.map(lambda one: carry_out(one.decision.customer_id, one.plan, contacts), kept):
            reasons.update(contact.decisions[-1].reason_code for contact in made.contacts)
            escalated += len(made.escalations)

    with ThreadPoolExecutor(THREADS) as pool:
        cursor = run_pass(request, ledger or books.pass_ledger(), plan, context.get_remaining_time_in_millis)
    logger.info("contacts planned", reasons=dict(reasons), escalated=escalated)
    count("ContactsPlanned", reasons.total())
    together = dict(Counter(request.reasons) + reasons)
    return request.then(cursor=cursor, reasons=together, escalated=request.escalated + escalated)
