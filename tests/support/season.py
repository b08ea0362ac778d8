"""A season of collecting on the local AWS: the daily pass and dispatch as they are deployed, with the clock passed in.

Everything is real except the clock and the customers: the tables, the decision log, mail and text messages. What the
customers do follows from the seed: they pay, refuse channels, agree to others, go bankrupt, promise and agree to plans
that they keep or break, and some mail bounces. The
pass misses some days altogether, comes twice on others, and what it planned is at times dispatched only at night.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from dunwell.accounts.holds import Hold
from dunwell.accounts.links import Links
from dunwell.accounts.model import Channel, Customer
from dunwell.escalation.case import Case, CaseStatus
from dunwell.events import ESCALATION_DUE, Event
from dunwell.ids import stable_id
from dunwell.ingestion.importing import Origin, customer_id, import_records
from dunwell.ingestion.reading import read_rows
from dunwell.ingestion.records import Receivable
from dunwell.ledger.change import Change
from dunwell.ledger.ports import SHARDS
from dunwell.ledger.update import update
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.delivery import Feedback, Outcome, record_delivery
from dunwell.outreach.dispatch import Dispatcher, Sender
from dunwell.outreach.policy import Policy
from dunwell.outreach.release import release_due
from dunwell.scoring.assess import assess_accounts
from dunwell_aws.access import DynamoAccessStore
from dunwell_aws.bootstrap import base
from dunwell_aws.collection import DynamoCollection
from dunwell_aws.decision_log import S3DecisionLog
from dunwell_aws.documents import folder
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.mail import Mailer
from dunwell_aws.message_index import DynamoMessageIndex
from dunwell_aws.messages import Renderer
from dunwell_aws.senders.email import EmailSender
from dunwell_aws.senders.letter import LetterSender
from dunwell_aws.senders.pacing import Pacer
from dunwell_aws.senders.sms import SmsSender, SnsTexts
from dunwell_aws.switch_store import CachedSwitches, DynamoSwitches
from dunwell_aws.table import Table
from dunwell_aws.tasks import DynamoTasks
from dunwell_aws.urls import Urls
from dunwell_onnx.scorer import OnnxScorer
from functions.plan_outreach import app as plan_outreach
from infra.local.portfolio.generate import COLUMNS, generate
from infra.local.ses_sandbox.server import SesSandbox
from tests.support.debtors import csv_file
from tests.support.emulator import Emulator
from tests.support.invocation import lambda_context
from tests.support.promising import Promising
from tests.support.receivables import mappings
from tests.support.template import create_table_call

PLANNED_AT = time(6)
"""When the daily pass runs (template.yaml), by the creditor's clock: before people may be contacted."""
DISPATCHED_AFTER_HOURS = (3, 3, 3, 4, 7, 16)
"""Sixteen hours later it is night where most of the customers live."""
THEN_AFTER_HOURS = 4
"""When what waited for customers further west leaves."""
LETTERS = "season-letters"
"""The bucket of letters."""
_HOLDS = ("bankruptcy", "cease", "dispute_written", "deceased")
_runs = count()


