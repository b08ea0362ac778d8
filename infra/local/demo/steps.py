"""The demo's steps. Each does one thing on the real triggers and checks what it says."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from dunwell.ledger.model import Account
from dunwell.money import format_money
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell_aws.results import RESULTS, UPLOADS
from infra.local.demo.gateway import connect_gateway
from infra.local.demo.payer import Payer, reminded
from infra.local.demo.progress import Progress
from infra.local.demo.source import Source
from infra.local.demo.view import View
from infra.local.errors import LocalStackError
from infra.local.stack import LocalStack

BUSINESS_HOUR = time(15, tzinfo=UTC)
"""The demo lives at 15:00 UTC of its day: the morning in New York, the afternoon in Europe."""

THREE_WEEKS = timedelta(days=21)
AGENT_EMAIL, AGENT_PASSWORD = "agent@example.com", "Local-agent-1"


class DemoError(LocalStackError):
    """A step did not do what it says."""


def instant(day: date) -> datetime:
    """The demo's moment of a day."""
    return datetime.combine(day, BUSINESS_HOUR)


def clock_offset_seconds(day: date) -> int:
    """How far the demo's moment of a day is from now."""
    return round((instant(day) - datetime.now(UTC)).total_seconds())


def connect(stack: LocalStack) -> View:
    """What an operator does once after a deploy: Stripe's key and webhook, and the first agent."""
    view = View(stack)
    connect_gateway(stack, view.urls["webhooks"])
    cognito, pool = stack.client("cognito-idp"), view.outputs["AgentPoolId"]
    cognito.admin_create_user(UserPoolId=pool, Username=AGENT_EMAIL, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=AGENT_EMAIL, Password=AGENT_PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=AGENT_EMAIL, GroupName="agents")
    return view


def run_record(view: View, progress: Progress, name: str, content: bytes) -> dict[str, Any]:
    """Put a file into the ingest bucket under a name of its own and wait for its run record."""
    s3, bucket = view.stack.client("s3"), view.outputs["IngestBucketName"]
    s3.put_object(Bucket=bucket, Key=UPLOADS + name, Body=content)

    def answered() -> dict[str, Any] | None:
        try:
            found = s3.get_object(Bucket=bucket, Key=f"{RESULTS}{name}.run.json")
        except s3.exceptions.NoSuchKey:
            return None
        record: dict[str, Any] = json.loads(found["Body"].read())
        return record

    return progress.wait(f"the run record of {name}", answered, timeout_seconds=240)


def upload(view: View, progress: Progress, source: Source) -> dict[str, Any]:
    """Put the file into the ingest bucket and wait for its run record; every row must be accounted for."""
    run = run_record(view, progress, source.path.name, source.path.read_bytes())
    if run["status"] != "done":
        raise DemoError(f"the file was refused: {run['failure']}")
    if run["rows"] != source.rows or run["in_ledger"] + run["rejected"] + run["later"] != run["rows"]:
        raise DemoError(f"the run record does not account for the file's {source.rows} rows: {run}")
    in_ledger = view.counts()["INVOICE"]
    if in_ledger > run["in_ledger"]:
        raise DemoError(f"the ledger holds {in_ledger} invoices, the run record says {run['in_ledger']}")
    progress.note(f"{run['in_ledger']} in the ledger, {run['rejected']} rejected, {run['later']} later")
    return run


@dataclass(frozen=True)
class Cycle:
    """What one daily cycle did, and every contact of every customer once it had settled."""

    scored: int
    escalated: int
    contacts: list[Contact]


def daily_cycle(view: View, progress: Progress) -> Cycle:
    """Start the daily cycle as its schedule would, and wait until every contact it planned is settled."""
    machine = view.stack.client("stepfunctions")
    started = machine.start_execution(stateMachineArn=view.outputs["DailyCycleArn"], input="{}")

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = machine.describe_execution(executionArn=started["executionArn"])
        return None if found["status"] == "RUNNING" else found

    found = progress.wait("the daily cycle", ended, timeout_seconds=240)
    if found["status"] != "SUCCEEDED":
        raise DemoError(f"the daily cycle {found['status'].lower()}: {found.get('cause') or found.get('error')}")
    workers = json.loads(found["output"])
    scored = sum(worker["scored"] for worker in workers)
    planned = sum(sum(worker["reasons"].values()) for worker in workers)
    progress.note(f"{scored} invoices scored, {planned} contacts planned; sending")

    def settled() -> list[Contact] | None:
        contacts = view.settled_contacts()
        return contacts if contacts is not None and len(contacts) >= planned else None

    contacts = progress.wait("the planned contacts to be sent and their delivery reported", settled, 240)
    sent = sum(contact.status in (ContactStatus.SENT, ContactStatus.DELIVERED) for contact in contacts)
    progress.note(f"{scored} invoices scored, {planned} contacts planned, {sent} sent so far in all")
    return Cycle(scored, sum(worker["escalated"] for worker in workers), contacts)


def pay(view: View, progress: Progress, contacts: list[Contact]) -> Account | None:
    """Let one reminded customer pay; the account afterwards, None when nobody was reminded."""
    account = next(reminded(view, contacts), None)
    if account is None:
        progress.note("nobody was reminded")
        return None
    payer = Payer(view, progress, account)
    settled = payer.pay_all()
    if not payer.sees_it_settled():
        raise DemoError("the ledger shows the account settled, the customer's page does not")
    paid = next(entry for entry_id, entry in settled.payments.items() if entry_id not in account.payments)
    progress.note(f"customer {account.customer.number} paid {format_money(paid.amount_minor, paid.currency)}")
    return settled


def escalate(view: View, progress: Progress, called_for: int) -> int:
    """Wait until as many cases as the cycle called for wait for an agent; how many there are."""
    machine = view.stack.client("stepfunctions")

    def waiting() -> int | None:
        started = machine.list_executions(stateMachineArn=view.outputs["EscalationArn"])["executions"]
        running = sum(execution["status"] == "RUNNING" for execution in started)
        cases = len(view.waiting_cases())
        progress.note(f"{cases} of {called_for} waiting for an agent")
        return cases if cases == running == called_for else None

    return progress.wait("the cases to wait for an agent", waiting, timeout_seconds=120)


def report(view: View, progress: Progress, day: date, folder: Path) -> Path:
    """Ask for the ageing report as its schedule would, fetch it, and check it against the ledger."""
    view.stack.client("sqs").send_message(QueueUrl=view.outputs["ReportsQueueUrl"], MessageBody="{}")
    s3, bucket = view.stack.client("s3"), view.outputs["ReportsBucketName"]
    folder.mkdir(parents=True, exist_ok=True)
    for kind in ("csv", "html"):
        key = f"ageing/{day.isoformat()}.{kind}"

        def written(key: str = key) -> bytes | None:
            try:
                content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except s3.exceptions.NoSuchKey:
                return None
            return content

        content = progress.wait(f"the report {key}", written)
        (folder / f"ageing-{day.isoformat()}.{kind}").write_bytes(content)
    path = folder / f"ageing-{day.isoformat()}.html"
    progress.note(str(path))
    return path
