"""Everything that comes back after messages were sent, one message of the queue at a time, and what follows from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.errors import NotFoundError
from dunwell.ledger.ports import Ledger
from dunwell.outreach.delivery import Feedback, Outcome, latest_on, record_delivery
from dunwell.outreach.permission import NO_ADDRESS
from dunwell.outreach.ports import ContactStore
from dunwell.outreach.replies import Reply, have_read, keyword, record_choice
from dunwell.outreach.switches import Counts, CountStore, Switch, SwitchStore, count_and_judge
from dunwell.outreach.tasks import TaskStore, is_out_of_reach, trouble_task
from dunwell_aws import ses_events
from dunwell_aws.clock import Clock
from dunwell_aws.message_index import DynamoMessageIndex, number_id
from dunwell_aws.observability import logger
from dunwell_aws.sms_events import SMS_SOURCE, WHATSAPP_SOURCE, StatusReport, replies, status_report

NOTED_WITHIN = timedelta(minutes=30)
"""A report may overtake the note of which contact its message is; one on a message older than this is none of ours."""


@dataclass
class ComingBack:
    """Keeps reports, replies and refusals, and counts them for the breakers."""

    ledger: Ledger
    contacts: ContactStore
    tasks: TaskStore
    index: DynamoMessageIndex
    switches: SwitchStore
    counts: CountStore
    clock: Clock
    _new: dict[Channel, Counts] = field(default_factory=dict)

    def keep(self, body: str) -> None:
        """Keep one message of the queue: an event of the bus, or a notification of the topic of replies.

        Raises:
            NotFoundError: it is about a customer or a message that is not known (yet).
        """
        said: dict[str, Any] = json.loads(body)
        if "Message" in said:
            for reply in replies(said):
                self._answered(reply)
        elif said["source"] in (SMS_SOURCE, WHATSAPP_SOURCE):
            if report := status_report(said):
                self._reported(report)
        elif said["source"] == "dunwell.ledger":
            self._unreachable(said["detail"])
        else:
            self._mail(said["detail"])

    def judge(self) -> list[Switch]:
        """Count what was kept since the last time, and stop the channels on which too much came back."""
        new, self._new = self._new, {}
        return count_and_judge(self.switches, self.counts, new, self.clock.now()) if new else []

    def _mail(self, detail: Mapping[str, Any]) -> None:
        feedback = ses_events.feedback(detail, self.clock)
        if feedback is None:
            logger.info("not about a contact")
            return
        self._record(feedback)

    def _reported(self, report: StatusReport) -> None:
        written = self.index.written(report.message_id)
        at = self.clock.shifted(report.at)
        if written is None:
            if self.clock.now() - at < NOTED_WITHIN:
                raise NotFoundError("the message of this report is not noted yet")
            logger.info("not about a contact")
            return
        account = self.ledger.load(written.customer_id)
        points = account.customer.contact_points if account else ()
        address = next((one.address for one in points if number_id(one.address) == written.number_id), "")
        self._record(
            Feedback(
                customer_id=written.customer_id,
                contact_id=written.contact_id,
                outcome=report.outcome,
                address=address,
                message_id=report.message_id,
                at=at,
                permanent=report.permanent,
                channel=report.channel,
                reason=report.reason,
            )
        )

    def _record(self, feedback: Feedback) -> None:
        more = record_delivery(feedback, self.ledger, self.contacts, self.tasks, self.index)
        if more != Counts():
            self._new[feedback.channel] = self._new.get(feedback.channel, Counts()) + more
        logger.info("delivery recorded", contact_id=feedback.contact_id, outcome=feedback.outcome)

    def _answered(self, reply: Reply) -> None:
        """A wish to stop or start is obeyed for all who were written to at the number: nobody can tell whose it was.

        Anything else is put on the worklist: whatever words a customer chooses, a person reads them, and until then no
        text message goes there.
        """
        asked, reply = keyword(reply.text), replace(reply, at=self.clock.shifted(reply.at))
        if asked:
            customers = record_choice(self.index, self.ledger, reply.number, reply.channel, asked, reply.at)
        else:
            customers = self.index.customers(number_id(reply.number))
        for customer_id in customers:
            if not asked:
                have_read(self.ledger, self.tasks, customer_id, reply)
            self._replied(customer_id, reply)
        logger.info("reply kept", asked=asked, customers=len(customers))

    def _replied(self, customer_id: str, reply: Reply) -> None:
        written = self.index.written(reply.message_id) if reply.message_id else None
        if written is None or written.customer_id != customer_id:
            latest = latest_on(self.contacts.state(customer_id).contacts, reply.channel)
            contact_id = latest.contact_id if latest else ""
        else:
            contact_id = written.contact_id
        if contact_id:
            self._record(Feedback(customer_id, contact_id, Outcome.REPLIED, "", "", reply.at, channel=reply.channel))

    def _unreachable(self, fact: Mapping[str, Any]) -> None:
        """A contact was refused because it has no address: a task, when nothing else leads to the customer."""
        account = self.ledger.load(fact["customer_id"])
        reason = fact["data"]["reason_code"]
        if account is None or account.customer.is_internal:
            return
        if reason == NO_ADDRESS and not is_out_of_reach(account.customer):
            return
        if self.tasks.open_task(trouble_task(account.customer, reason, "", self.clock.now())):
            logger.info("put on the worklist", customer_id=fact["customer_id"], reason_code=reason)