class WatchedCollection(DynamoCollection):
    """Remembers what was planned, as the queue would, and opens the cases that are called for."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.planned: list[Contact] = []

    def plan(self, customer_id: str, contacts: Sequence[Contact], events: Sequence[Event]) -> bool:
        if not super().plan(customer_id, contacts, events):
            return False
        self.planned += [one for one in contacts if one.status is ContactStatus.PLANNED]
        for event in events:
            if event.name == ESCALATION_DUE:
                self.open_case(_case(event), [])
        return True


@dataclass
class Season:
    """What the days have to do with."""

    policy: Policy
    ledger: DynamoLedger
    store: WatchedCollection
    log: S3DecisionLog
    tasks: DynamoTasks
    switches: CachedSwitches
    dispatcher: Dispatcher
    rng: random.Random
    scorer: OnnxScorer
    rows: dict[str, list[Receivable]]
    now: datetime
    passes: list[date] = field(default_factory=list)
    waiting: list[Contact] = field(default_factory=list)
    promising: Promising = field(init=False)

    def __post_init__(self) -> None:
        self.promising = Promising(self.ledger, self.policy.creditor.timezone)

    def live(self, days: int, *, outage: range) -> None:
        """So many days; in the outage nobody runs the pass, while life goes on."""
        start = self.now.date()
        for day in range(days):
            today = start + timedelta(days=day)
            self.now = datetime.combine(today, time(6, 0, tzinfo=UTC))
            self._bring(today, everything=day == 0)
            self._happen()
            self.promising.pass_a_day(self.now)
            if today.weekday() == 0 or day == 0:
                self._score(today)
            if day not in outage:
                self._collect(today)

    # --- the world ---

    def customer_ids(self) -> list[str]:
        """The customers, by number."""
        creditor_id = self.policy.creditor.creditor_id
        return [customer_id(creditor_id, "dunwell_receivables", number) for number in sorted(self.rows)]

    def _bring(self, today: date, *, everything: bool) -> None:
        """What the books of a day bring into the ledger."""
        origin = Origin(self.policy.creditor.creditor_id, "dunwell_receivables", today, self.now)
        for number, rows in self.rows.items():
            news = [row for row in rows if everything or today in (row.invoice.issued_on, row.invoice.settled_on)]
            if news:
                account = self.ledger.load(customer_id(origin.creditor_id, origin.source, number))
                for change in import_records(account, news, origin).changes:
                    self.ledger.commit(change)

    def _happen(self) -> None:
        """What a few customers do and suffer on a day."""
        for number in self.rng.sample(sorted(self.rows), 4):
            who = customer_id(self.policy.creditor.creditor_id, "dunwell_receivables", number)
            if self.ledger.load(who) is None:
                continue
            deed = self.rng.choice(("refuse", "agree", "agree", "hold", "lift", "nothing"))
            update(self.ledger, who, lambda account, deed=deed: Change(account, self._after(account.customer, deed)))  # type: ignore[misc]

    def _after(self, customer: Customer, deed: str) -> Customer | None:
        if deed == "refuse":
            return customer.with_refusal(self.rng.choice((Channel.EMAIL, Channel.SMS)), self.now, "agent")
        if deed == "agree":
            return customer.with_consent(Channel.SMS, self.now, "agent")
        if deed == "hold":
            return customer.with_hold(Hold(self.rng.choice(_HOLDS), None, self.now, placed_by="agent"))
        held = customer.holds_in_force(self.now)
        return customer.without_hold(held[0].hold_id, self.now, "agent") if deed == "lift" and held else None

    def _score(self, today: date) -> None:
        ids = [one for shard in range(64) for one in self.ledger.open_customer_ids(shard)]
        accounts = [account for one in ids if (account := self.ledger.load(one))]
        self.store.assess(assess_accounts(accounts, today, self.scorer).assessments)

    # --- the day's work ---

    def _collect(self, today: date) -> None:
        self.passes.append(today)
        zone = ZoneInfo(self.policy.creditor.timezone)
        self.now = datetime.combine(today, PLANNED_AT, zone).astimezone(UTC)
        run = f"r{next(_runs)}"
        for _ in range(2 if self.rng.random() < 0.1 else 1):  # the state machine's retry: the same run once more
            self._pass(today, run)
        if self.rng.random() < 0.05:  # somebody starts a second cycle
            self._pass(today, f"r{next(_runs)}")
        planned, self.store.planned = self.store.planned, []
        for who in (*self.promising.rng.sample(self.customer_ids(), 2), *_some(planned, self.promising.rng)):
            self.promising.agree(who, self.now)
        self.waiting += planned
        for hours in (self.rng.choice(DISPATCHED_AFTER_HOURS), THEN_AFTER_HOURS):
            self.now += timedelta(hours=hours)
            self._dispatch()

    def _dispatch(self) -> None:
        """What waited for its minute is let go, and what may leave leaves."""
        ready = [one for one in self.waiting if one.send_after is None or one.send_after <= self.now]
        self.waiting = [one for one in self.waiting if one not in ready]
        for shard in sorted({crc32(one.customer_id.encode()) % SHARDS for one in ready if one.send_after}):
            release_due(self.store, shard, self.now)
        for contact in ready:
            for _ in range(2 if self.rng.random() < 0.1 else 1):  # the queue delivers twice
                status = self.dispatcher.dispatch(contact.customer_id, contact.contact_id)
            if status is ContactStatus.SENT:
                self._report(contact)

    def _pass(self, today: date, run: str) -> None:
        request = {"worker": 0, "workers": 1, "request": {"as_of": today.isoformat()}, "run": run}
        given: dict[str, Any] = {
            "ledger": self.ledger,
            "store": self.store,
            "log": self.log,
            "switches": self.switches,
            "now": self.now,
        }
        while True:
            request = plan_outreach.handler(request, lambda_context(), **given)
            if not request["cursor"]:
                return

    def _report(self, contact: Contact) -> None:
        """What the mail service says of a message."""
        account = self.ledger.load(contact.customer_id)
        stored = self.store.contact(contact.customer_id, contact.contact_id)
        assert account
        assert stored
        outcome = self.rng.choices(tuple(Outcome)[:2], (97, 3))[0]
        address = account.customer.address(contact.channel)
        told = Feedback(contact.customer_id, contact.contact_id, outcome, address, stored.message_id, self.now)
        if contact.channel is Channel.EMAIL:
            record_delivery(told, self.ledger, self.store, self.tasks)


def season(
    emulator: Emulator,
    mail: SesSandbox,
    policy: Policy,
    customers: int,
    start: date,
    days: int,
    kind: type[Season] = Season,
    books: Callable[[Receivable], Receivable | None] = lambda row: row,
) -> Season:
    """A season that is about to begin: tables and buckets of its own, and a generated portfolio.

    Args:
        books: what becomes of a line of the generated books; None leaves it out.
    """
    base.policies.cache_clear()  # the function keeps the policy that an earlier season of this process was about
    dynamodb, s3 = emulator.client("dynamodb"), emulator.client("s3")
    for logical_id, name in (("LedgerTable", "season"), ("AccessTable", "season-access")):
        dynamodb.create_table(**create_table_call(logical_id, name))
    for bucket in ("season-decisions", LETTERS):
        s3.create_bucket(Bucket=bucket)
    ssm = emulator.client("ssm")
    addresses = '{"portal": "https://portal.example", "console": "https://c.example", "webhooks": "https://w.example"}'
    ssm.put_parameter(Name="season-urls", Value=addresses, Type="String")
    table, log = Table(dynamodb, "season"), S3DecisionLog(s3, "season-decisions")
    ledger, store, tasks = DynamoLedger(table), WatchedCollection(table), DynamoTasks(table)
    links, urls = Links(DynamoAccessStore(Table(dynamodb, "season-access"))), Urls(ssm, "season-urls")
    renderer, pacer = Renderer(folder("infra") / "messages", policy), Pacer(lambda: 0.0)
    mailer = Mailer(Emulator(mail.url).client("sesv2"), policy.creditor.sender, "season")
    texts, index = SnsTexts(emulator.client("sns"), "", "0.50"), DynamoMessageIndex(table)
    senders: dict[Channel, Sender] = {
        Channel.EMAIL: EmailSender(renderer, mailer, links, urls, pacer),
        Channel.SMS: SmsSender(renderer, texts, index, links, urls, pacer),
        Channel.LETTER: LetterSender(renderer, s3, LETTERS, links, urls, policy.creditor.timezone),
    }
    switches = CachedSwitches(DynamoSwitches(table))
    made = kind(
        policy=policy,
        ledger=ledger,
        store=store,
        log=log,
        tasks=tasks,
        switches=switches,
        dispatcher=Dispatcher(ledger, store, senders, policy, lambda: made.now, tasks, switches, log, index),
        rng=random.Random(20261122),
        scorer=OnnxScorer(folder("model_artifacts") / "late_payment"),
        rows=_portfolio(customers, start + timedelta(days=days), books),
        now=datetime.combine(start, time(6, 0, tzinfo=UTC)),
    )
    return made


def _some(planned: Sequence[Contact], rng: random.Random) -> list[str]:
    """Customers who agree on something just before a message to them leaves."""
    return [one.customer_id for one in planned if rng.random() < 0.05]


def _portfolio(
    customers: int, until: date, books: Callable[[Receivable], Receivable | None]
) -> dict[str, list[Receivable]]:
    """By customer number, what their books will have brought by a day."""
    content = csv_file(generate(customers, 11, until, 0), columns=COLUMNS)
    found: dict[str, list[Receivable]] = {}
    for batch in read_rows(content, mappings()).batches:
        assert not batch.rejects, batch.rejects[:3]
        for row in batch.records:
            assert isinstance(row, Receivable)
            if line := books(row):
                found.setdefault(line.customer.customer_number, []).append(line)
    return found


def _case(event: Event) -> Case:
    case_id = stable_id("cas", event.customer_id, str(event.data["currency"]), str(event.data["oldest_invoice_id"]))
    at, currency = event.occurred_at, str(event.data["currency"])
    return Case(case_id, event.customer_id, currency, at, CaseStatus.WAITING, "season", waiting_since=at)
