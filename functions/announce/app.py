"""Plans what is announced of agreements and payments: copies, reminders of instalments, failures, receipts; what law
demands and nothing may carry becomes an agent's task.

Trigger: events of the ledger on the bus, and notices that came back, through a queue.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dunwell.dates import business_date
from dunwell.events import Event
from dunwell.outreach.announce import announce
from dunwell.outreach.blocked import keep_notices
from dunwell_aws.batches import BatchAnswer, each_message
from dunwell_aws.bootstrap import base, books, outreach
from dunwell_aws.observability import count, logger, observed

if TYPE_CHECKING:
    from dunwell.ledger.ports import Ledger
    from dunwell.outreach.announce import AnnouncementLog
    from dunwell.outreach.policy import Policy
    from dunwell.outreach.ports import ContactStore
    from dunwell.outreach.tasks import TaskStore


@observed
def handler(
    event: dict[str, Any],
    context: Any,
    *,
    ledger: "Ledger | None" = None,
    store: "ContactStore | None" = None,
    log: "AnnouncementLog | None" = None,
    tasks: "TaskStore | None" = None,
    policy: "Policy | None" = None,
    now: datetime | None = None,
) -> BatchAnswer:
    """A batch of the bus's events. One that comes again, late or after the next plans what is true, once."""
    at, rules = now or base.clock().now(), policy or base.policy()
    today = business_date(at, rules.creditor.timezone)

    def kept() -> "AnnouncementLog":
        return log or outreach.decision_log()

    def tell(body: str) -> None:
        told = json.loads(body)["detail"]
        happened_at = datetime.fromisoformat(told["occurred_at"])
        fact = Event(told["event_id"], told["name"], told["customer_id"], happened_at, told["data"])
        accounts, contacts = ledger or books.ledger(), store or outreach.collection()
        contact = announce(fact, accounts, contacts, kept, rules, today, at)
        count("AnnouncementsPlanned", int(contact is not None))
        if contact:
            logger.info("announced", stage=contact.stage, contact_id=contact.contact_id, status=contact.status)
        worklist = tasks or outreach.tasks()
        count("NoticesForAgents", keep_notices(fact, accounts, contacts, worklist, rules, today, at))

    return each_message(event, tell)
