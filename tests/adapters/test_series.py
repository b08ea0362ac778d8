"""Series of figures in DynamoDB and in the fake that other tests stand on: one contract; and figures of an account."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from dunwell.accounts.model import Customer, CustomerKind
from dunwell.errors import ConflictError
from dunwell.figures import Figure
from dunwell.ingestion.figures import SeriesStore
from dunwell.ledger.change import Change
from dunwell.ledger.model import Account
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.series import DynamoSeries
from dunwell_aws.table import Table
from tests.support.emulator import Emulator, running_emulator
from tests.support.memory import InMemorySeries
from tests.support.template import create_table_call

FIRST = Figure("unemployment", "2026-09", date(2026, 10, 12), "4.1", told_by="Office of Statistics")
CORRECTED = replace(FIRST, published_on=date(2026, 11, 12), value="4.3")
OF_RETAIL = Figure("unemployment", "2026-09", date(2026, 10, 12), "5.0", "retail")
TREND = Figure("industry_payment_trend", "2026-09", date(2026, 10, 20), "0.4", "retail")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture
def table(emulator: Emulator) -> Table:
    client = emulator.client("dynamodb")
    name = f"ledger-{time.monotonic_ns()}"
    client.create_table(**create_table_call("LedgerTable", name))
    return Table(client, name)


@pytest.fixture(params=["fake", "dynamodb"])
def series(request: pytest.FixtureRequest) -> SeriesStore:
    return InMemorySeries() if request.param == "fake" else DynamoSeries(request.getfixturevalue("table"))


def test_a_series_has_its_figures_and_corrections_and_no_others(series: SeriesStore) -> None:
    series.add([FIRST, CORRECTED, OF_RETAIL])
    series.add([TREND])
    series.add([FIRST, OF_RETAIL])
    assert sorted(series.series("unemployment"), key=str) == sorted([FIRST, CORRECTED, OF_RETAIL], key=str)
    assert series.series("industry_payment_trend") == [TREND]
    assert series.series("insolvency_rate") == []


def test_another_value_of_the_same_day_never_replaces_the_first(series: SeriesStore) -> None:
    series.add([FIRST])
    with pytest.raises(ConflictError):
        series.add([replace(FIRST, value="9")])
    assert series.series("unemployment") == [FIRST]


def test_an_accounts_figures_come_back_in_order_of_arrival(table: Table) -> None:
    ledger = DynamoLedger(table)
    customer = Customer("cus_1", "example", "erp", "1", CustomerKind.BUSINESS, "Anna")
    score = Figure("credit_score", "2026-09-30", date(2026, 10, 2), "655", told_by="Bureau")
    industry = Figure("industry", "2026-11-20", date(2026, 11, 20), "retail")
    account = ledger.commit(Change(Account(customer), customer, figures=(industry,)))
    account = ledger.commit(Change(account, figures=(score,)))
    assert ledger.load("cus_1") == account
    assert account.figures == (industry, score)
