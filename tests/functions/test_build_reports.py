"""The ageing report from the queue to the bucket."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from dunwell.reporting.unmatched import BUCKETS
from functions.build_reports import app
from tests.support.cash import TODAY as CASH_TODAY
from tests.support.cash import CashWorld, line
from tests.support.escalation import TODAY, account, invoice
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryLedger


class InMemoryBucket:
    """The one S3 call that the function makes."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, str]] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert Bucket == "reports"
        self.files[Key] = (Body.decode(), ContentType)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> InMemoryBucket:
    set_variables(monkeypatch, REPORTS_BUCKET="reports")
    return InMemoryBucket()


def build(bucket: InMemoryBucket, ledger: InMemoryLedger, *orders: Any) -> Any:
    return app.handler(sqs_event(*orders), lambda_context(), ledger=ledger, bucket=cast("Any", bucket))


def some_accounts() -> InMemoryLedger:
    return InMemoryLedger(
        *(account(invoice(f"F-{n}", 1_000 + n), customer_id=f"cus_{n:04}", name=f"Customer {n}") for n in range(200)),
        account(invoice("D-1", 500, currency="USD"), customer_id="cus_usd1", name="<script>alert(1)</script>"),
    )


def test_every_open_account_is_in_the_report_once(bucket: InMemoryBucket) -> None:
    assert build(bucket, some_accounts(), {"as_of": TODAY.isoformat()}) == {"batchItemFailures": []}
    text, kind = bucket.files[f"ageing/{TODAY}.csv"]
    lines = list(csv.DictReader(io.StringIO(text)))
    assert kind == "text/csv; charset=utf-8"
    assert len([line for line in lines if line["row"] == "customer"]) == 201
    totals = {line["currency"]: line["days_31_60"] for line in lines if line["row"] == "total"}
    assert totals == {"EUR": "2199.00", "USD": "5.00"}


def test_the_page_has_a_picture_and_a_table_for_each_currency_and_runs_nobodys_script(bucket: InMemoryBucket) -> None:
    build(bucket, some_accounts(), {"as_of": TODAY.isoformat()})
    page, kind = bucket.files[f"ageing/{TODAY}.html"]
    assert kind == "text/html; charset=utf-8"
    assert page.count("<svg") == 2
    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_without_a_date_the_report_is_of_the_business_date(
    bucket: InMemoryBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_today", lambda: TODAY)
    build(bucket, InMemoryLedger(), {})
    assert set(bucket.files) == {f"ageing/{TODAY}.csv", f"ageing/{TODAY}.html", f"unmatched/{TODAY}.csv"}
    assert "Nothing is open" in bucket.files[f"ageing/{TODAY}.html"][0]


def test_an_order_that_cannot_be_read_fails_alone(bucket: InMemoryBucket) -> None:
    result = build(bucket, InMemoryLedger(), {"as_of": "yesterday"}, {"as_of": "2026-11-20"}, "nonsense")
    assert result == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    assert set(bucket.files) == {
        "ageing/2026-11-20.csv",
        "ageing/2026-11-20.html",
        "unmatched/2026-11-20.csv",
    }


def test_money_that_belongs_to_nobody_is_reported_by_currency_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch, REPORTS_BUCKET="reports")
    world = CashWorld()
    for days in (0, 8, 40, 91):
        on = CASH_TODAY - timedelta(days=days)
        world.apply(line(str(days), 1_000 + days, "?", "Nobody", booked_on=on, value_on=on))
    world.apply(replace(line("usd", 77, "?", "Nobody"), currency="USD"))
    bucket = InMemoryBucket()
    build(bucket, world.ledger, {"as_of": CASH_TODAY.isoformat()})
    lines = list(csv.DictReader(io.StringIO(bucket.files[f"unmatched/{CASH_TODAY}.csv"][0])))
    totals = {one["currency"]: one for one in lines if one["row"] == "total"}
    assert [totals["EUR"][name] for name in (*BUCKETS, "total", "payments")] == [
        "10.00", "10.08", "10.40", "10.91", "41.39", "4",
    ]  # fmt: skip
    assert totals["USD"]["total"] == "0.77"
    assert sum(one["row"] == "account" for one in lines) == 4
    assert "41.39" in bucket.files[f"ageing/{CASH_TODAY}.html"][0]
