"""The second half of the daily cycle: plans the contacts of a worker's open accounts. Trigger: state machine."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dunwell.ledger.model import Account
from dunwell.outreach.plan import plan_and_keep
from dunwell_aws import bootstrap
from dunwell_aws.observability import count, logger, observed
from dunwell_aws.portfolio import Pass, run_pass

THREADS = 8


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    request = Pass.model_validate(event)
    policy, store, now = bootstrap.policy(), bootstrap.collection(), bootstrap.clock().now()
    as_of = request.business_date(now, policy.creditor.timezone)
    planned: Counter[str] = Counter()
    escalated = 0

    def plan(accounts: Sequence[Account]) -> None:
        nonlocal escalated
        with ThreadPoolExecutor(THREADS) as pool:
            for made in pool.map(lambda account: plan_and_keep(account, store, policy, as_of, now), accounts):
                planned.update(contact.decisions[-1].reason_code for contact in made.contacts)
                escalated += len(made.escalations)

    cursor = run_pass(request, bootstrap.ledger(), plan, context.get_remaining_time_in_millis)
    logger.info("contacts planned", reasons=dict(planned), escalated=escalated)
    count("ContactsPlanned", planned.total())
    reasons = dict(Counter(request.reasons) + planned)
    return request.then(cursor=cursor, reasons=reasons, escalated=request.escalated + escalated)
