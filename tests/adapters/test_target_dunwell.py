"""The Singer target as a process: messages in, files in the bucket of a local AWS, STATE out."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.emulator import KEYS, ROOT, Emulator, running_emulator

BUCKET = "ingest"
MESSAGES = [
    {"type": "SCHEMA", "stream": "invoices", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]},
    *({"type": "RECORD", "stream": "invoices", "record": {"id": n}} for n in range(3)),
    {"type": "STATE", "value": {"bookmark": 3}},
]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        running.client("s3").create_bucket(Bucket=BUCKET)
        yield running


def run(emulator: Emulator, *arguments: str, lines: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AWS_ENDPOINT_URL": emulator.url,
        **{name.upper(): value for name, value in KEYS.items() if name != "region_name"},
        "AWS_DEFAULT_REGION": KEYS["region_name"],
    }
    command = [sys.executable, "-P", "-m", "infra.singer", "--source", "stripe", *arguments]
    return subprocess.run(command, input=lines, env=environment, capture_output=True, text=True, check=False)


def test_a_taps_output_lands_in_the_bucket_and_its_state_comes_back(emulator: Emulator) -> None:
    done = run(emulator, "--bucket", BUCKET, lines="\n".join(map(json.dumps, MESSAGES)))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"bookmark": 3}), done.stderr
    s3: Any = emulator.client("s3")
    (sent,) = s3.list_objects_v2(Bucket=BUCKET, Prefix="uploads/")["Contents"]
    assert sent["Key"].endswith(".stripe.singer.jsonl")
    body = s3.get_object(Bucket=BUCKET, Key=sent["Key"])["Body"].read().decode()
    assert [json.loads(line) for line in body.splitlines()] == MESSAGES


def test_without_a_bucket_that_takes_it_no_state_comes_back(emulator: Emulator) -> None:
    done = run(emulator, "--bucket", "elsewhere", lines="\n".join(map(json.dumps, MESSAGES)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "3 records could not be sent to s3://elsewhere" in done.stderr
    assert "Traceback" not in done.stderr
