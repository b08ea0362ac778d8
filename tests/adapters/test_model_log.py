"""The log of the model's answers on S3 as the local AWS keeps it: parts of files are read, and keys with a plus."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from dunwell.ledger.ports import shard_of
from dunwell.scoring.care import Reference
from dunwell.scoring.drift import Spread
from dunwell.scoring.moment_log import LoggedMoment, in_sample
from dunwell_aws.model_log import S3ModelLog
from tests.support.emulator import running_emulator

DAY = date(2026, 6, 30)
MODEL = "2.3.0+0123456789ab"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with running_emulator() as running:
        client = running.client("s3")
        client.create_bucket(Bucket="reports")
        yield client


def moment(number: int, on: date) -> LoggedMoment:
    due_on = DAY + timedelta(days=20)
    return LoggedMoment(
        f"cus_{number % 300}", f"inv_{number}", on, DAY, due_on, (0.5,) * 30, (0.3, 0.1, 0.0), due_on, due_on, MODEL
    )


def test_every_sample_is_read_whole_from_files_that_hold_more_of_it(s3: Any) -> None:
    log, days = S3ModelLog(s3, "reports"), [DAY + timedelta(days=number) for number in range(3)]
    every = [moment(number, day) for day in days for number in range(1_500)]
    for day in days:
        for worker in range(4):
            own = [m for m in every if m.as_of == day and shard_of(m.customer_id) % 4 == worker]
            one_in = 2 if worker == 1 else 1
            kept = sorted((m for m in own if in_sample(m.place, one_in)), key=lambda m: m.place)
            log.keep(day, f"{worker:02}-start", kept, one_in)
    for most in (10_000, 1_000, 100):
        found, one_in = log.read(DAY - timedelta(days=1), days[-1], most, most_invoices=10_000)
        assert len(found) <= most
        assert {(m.invoice_id, m.as_of) for m in found} == {
            (m.invoice_id, m.as_of) for m in every if in_sample(m.place, one_in)
        }
    assert one_in >= 32
    few, one_in = log.read(DAY - timedelta(days=1), days[-1], 10_000, most_invoices=200)
    assert len({m.invoice_id for m in few}) <= 200
    assert len(few) == sum(in_sample(m.place, one_in) for m in every)


def test_what_a_models_first_weeks_were_like_is_found_by_its_version_and_hash_alone(s3: Any) -> None:
    log, found = S3ModelLog(s3, "reports"), Reference({"habit": Spread((0.5,), (0.4, 0.6))}, 120, DAY)
    assert log.reference(MODEL) is None
    log.keep_reference(MODEL, found)
    assert log.reference(MODEL) == found
    assert log.reference("2.3.0+ba9876543210") is None
