"""The state machine of large files in the local AWS: a range that fails leaves a visible run that can be resumed."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dunwell.ledger.ports import Ledger
from dunwell_aws.ledger import DynamoLedger
from dunwell_aws.table import Table
from tests.support.emulator import ROOT, Emulator, eventually, running_emulator
from tests.support.receivables import csv_file
from tests.support.template import create_table_call

BUCKET = "ingest"
ROWS = [{"customer_number": f"C-{n // 10}", "invoice_number": f"A-{n}"} for n in range(100)]
KEY = "uploads/large.csv"
READING = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "dynamodb:Query", "dynamodb:BatchGetItem"]
EVERYTHING = [*READING, "dynamodb:PutItem", "dynamodb:UpdateItem"]
WAIT_SECONDS = 60


@dataclass
class Machine:
    """The deployed machine with what it works on."""

    emulator: Emulator
    arn: str
    ledger: Ledger
    dead_letters: str

    def run(self, name: str) -> dict[str, Any]:
        """Run it to its end."""
        steps = self.emulator.client("stepfunctions")
        started = steps.start_execution(stateMachineArn=self.arn, name=name, input=json.dumps({"key": KEY}))

        def ended() -> Any:
            found = steps.describe_execution(executionArn=started["executionArn"])
            return found if found["status"] != "RUNNING" else None

        return dict(eventually(ended, WAIT_SECONDS))

    def permit(self, actions: list[str]) -> None:
        """What the function may do."""
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        iam = self.emulator.client("iam")
        iam.put_role_policy(RoleName="import_file", PolicyName="calls", PolicyDocument=json.dumps(document))

    def read(self, key: str) -> bytes:
        """A file of the bucket."""
        content: bytes = self.emulator.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def kept(self) -> list[dict[str, Any]]:
        """The messages among the dead letters; they are gone then."""
        sqs = self.emulator.client("sqs")
        found = sqs.receive_message(QueueUrl=self.dead_letters, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=self.dead_letters, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with running_emulator() as emulator:
        dynamodb, steps = emulator.client("dynamodb"), emulator.client("stepfunctions")
        name = f"ledger-{time.monotonic_ns()}"
        dynamodb.create_table(**create_table_call("LedgerTable", name))
        s3 = emulator.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=csv_file(*ROWS))
        statements = [{"Effect": "Allow", "Action": EVERYTHING, "Resource": "*"}]
        function, role = emulator.deploy(
            "import_file", statements, LEDGER_TABLE=name, INGEST_BUCKET=BUCKET, RANGE_BYTES="4000"
        )
        dead_letters = emulator.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
        definition = (ROOT / "infra/statemachines/ingest_file.asl.json").read_text(encoding="utf-8")
        definition = definition.replace("${ImportFileArn}", function).replace("${DeadLettersUrl}", dead_letters)
        # Once again after a second is often enough here.
        definition = re.sub(r'"MaxAttempts": \d', '"MaxAttempts": 1', definition)
        definition = re.sub(r'"IntervalSeconds": \d', '"IntervalSeconds": 1', definition)
        arn = steps.create_state_machine(name="ingest-file", definition=definition, roleArn=role)["stateMachineArn"]
        yield Machine(emulator, arn, DynamoLedger(Table(dynamodb, name)), dead_letters)


def test_a_run_whose_ranges_fail_is_visible_and_what_is_put_back_resumes_it(machine: Machine) -> None:
    machine.permit(READING)

    assert machine.run("first")["status"] == "FAILED", "so that the alarm goes off"

    record = json.loads(machine.read("results/large.csv.run.json"))
    assert record["status"] == "failed"
    assert re.match(r"(\d+) of \1 parts of the file could not be imported", record["failure"])
    assert machine.kept() == [{"detail": {"object": {"key": KEY}}, "resumes": "first"}]

    machine.permit(EVERYTHING)

    assert machine.run("second")["status"] == "SUCCEEDED"
    record = json.loads(machine.read("results/large.csv.run.json"))
    assert (record["status"], record["in_ledger"], record["rejected"]) == ("done", len(ROWS), 0)
    assert machine.read("results/large.csv.rejects.csv").splitlines() == [b"line,column,value,reason,fix"]
    assert machine.kept() == []
