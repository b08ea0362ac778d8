"""Bank files through the function: what is answered beside them, what goes on in another run, what is told twice."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from dunwell.remittance.applying import CHUNK_LINES
from dunwell_aws.bank_uploads import BankUploads
from dunwell_aws.results import Results
from functions.ingest_upload import app as ingest
from functions.match_remittance import app
from infra.local.bank_statement import Transfer, camt053
from tests.support.bucket import InMemoryBucket
from tests.support.cash import NOW, TODAY, CashWorld, euros
from tests.support.invocation import lambda_context, set_variables, sqs_event

PAYER = "Müller Logistik Nord GmbH"


class Queue:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        assert QueueUrl == "cash-queue"
        self.sent.append(json.loads(MessageBody))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> CashWorld:
    set_variables(monkeypatch, INGEST_BUCKET="ingest", CASH_QUEUE="cash-queue")
    monkeypatch.setattr("dunwell_aws.bootstrap.base.clock", lambda: SimpleNamespace(now=lambda: NOW))
    made = CashWorld()
    made.owes("C10001", PAYER, euros("INV-2026-010023", 119_000), euros("INV-2026-010031", 45_050))
    return made


def told(key: str) -> dict[str, Any]:
    return {"source": "aws.s3", "detail": {"object": {"key": f"uploads/{key}"}}}


def take(world: CashWorld, bucket: InMemoryBucket, *messages: dict[str, Any], left: int = 300_000) -> list[Any]:
    """Handle the messages; what was sent on."""
    queue, context = Queue(), lambda_context()
    context.get_remaining_time_in_millis = lambda: left
    uploads = BankUploads(Results(bucket, "ingest"), world.cash, "Europe/Berlin")  # type: ignore[arg-type]
    answer = app.handler(sqs_event(*messages), context, uploads=uploads, queue=queue)
    assert answer == {"batchItemFailures": []}
    return queue.sent


def bucket_with(*transfers: Transfer) -> InMemoryBucket:
    bucket = InMemoryBucket()
    bucket.files["uploads/bank/june.xml"] = camt053(transfers, "EUR", TODAY, "june")
    return bucket


def test_the_answers_say_what_became_of_every_line_without_the_payers_account(world: CashWorld) -> None:
    iban = "DE89370400440532013000"
    bucket = bucket_with(
        Transfer(119_000, PAYER, "INV-2026-010023", iban), Transfer(777, "=HYPERLINK(1)", "=cmd()", iban)
    )
    assert take(world, bucket, told("bank/june.xml")) == []
    run = json.loads(bucket.files["results/bank/june.xml.run.json"])
    assert (run["status"], run["format"], run["lines"]) == ("done", "camt.053", 2)
    assert run["decisions"] == {"applied": 1, "unmatched": 1}
    assert run["amounts_minor"] == {"applied EUR": 119_000, "unmatched EUR": 777}
    text = bucket.files["results/bank/june.xml.lines.csv"].decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [(one["decision"], one["customer"], one["invoices"]) for one in lines] == [
        ("applied", "C10001", "INV-2026-010023"),
        ("unmatched", "", ""),
    ]
    assert int(lines[0]["confidence"]) >= 900
    assert lines[0]["reasons"]
    assert iban not in text
    assert bucket.files["results/bank/june.xml.rejects.csv"].decode() == "line,reason\r\n"


def test_a_file_that_is_too_long_goes_on_where_it_stopped_and_is_answered_once(world: CashWorld) -> None:
    bucket = bucket_with(*(Transfer(1_000 + n, "Nobody", f"gift {n}") for n in range(2 * CHUNK_LINES + 5)))
    message, starts = told("bank/june.xml"), []
    for _ in range(9):
        sent = take(world, bucket, message, left=1)
        if not sent:
            break
        assert "results/bank/june.xml.run.json" not in bucket.files
        (message,) = sent
        starts.append(message["start"])
    assert starts == [CHUNK_LINES, 2 * CHUNK_LINES]
    assert json.loads(bucket.files["results/bank/june.xml.run.json"])["lines"] == 2 * CHUNK_LINES + 5
    assert len(world.placed()) == 2 * CHUNK_LINES + 5


def test_a_file_told_twice_posts_nothing_twice(world: CashWorld) -> None:
    bucket = bucket_with(Transfer(119_000, PAYER, "INV-2026-010023"))
    take(world, bucket, told("bank/june.xml"), told("bank/june.xml"))
    first = bucket.files["results/bank/june.xml.run.json"]
    take(world, bucket, told("bank/june.xml"))
    assert bucket.files["results/bank/june.xml.run.json"] == first
    assert sum(world.placed().values()) == 119_000


def test_a_statement_that_does_not_add_up_is_taken_and_the_doubt_is_named(world: CashWorld) -> None:
    bucket = bucket_with(Transfer(119_000, PAYER, "INV-2026-010023"))
    key, closing = "uploads/bank/june.xml", b"%s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>"
    bucket.files[key] = bucket.files[key].replace(closing % b"1190.00", closing % b"9.00")
    take(world, bucket, told("bank/june.xml"))
    assert json.loads(bucket.files["results/bank/june.xml.run.json"])["problems"] == 1
    assert b"does not add up" in bucket.files["results/bank/june.xml.rejects.csv"]


@pytest.mark.parametrize(("content", "says"), [(b"%PDF-1.7", "PDF"), (b"", "empty"), (None, "removed")])
def test_what_is_no_bank_file_is_a_failed_run_and_not_a_failed_message(
    world: CashWorld, content: bytes | None, says: str
) -> None:
    bucket = InMemoryBucket()
    if content is not None:
        bucket.files["uploads/bank/june.xml"] = content
    take(world, bucket, told("bank/june.xml"))
    run = json.loads(bucket.files["results/bank/june.xml.run.json"])
    assert run["status"] == "failed"
    assert says in run["failure"]


def test_a_folder_says_what_a_plain_csv_file_does_not(world: CashWorld) -> None:
    bucket = InMemoryBucket()
    key = "bank/account=DE55/currency=eur/june.csv"
    bucket.files[f"uploads/{key}"] = (
        f"Booking date,Amount,Payer,Reference\n{TODAY},1190.00,{PAYER},INV-2026-010023\n".encode()
    )
    take(world, bucket, told(key))
    (record,) = world.store.kept.values()
    assert (record.line.account, record.line.currency) == ("DE55", "EUR")
    assert world.account("cus_c10001").balances == {"EUR": 45_050}


def test_the_import_of_receivables_leaves_bank_files_alone(world: CashWorld) -> None:
    class Never:
        def run(self, *_: Any) -> None:
            raise AssertionError("not its file")

    uploads: Any = Never()
    answer = ingest.handler(sqs_event(told("bank/june.xml")), lambda_context(), uploads=uploads)
    assert answer == {"batchItemFailures": []}
