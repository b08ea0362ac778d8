"""A Singer tap that others wrote reads an API and fills the ledger: tap-rest-api-msdk | target-dunwell.

The API is a Stripe sandbox's, read as any REST API: the tap knows nothing of Stripe, and Dunwell nothing of the tap.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dunwell.ingestion.importing import customer_id
from infra.local.stripe_sandbox.server import StripeSandbox
from tests.support.deployment import WAIT_SECONDS, Deployment
from tests.support.emulator import ROOT, eventually
from tests.support.singer_tap import installed_tap
from tests.support.stripe_sandbox import KEY, client_of

SOURCE = "stripe"


@dataclass(frozen=True)
class Piped:
    """What a run of tap and target left behind."""

    customer: Any
    invoices: list[Any]
    state: str
    keys: list[str]
    messages: list[dict[str, Any]]


def billed(url: str) -> tuple[Any, list[Any]]:
    """A customer with two invoices, one of 120 and one of 80.50 dollars."""
    api = client_of(url)
    customer = api.customers.create({"name": "Tapped Ltd", "email": "office@tapped.example"})
    invoices = []
    for amount in (12_000, 8_050):
        terms = {"collection_method": "send_invoice", "days_until_due": 30, "currency": "usd"}
        draft = api.invoices.create({"customer": customer.id} | terms)
        api.invoice_items.create({"customer": customer.id, "invoice": draft.id, "amount": amount})
        invoices.append(api.invoices.finalize_invoice(draft.id))
    return customer, invoices


def tap_settings(url: str) -> dict[str, Any]:
    streams = [
        {
            "name": name,
            "path": f"/v1/{name}",
            "params": {"limit": "100"},
            "records_path": "$.data[*]",
            "primary_keys": ["id"],
            "num_inference_records": 100,
        }
        for name in ("customers", "invoices")
    ]
    return {"api_url": url, "headers": {"Authorization": f"Bearer {KEY}"}, "streams": streams}


@pytest.fixture(scope="module")
def piped(deployed: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Piped:
    tap, folder = installed_tap(), tmp_path_factory.mktemp("tap")
    bucket = deployed.view.outputs["IngestBucketName"]
    tap_config, target_config = folder / "tap.json", folder / "target.json"
    settings = {"bucket": bucket, "source": SOURCE, "endpoint_url": deployed.stack.endpoint}
    target_config.write_text(json.dumps(settings))
    with StripeSandbox() as api:
        # An API that lives on the deployment's day: what is dated later is not taken in yet.
        api.sandbox.advance(int((deployed.now() - datetime.now(UTC)).total_seconds()))
        customer, invoices = billed(api.url)
        tap_config.write_text(json.dumps(tap_settings(api.url)))
        state = pipe(tap, tap_config, target_config, folder)
    s3: Any = deployed.stack.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix="uploads/").get("Contents", [])
    keys = [one["Key"] for one in found if one["Key"].endswith(f".{SOURCE}.singer.jsonl")]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]
    messages = [json.loads(line) for body in bodies for line in body.splitlines()]
    return Piped(customer, invoices, state, keys, messages)


def pipe(tap: Path, tap_config: Path, target_config: Path, folder: Path) -> str:
    """`tap | target`; what the target wrote, its states."""
    made = ROOT / ".venv" / "bin" / "target-dunwell"
    target = [str(made)] if made.exists() else [sys.executable, "-P", "-m", "infra.singer"]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    log = (folder / "tap.log").open("w")
    with (
        log,
        subprocess.Popen(
            [str(tap), "--config", str(tap_config)],
            stdout=subprocess.PIPE,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        ) as reading,
    ):
        done = subprocess.run(
            [*target, "--config", str(target_config)],
            stdin=reading.stdout,
            capture_output=True,
            text=True,
            env=environment | keys,
            timeout=120,
            check=False,
        )
    assert (reading.returncode, done.returncode) == (0, 0), done.stderr + (folder / "tap.log").read_text()
    return done.stdout


def test_every_object_that_the_tap_read_is_in_the_bucket(piped: Piped) -> None:
    records = [message for message in piped.messages if message["type"] == "RECORD"]
    named = {(message["stream"], message["record"]["id"]) for message in records}
    assert {("customers", piped.customer.id), *(("invoices", one.id) for one in piped.invoices)} <= named
    schemas = [message["stream"] for message in piped.messages if message["type"] == "SCHEMA"]
    assert set(schemas) == {"customers", "invoices"}


def test_the_tap_is_told_how_far_it_came(piped: Piped) -> None:
    assert set(json.loads(piped.state.splitlines()[-1])["bookmarks"]) == {"customers", "invoices"}


def test_the_ledger_holds_what_the_tap_read(deployed: Deployment, piped: Piped) -> None:
    runs = [deployed.run_record(key.removeprefix("uploads/")) for key in piped.keys]
    assert {run["status"] for run in runs} == {"done"}, runs
    key = customer_id(deployed.policy.creditor.creditor_id, SOURCE, piped.customer.id)
    account = eventually(lambda: deployed.view.ledger.load(key), WAIT_SECONDS)
    assert account.customer.name == "Tapped Ltd"
    owed = {item.invoice.number: item.open_minor for item in account.open_invoices}
    assert owed == {one.number: one.amount_due for one in piped.invoices}
