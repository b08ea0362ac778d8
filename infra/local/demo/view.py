"""An operator's look into the deployed stack: what the tables, queues and logs hold."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from dunwell.accounts.model import Channel
from dunwell.escalation.case import Case
from dunwell.ledger.model import Account
from dunwell.outreach.contact import UNDER_WAY, Contact, ContactStatus
from dunwell.outreach.policy import Policy
from dunwell_aws.collection import DynamoCollection, contact_of
from dunwell_aws.documents import read_policy
from dunwell_aws.dynamo_json import item, plain
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.series import DynamoSeries
from dunwell_aws.table import CONTACT, FIRST_CHANGE, Table, partition
from infra.local.stack import ROOT, LocalStack


class View:
    """Reads the stack with the operator's credentials, through the product's own adapters."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.outputs = stack.outputs()
        self._dynamodb = stack.client("dynamodb")
        self._sqs = stack.client("sqs")
        table = Table(self._dynamodb, self.outputs["LedgerTableName"])
        self.ledger = DynamoLedger(table)
        self.collection = DynamoCollection(table)
        self.series = DynamoSeries(table)

    @cached_property
    def urls(self) -> dict[str, str]:
        """The public addresses."""
        found = self.stack.client("ssm").get_parameter(Name=self.outputs["UrlsParameterName"])
        urls: dict[str, str] = json.loads(found["Parameter"]["Value"])
        return urls

    @cached_property
    def policy(self) -> Policy:
        """The creditor's policy."""
        return read_policy(ROOT / "infra")

    def _scan(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self.outputs["LedgerTableName"],
            FilterExpression="begins_with(sk, :prefix)",
            ExpressionAttributeValues=item({":prefix": prefix}),
        )
        return (plain(stored) for page in pages for stored in page["Items"])

    def contacts(self) -> list[Contact]:
        """Every contact of every customer."""
        return [contact_of(stored) for stored in self._scan(CONTACT)]

    def is_reminder(self, contact: Contact) -> bool:
        """Whether a contact asks for money: other messages have names that no stage of the policy has."""
        return any(contact.stage == stage.name for stage in self.policy.stages)

    def reminders(self, contacts: Sequence[Contact], customer_id: str, after: date) -> list[Contact]:
        """A customer's reminders that were planned after a day, oldest first."""
        theirs = (one for one in contacts if one.customer_id == customer_id and one.planned_on > after)
        return sorted(
            (one for one in theirs if self.is_reminder(one)), key=lambda one: (one.planned_on, one.contact_id)
        )

    def settled_contacts(self) -> list[Contact] | None:
        """Every contact once none is under way and each sent mail was reported on; None before that.

        What waits for an agent, or for the hour at which its customer may be written to, is not under way.
        """
        contacts = self.contacts()
        return None if any(_is_unsettled(contact) for contact in contacts) else contacts

    def is_idle(self) -> bool | None:
        """True when no queue has work waiting or under way, else None."""
        return None if any(self.waiting_messages(name) for name in self.outputs if name.endswith("QueueUrl")) else True

    def waiting_messages(self, queue: str) -> int:
        """Messages in a queue, those being worked on included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())

    def dead_letters(self) -> dict[str, int]:
        """Dead-letter queues that are not empty."""
        counts = {}
        for name, url in self.stack.physical_ids.items():
            if name.endswith("DeadLetters"):
                found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
                counts[name] = int(found["Attributes"]["ApproximateNumberOfMessages"])
        return {name: count for name, count in counts.items() if count}

    def waiting_cases(self) -> list[Case]:
        """Cases that wait for an agent."""
        return self.collection.waiting_cases()

    def account(self, customer_id: str) -> Account:
        """A customer's account.

        Raises:
            LookupError: there is none.
        """
        account = self.ledger.load(customer_id)
        if account is None:
            raise LookupError(f"the ledger has no customer {customer_id}")
        return account

    def accounts(self) -> Iterator[Account]:
        """Every account of the ledger."""
        for stored in self._scan(FIRST_CHANGE):
            yield self.account(stored["pk"].removeprefix(partition("")))

    def counts(self) -> Counter[str]:
        """Facts in the ledger by kind: CUSTOMER, INVOICE, PAYMENT."""
        found: Counter[str] = Counter()
        for account in self.accounts():
            found.update(CUSTOMER=1, INVOICE=len(account.invoices), PAYMENT=len(account.payments))
        return found

    def ledger_digest(self) -> str:
        """A fingerprint of who owes and paid what: the same for two runs over the same file, whatever interrupted them.

        What a payment gateway names at random is left out.
        """
        lines = []
        for account in self.accounts():
            invoices = sorted((i.number, i.currency, i.amount_minor, str(i.due_on)) for i in account.invoices.values())
            entries = sorted(
                (e.kind, e.currency, e.amount_minor, str(e.on), e.method) for e in account.entries.values()
            )
            owed = sorted((i.invoice.number, i.open_minor) for i in account.open_invoices)
            lines.append(json.dumps([account.customer.number, invoices, entries, owed, account.unapplied]))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def _is_unsettled(contact: Contact) -> bool:
    reported = contact.channel is not Channel.EMAIL or contact.status is not ContactStatus.SENT
    waits_for_an_agent = contact.status is ContactStatus.HANDED_OVER
    waits_for_its_hour = contact.status is ContactStatus.PLANNED and contact.send_after is not None
    return (contact.status in UNDER_WAY and not (waits_for_an_agent or waits_for_its_hour)) or not reported
