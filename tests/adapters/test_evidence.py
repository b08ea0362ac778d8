"""Evidence on S3 as the local AWS keeps it, and named by a task as DynamoDB keeps that."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dunwell.errors import NotFoundError
from dunwell.outreach.evidence import read_evidence
from dunwell.outreach.requests import request_task
from dunwell_aws.evidence import S3Evidence, evidence_key
from dunwell_aws.table import Table
from dunwell_aws.tasks import DynamoTasks
from tests.support.emulator import Emulator, running_emulator
from tests.support.template import create_table_call

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PDF = b"%PDF-1.7 \x00\xff\r\n"
((FILE, _),) = read_evidence([("Beleg über 3.pdf", PDF)]).items()


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def s3(running: Emulator) -> Any:
    made = running.client("s3")
    made.create_bucket(Bucket="evidence")
    return made


def test_a_file_kept_twice_is_one_object_with_its_type_and_name_and_comes_back_as_it_was(s3: Any) -> None:
    store = S3Evidence(s3, "evidence")
    for _ in range(2):
        store.keep("cus_1", "tsk_1", FILE, PDF)
    assert store.content("cus_1", "tsk_1", FILE) == PDF
    (key,) = [one["Key"] for one in s3.list_objects_v2(Bucket="evidence")["Contents"]]
    assert key == evidence_key("cus_1", "tsk_1", FILE) == f"evidence/cus_1/tsk_1/{FILE.digest}"
    about = s3.head_object(Bucket="evidence", Key=key)
    assert (about["ContentType"], about["ContentDisposition"]) == ("application/pdf", "attachment")
    assert about["Metadata"] == {"name": "Beleg%20%C3%BCber%203.pdf"}


def test_what_is_not_kept_is_said(s3: Any) -> None:
    with pytest.raises(NotFoundError, match="not kept any more"):
        S3Evidence(s3, "evidence").content("cus_1", "tsk_none", FILE)


def test_a_stored_task_names_its_files(running: Emulator) -> None:
    dynamodb = running.client("dynamodb")
    dynamodb.create_table(**create_table_call("LedgerTable", "ledger"))
    tasks = DynamoTasks(Table(dynamodb, "ledger"))
    task = request_task("cus_1", "dispute", "k", "It never came.", NOW, ("inv_1",), [FILE])
    assert tasks.open_task(task)
    assert tasks.task("cus_1", task.task_id) == task
