"""The deployed stack as its users and operators meet it: files, mails, pages, webhooks, tables."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import stripe

from dunwell.accounts.holds import Hold, placed
from dunwell.accounts.links import Links
from dunwell.escalation.case import Case, CaseStatus
from dunwell.ingestion.importing import customer_id
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.update import update
from dunwell.outreach.contact import UNDER_WAY, Contact
from dunwell.outreach.plan import ESCALATION_REASONS, plan_account
from dunwell.payments.order import CheckoutOrder
from dunwell_aws.access import DynamoAccessStore
from dunwell_aws.documents import read_policy
from dunwell_aws.orders import DynamoOrderStore
from dunwell_aws.results import RESULTS, UPLOADS
from dunwell_aws.table import Table
from infra.local.demo import steps
from infra.local.demo.gateway import STRIPE_KEY
from infra.local.demo.payer import Payer
from infra.local.demo.progress import Progress
from infra.local.demo.view import View
from infra.local.stack import LocalStack
from tests.support.debtors import ROOT, SOURCE, TODAY, csv_file
from tests.support.emulator import eventually

WAIT_SECONDS = 90
"""Cold starts on a busy machine take seconds each."""

_TIMEOUT_SECONDS = 30
SMALL_AND_SOON = {
    "PortfolioWorkers": "2",
    "EscalationSpreadSeconds": "1",
    "LargeFileBytes": "60000",
    "RangeBytes": "30000",
}


class Deployment:
    """A running stack whose functions live on ``TODAY``. Each test brings customers of its own."""

    def __init__(self, stack: LocalStack, offset: timedelta) -> None:
        self.stack = stack
        self.view = View(stack)
        self.policy = read_policy(ROOT / "infra")
        self._today = TODAY
        self._offset = offset

    def now(self) -> datetime:
        """What the functions' clock shows."""
        return datetime.now(UTC) + self._offset

    def move_on(self, days: int) -> None:
        """Make it a later day for every function."""
        self._today += timedelta(days=days)
        self._offset = timedelta(seconds=self.stack.set_clock(steps.instant(self._today)))

    @contextmanager
    def charging(self, policy: str) -> Iterator[None]:
        """Meanwhile, late fees and interest are those of another policy."""
        before = self.stack.set_variable("PostCharges", "POLICY", policy)
        try:
            yield
        finally:
            self.stack.set_variable("PostCharges", "POLICY", before)

    def hold(self, number: str, kind: str, since: timedelta) -> None:
        """Note a hold on everything that a customer owes, placed so long ago."""
        hold = Hold(kind, None, self.now() - since, placed_by="test")

        def decide(account: Account) -> Change:
            return Change(account, replace(account.customer, holds=placed(account.customer.holds, hold)))

        update(self.view.ledger, self.customer_id(number), decide)

    # ------------------------------------------------------------ files

    def put_upload(self, name: str, content: bytes) -> None:
        """Upload a file, without waiting for what becomes of it."""
        bucket = self.view.outputs["IngestBucketName"]
        self.stack.client("s3").put_object(Bucket=bucket, Key=UPLOADS + name, Body=content)

    def result(self, name: str) -> str | None:
        """A file under ``results/``; None while there is none."""
        s3 = self.stack.client("s3")
        try:
            found = s3.get_object(Bucket=self.view.outputs["IngestBucketName"], Key=RESULTS + name)
        except s3.exceptions.NoSuchKey:
            return None
        text: str = found["Body"].read().decode()
        return text

    def report(self, key: str) -> str | None:
        """A report; None while there is none."""
        s3 = self.stack.client("s3")
        try:
            found = s3.get_object(Bucket=self.view.outputs["ReportsBucketName"], Key=key)
        except s3.exceptions.NoSuchKey:
            return None
        text: str = found["Body"].read().decode()
        return text

    def run_record(self, name: str) -> dict[str, Any]:
        """What became of an upload, once that is known."""
        record: dict[str, Any] = json.loads(eventually(lambda: self.result(f"{name}.run.json"), WAIT_SECONDS))
        return record

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file; its run record. A name is used once."""
        self.put_upload(name, content)
        return self.run_record(name)

    def bank_file(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a bank file; its run record. A name is used once."""
        return self.upload(f"bank/{name}", content)

    def owe(self, *rows: Mapping[str, str]) -> None:
        """Bring invoices into the ledger by a file, as a source would."""
        name = f"{rows[0]['customer_number']}-{time.monotonic_ns()}.csv"
        run = self.upload(name, csv_file(rows))
        assert run["in_ledger"] == len(rows), run

    # ------------------------------------------------------------ accounts and contacts

    def customer_id(self, number: str) -> str:
        """The id of a customer of the test files."""
        return customer_id(self.policy.creditor.creditor_id, SOURCE, number)

    def account(self, number: str) -> Account:
        """A customer's account; LookupError when the ledger has none."""
        return self.view.account(self.customer_id(number))

    def is_known(self, number: str) -> bool:
        """Whether the ledger has the customer."""
        return self.view.ledger.load(self.customer_id(number)) is not None

    def contacts(self, number: str) -> tuple[Contact, ...]:
        """A customer's contacts, oldest first."""
        return self.view.collection.state(self.customer_id(number)).contacts

    def plan(self, number: str, *, dispatch: bool = True, send_after: datetime | None = None) -> Contact:
        """Plan a customer's contact as the daily cycle would; without its event it waits for ``dispatch``."""
        store, account = self.view.collection, self.account(number)
        state = store.state(account.customer.customer_id)
        plan = plan_account(account, state, self.policy, self._today, self.now())
        assert len(plan.contacts) == 1, plan
        plan = replace(plan, contacts=(replace(plan.contacts[0], send_after=send_after),))
        assert store.plan(account.customer.customer_id, plan.contacts, plan.events if dispatch else ())
        return plan.contacts[0]

    def dispatch(self, contact: Contact) -> None:
        """Put a planned contact's message into the dispatch queue, as the bus does."""
        fact = {"customer_id": contact.customer_id, "data": {"contact_id": contact.contact_id}}
        self.send("ContactsQueueUrl", {"detail": fact})

    def stored(self, contact: Contact) -> Contact:
        """A contact as it stands."""
        found = self.view.collection.contact(contact.customer_id, contact.contact_id)
        assert found is not None
        return found

    def orders(self, number: str) -> list[CheckoutOrder]:
        """What a customer set out to pay."""
        table = Table(self.stack.client("dynamodb"), self.view.outputs["LedgerTableName"])
        return DynamoOrderStore(table).orders(self.customer_id(number))

    def settled(self, contact: Contact, *statuses: str) -> Contact:
        """A contact once it is in one of the statuses, by default in any that is not under way."""

        def look() -> Contact | None:
            now = self.stored(contact)
            return now if (now.status in statuses if statuses else now.status not in UNDER_WAY) else None

        return eventually(look, WAIT_SECONDS)

    def remind(self, *numbers: str) -> list[Contact]:
        """Plan, send and wait until the mails have arrived."""
        planned = [self.plan(number) for number in numbers]
        return [self.settled(contact, "delivered") for contact in planned]

    def issue_link(self, number: str, purpose: str) -> str:
        """A link's token, as dispatch makes one for a message."""
        store = DynamoAccessStore(Table(self.stack.client("dynamodb"), self.view.outputs["AccessTableName"]))
        return Links(store).issue_link(self.customer_id(number), purpose, self.now())

    def cases(self, number: str) -> list[Case]:
        """The customer's cases."""
        return self.view.collection.cases(self.customer_id(number))

    def escalate(self, number: str, times: int = 1) -> Case:
        """Announce that a customer is due for escalation, as planning does; the case once it waits for an agent."""
        oldest = self.account(number).open_invoices[0].invoice
        due = {
            "currency": oldest.currency,
            "oldest_invoice_id": oldest.invoice_id,
            "reason_codes": ESCALATION_REASONS,
        }
        self.put_event("EscalationDue", {"customer_id": self.customer_id(number), "data": due}, times)
        return self.case(number, CaseStatus.WAITING)

    def case(self, number: str, status: CaseStatus, after_version: int = 0) -> Case:
        """The customer's one case, once it has a status."""

        def look() -> Case | None:
            cases = self.cases(number)
            assert len(cases) <= 1, cases
            reached = cases and cases[0].status is status and cases[0].version > after_version
            return cases[0] if reached else None

        return eventually(look, WAIT_SECONDS)

    # ------------------------------------------------------------ queues, bus and machines

    def send(self, queue: str, body: Mapping[str, Any]) -> None:
        """A message into a queue, named by its output."""
        self.stack.client("sqs").send_message(QueueUrl=self.view.outputs[queue], MessageBody=json.dumps(body))

    def wait_until_empty(self, queue: str) -> None:
        """Until every message of a queue was dealt with."""
        eventually(lambda: not self.view.waiting_messages(queue), WAIT_SECONDS)

    def put_event(self, name: str, detail: Mapping[str, Any], times: int = 1) -> None:
        """A fact on the bus, as publish_changes puts it there."""
        entry = {
            "EventBusName": self.view.outputs["EventBusName"],
            "Source": "dunwell.ledger",
            "DetailType": name,
            "Detail": json.dumps(detail),
        }
        answer = self.stack.client("events").put_events(Entries=[entry] * times)
        assert answer["FailedEntryCount"] == 0

    def daily_cycle(self) -> list[dict[str, Any]]:
        """Run the daily cycle as its schedule does; each worker's account of it."""
        machine = self.stack.client("stepfunctions")
        started = machine.start_execution(stateMachineArn=self.view.outputs["DailyCycleArn"], input="{}")

        def ended() -> Any:
            found = machine.describe_execution(executionArn=started["executionArn"])
            return found if found["status"] != "RUNNING" else None

        found = eventually(ended, 2 * WAIT_SECONDS)
        assert found["status"] == "SUCCEEDED", found
        workers: list[dict[str, Any]] = json.loads(found["output"])
        return workers

    # ------------------------------------------------------------ the outside world

    def mails(self, address: str) -> list[dict[str, Any]]:
        """Every mail that an address received, oldest first."""
        return _json("GET", f"{self.stack.ses_endpoint}/_sandbox/messages", params={"to": address})  # type: ignore[no-any-return]

    def texts(self, number: str) -> list[str]:
        """Every text message that a telephone received."""
        found = _json("GET", f"{self.stack.endpoint}/_ministack/sns/sms-messages")["sms_messages"]
        return [str(message["Message"]) for message in found.get(number, [])]

    def ses_fault(self, **spec: Any) -> None:
        """Arm a fault of the mail service."""
        _json("POST", f"{self.stack.ses_endpoint}/_sandbox/faults", json=spec)

    def stripe_fault(self, **spec: Any) -> None:
        """Arm a fault of the payment gateway."""
        _json("POST", f"{self.stack.stripe_endpoint}/_sandbox/faults", json=spec)

    def settle_debit(self, number: str, outcome: str = "succeeded") -> None:
        """Let the bank answer a customer's newest debit under way: ``succeeded``, or one of the gateway's codes."""
        client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": self.stack.stripe_endpoint})
        intents = client.v1.payment_intents.list({"limit": 100}).data
        theirs = self.customer_id(number)
        waiting = [one.id for one in intents if one.status == "processing" and one.metadata["customer_id"] == theirs]
        command = {"payment_intent": waiting[0], "outcome": outcome}
        _json("POST", f"{self.stack.stripe_endpoint}/_sandbox/settle", json=command)

    def deliveries(self) -> list[dict[str, Any]]:
        """The webhooks that the gateway has sent, with what was answered."""
        return _json("GET", f"{self.stack.stripe_endpoint}/_sandbox/deliveries")["deliveries"]  # type: ignore[no-any-return]

    def pay(self, number: str) -> Account:
        """The customer pays everything, from the mail's link on; the account once the ledger shows it settled."""
        return Payer(self.view, Progress(), self.account(number)).pay_all()


def _json(method: str, url: str, **options: Any) -> Any:
    answer = requests.request(method, url, timeout=_TIMEOUT_SECONDS, **options)
    answer.raise_for_status()
    return answer.json()


@contextmanager
def running_deployment() -> Iterator[Deployment]:
    """The stack, deployed as for the demo, with ports, logs and scratch of its own; stopped at the end."""
    with LocalStack(run_dir=ROOT / ".local" / "test-run" / "e2e") as stack:
        stack.build()
        offset = steps.clock_offset_seconds(TODAY)
        stack.deploy({"ClockOffsetSeconds": str(offset), **SMALL_AND_SOON})
        steps.connect(stack)
        yield Deployment(stack, timedelta(seconds=offset))
