"""Figures beside the ledger come as uploads do: a run record, rejects, and nothing written twice."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from dunwell.figures import Figure
from dunwell.ingestion.run import FileImport
from dunwell.ingestion.taking import Importer
from dunwell_aws.large_files import LargeImport
from dunwell_aws.results import Results
from dunwell_aws.uploads import UploadImport, in_threads
from functions.import_file import app as large_app
from functions.ingest_upload import app
from tests.support.bucket import InMemoryBucket
from tests.support.files import sources
from tests.support.invocation import lambda_context, set_variables, sqs_event
from tests.support.memory import InMemoryKnownFacts, InMemoryLedger, InMemorySeries
from tests.support.receivables import AT, csv_file

HEADER = b"about,name,period,published_on,value,told_by\n"
SERIES = b",unemployment,2026-09,2026-10-12,4.1,Office\nretail,industry_payment_trend,2026-09,2026-10-20,0.4,\n"
SCORE = b"C-1,credit_score,2026-09-30,2026-10-02,655,Bureau\n"


class World:
    """A bucket, a ledger and series, and the two functions that take files."""

    def __init__(self, **files: bytes) -> None:
        self.bucket, self.ledger, self.series = InMemoryBucket(**files), InMemoryLedger(), InMemorySeries()
        importer = Importer(self.ledger, "example", InMemoryKnownFacts(), series=self.series)
        self.files, self.results = FileImport(importer, in_threads, 8), Results(self.bucket, "ingest")  # type: ignore[arg-type]

    def upload(self, key: str) -> dict[str, Any]:
        detail = {"object": {"key": f"uploads/{key}"}}
        uploads = UploadImport(self.results, self.files, sources(), 1_000_000, None)  # type: ignore[arg-type]
        app.handler(sqs_event({"source": "aws.s3", "detail": detail}), lambda_context(), uploads=uploads)
        return self.record(key)

    def by_ranges(self, key: str) -> dict[str, Any]:
        large = LargeImport(self.results, self.files, sources(), 200)

        def step(**given: Any) -> dict[str, Any]:
            return dict(large_app.handler(given, lambda_context(), large=large))

        planned = step(step="plan", key=f"uploads/{key}")
        for part in planned["ranges"]:
            step(step="range", plan=planned["plan"], part=part)
        step(step="join", plan=planned["plan"])
        return self.record(key)

    def record(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bucket.files[f"results/{key}.run.json"])
        return found


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    set_variables(monkeypatch)
    monkeypatch.setattr("dunwell_aws.bootstrap.base.clock", lambda: SimpleNamespace(now=lambda: AT))


def test_an_uploaded_file_of_figures_is_kept_and_the_same_rows_again_write_nothing() -> None:
    world = World(bills=csv_file({}), a=HEADER + SERIES + SCORE, b=HEADER + SCORE + SERIES, c=HEADER + SERIES + SCORE)
    world.upload("bills")
    first, again, same = world.upload("a"), world.upload("b"), world.upload("c")
    assert (first["in_ledger"], first["written"], first["rejected"]) == (3, 3, 0)
    assert (again["in_ledger"], again["written"]) == (3, 0)
    assert (same["status"], same["same_as"]) == ("skipped", "a")
    (account,) = world.ledger.accounts.values()
    assert [one.value for one in account.figures if one.name == "credit_score"] == ["655"]
    assert len(world.series.figures) == 2


def test_what_is_not_taken_comes_back_with_its_line_column_reason_and_fix() -> None:
    world = World(a=HEADER + SCORE + b",unemployment,2026-09,12.10.2026,4.1,\n" + SERIES)
    assert world.upload("a")["rejected"] == 2
    rows = list(csv.DictReader(io.StringIO(world.bucket.files["results/a.rejects.csv"].decode())))
    assert [(row["line"], row["column"]) for row in rows] == [("2", "about"), ("3", "published_on")]
    assert all(row["reason"] and row["fix"] for row in rows)


def test_a_large_file_of_figures_by_ranges_is_the_same_as_at_once() -> None:
    months = [(year, month) for year in range(2020, 2026) for month in range(1, 13)]
    rows = [f",unemployment,{year}-{month:02},{year + 1}-01-31,{month}.5,\n" for year, month in months]
    world, at_once = (World(a=HEADER + "".join(rows).encode()) for _ in range(2))
    assert world.by_ranges("a")["written"] == at_once.upload("a")["written"] == len(rows)
    assert set(world.series.figures) == set(at_once.series.figures)
    assert Figure("unemployment", "2020-12", at_once.series.figures[0].published_on, "12.5") in world.series.figures
