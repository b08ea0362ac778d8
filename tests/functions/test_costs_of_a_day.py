"""What a day costs an overdue customer, in units that DynamoDB reckons itself: planning, and scoring before it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from zlib import crc32

import pytest

from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell.ledger.ports import SHARDS
from dunwell.outreach.contact import Contact, ContactStatus
from dunwell.outreach.decisions import named
from dunwell.outreach.plan import plan_account
from dunwell.outreach.ports import CollectionState
from dunwell.outreach.release import CLOCKS_DIFFER_BY, release_due
from dunwell.scoring.assessment import HISTORY_DAYS, PastScore
from dunwell_aws.collection import DynamoCollection, kept_score
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.switch_store import CachedSwitches, DynamoSwitches
from dunwell_aws.table import SCORE, Table, partition
from functions.plan_outreach import app as plan_outreach
from functions.score_portfolio import app as score_portfolio
from tests.bench.portfolio import AS_OF, NOW, policy, portfolio
from tests.support.capacity import Capacity
from tests.support.decisions import decision_log
from tests.support.dynamodb_local import running_dynamodb_local
from tests.support.invocation import lambda_context, set_variables
from tests.support.reports_bucket import ReportsBucket
from tests.support.template import create_table_call
from tests.unit.scoring.stand_in import ByHandScorer

TODAY, LATER = AS_OF + timedelta(days=25), NOW + timedelta(days=25)
AT_SIX = LATER - timedelta(hours=5)
"""When the pass is scheduled, by New York's clock: before people may be contacted."""
MESSAGES_BEFORE = 3


@dataclass
class Day:
    """A table with overdue customers, who were written to before; and what a pass over it consumes."""

    capacity: Capacity
    table: Table
    customers: int

    def score(self) -> None:
        score_portfolio.handler(
            event(),
            lambda_context(),
            ledger=DynamoLedger(self.table),
            store=DynamoCollection(self.table),
            model=ByHandScorer(),
            bucket=cast("Any", ReportsBucket()),
            now=LATER,
        )

    def plan(self, now: datetime = LATER) -> dict[str, Any]:
        found: dict[str, Any] = plan_outreach.handler(
            event(),
            lambda_context(),
            ledger=DynamoLedger(self.table),
            store=DynamoCollection(self.table),
            log=decision_log(),
            switches=CachedSwitches(DynamoSwitches(self.table)),
            now=now,
        )
        return found


def event() -> dict[str, Any]:
    return {"worker": 0, "workers": 1, "request": {"as_of": TODAY.isoformat()}}


def is_overdue(account: Account) -> bool:
    return any(item.is_collectable and item.due_on < TODAY for item in account.open_invoices)


def told_before(account: Account) -> list[Contact]:
    """Messages of the weeks before, as they stand when they were delivered: decided twice."""
    before = []
    for weeks in range(1, MESSAGES_BEFORE + 1):
        on, at = TODAY - timedelta(weeks=weeks), LATER - timedelta(weeks=weeks)
        for made in plan_account(account, CollectionState(), policy(), on, at).contacts[:1]:
            kept = named(made, "plan:2026-07-18:07:6f0c1c9e-8a74-4a55-9d2f-6f1f0e0c1b2a-0123456789:17:0123456789abcdef")
            before.append(
                replace(
                    kept,
                    status=ContactStatus.DELIVERED,
                    sent_at=at,
                    message_id="0100018f-0000-7000-8000-000000000000-000000",
                    decisions=(*kept.decisions, kept.decisions[-1]),
                )
            )
    return before


def write(account: Account, ledger: DynamoLedger) -> None:
    """The account in a change an invoice with what settled it, as they come."""
    written = Account(account.customer)
    for invoice_id, invoice in account.invoices.items():
        settled = {
            i: one for i, one in account.entries.items() if any(d.invoice_id == invoice_id for d in one.directed_to)
        }
        new = None if written.version else account.customer
        written = ledger.commit(Change(written, customer=new, invoices={invoice_id: invoice}, entries=settled))


def remember_scores(table: Table, customer_id: str) -> None:
    """A score for every day that the history has room for: the assessment is never larger than with these."""
    days = (TODAY - timedelta(days=n) for n in range(1, HISTORY_DAYS))
    history = {name: score for on in days for name, score in kept_score(PastScore(on, 500, "7d")).items()}
    stored = table.get(partition(customer_id), SCORE)
    assert stored
    table.write([table.put(stored | history)])


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with running_dynamodb_local() as local:
        yield local.client("dynamodb")


@pytest.fixture
def day(running: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Day:
    set_variables(monkeypatch, REPORTS_BUCKET="reports", DECISIONS_BUCKET="decisions")
    name = f"day-{crc32(request.node.name.encode())}"
    running.create_table(**create_table_call("LedgerTable", name))
    table = Table(running, name)
    overdue = [account for account in portfolio().open_accounts if is_overdue(account)]
    for account in overdue:
        write(account, DynamoLedger(table))
        for one in told_before(account):
            assert DynamoCollection(table).plan(account.customer.customer_id, [one], [])
    made = Day(Capacity(running), Table(running, name, consistent=False), len(overdue))
    made.score()
    for account in overdue:
        remember_scores(table, account.customer.customer_id)
    made.capacity.reset()
    return made


def test_a_day_costs_an_overdue_customer_four_reads_one_contacted_four_writes_and_one_not_contacted_one(
    day: Day,
) -> None:
    day.score()
    assert day.capacity.writes == day.customers
    scored = day.capacity.write_units / day.customers
    assert scored <= 1.02  # the longest reasons, with a full history, take a second unit
    found = day.plan()
    contacted = sum(found["reasons"].values()) + found["escalated"]
    assert 50 < contacted < day.customers
    assert day.capacity.writes == day.customers + contacted  # so planning writes nothing about anybody else
    assert day.capacity.write_units / day.customers - scored <= 3 * contacted / day.customers
    assert day.capacity.read_units / day.customers <= 4


def test_scoring_an_overdue_customer_reads_two_units_at_most_and_so_does_planning(day: Day) -> None:
    day.score()
    assert day.capacity.read_units / day.customers <= 2
    day.capacity.reset()
    day.plan()
    assert day.capacity.read_units / day.customers <= 2


def test_a_message_that_waits_for_its_hour_costs_four_writes_with_being_let_go(day: Day) -> None:
    found = day.plan(AT_SIX)
    contacted = sum(found["reasons"].values()) + found["escalated"]
    planned = day.capacity.write_units
    store = DynamoCollection(day.table)
    waiting = sum(release_due(store, shard, LATER + CLOCKS_DIFFER_BY) for shard in range(SHARDS))
    assert 0 < waiting < contacted
    assert planned <= contacted + waiting  # a place on the list of those who wait
    assert day.capacity.write_units - planned == waiting  # with one more for the score: four and no more
