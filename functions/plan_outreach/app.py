"""The second half of the daily cycle: plans the contacts of a worker's open accounts. Trigger: state machine."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.ledger.model import Account
from dunwell.outreach.plan import plan_and_keep
from dunwell_aws import bootstrap
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.ports import ContactStore

THREADS = 8


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    store: "ContactStore | None" = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """One worker's pass, or the part of it that time allows. Planning a page twice plans it once."""
    request = Pass.model_validate(event)
    policy, contacts, at = bootstrap.policy(), store or bootstrap.collection(), now or bootstrap.clock().now()
    as_of = request.business_date(at, policy.creditor.timezone)
    policy = bootstrap.policy(as_of)
    planned: Counter[str] = Counter()
    escalated = 0

    def plan(accounts: Sequence[Account]) -> None:
        nonlocal escalated
        with ThreadPoolExecutor(THREADS) as pool:
            for made in pool.map(lambda account: plan_and_keep(account, contacts, policy, as_of, at), accounts):
                planned.update(contact.decisions[-1].reason_code for contact in made.contacts)
                escalated += len(made.escalations)

    cursor = run_pass(request, ledger or bootstrap.ledger(), plan, context.get_remaining_time_in_millis)
    logger.info("contacts planned", reasons=dict(planned), escalated=escalated)
    count("ContactsPlanned", planned.total())
    reasons = dict(Counter(request.reasons) + planned)
    return request.then(cursor=cursor, reasons=reasons, escalated=request.escalated + escalated)
