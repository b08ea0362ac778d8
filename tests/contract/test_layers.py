"""Every handler finds what it imports in its layers, and fits into Lambda.

The packages of a test run hide what a layer lacks; so each handler is imported by an interpreter that sees
the standard library, the built layers and the function's folder, and nothing else.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.sam import Sam
from tests.support.template import ROOT, environment_of, function_folder, functions, layers_of, resources

UNZIPPED_LIMIT_BYTES = 262_144_000
SCORING_LIMIT_BYTES = 150_000_000
PDF_LIMIT_BYTES = 30_000_000
COLD_IMPORT_SECONDS = 0.5
ALL_LAYERS = sorted(resources("AWS::Serverless::LayerVersion"))
GATEWAY = "GatewayLayer"

IMPORT_HANDLER = """
import importlib, sys
sys.dont_write_bytecode = True
*paths, handler = sys.argv[1:]
sys.path[:0] = paths
module, name = handler.rsplit(".", 1)
assert callable(getattr(importlib.import_module(module), name))
"""


# Packages whose parts are left out of the layer, doing what our functions do with them.
USE_PRUNED_PACKAGES = """
import sys
sys.dont_write_bytecode = True
sys.path[:0] = sys.argv[2:]
import boto3, chalice, stripe
from aws_lambda_powertools import Logger, Metrics, Tracer
Tracer(patch_modules=("botocore",), disabled=False)
session = boto3.Session("a", "b", region_name="us-east-1")
for service in sys.argv[1].split(","):
    session.client(service)
session.resource("dynamodb").Table("t")
app = chalice.Chalice("x")
client = stripe.StripeClient("sk_test_1", base_addresses={"api": "http://127.0.0.1:9"}, max_network_retries=0)
try:
    client.v1.checkout.sessions.create(params={"mode": "payment", "line_items": [{"quantity": 1}]})
except stripe.APIConnectionError:
    print("reached the network")
"""
# One message that fails, with tracing as Lambda switches it on.
HANDLE_A_BATCH = """
import sys, types
sys.dont_write_bytecode = True
sys.path[:0] = sys.argv[1:]
import app
context = types.SimpleNamespace(function_name="f", memory_limit_in_mb=512, aws_request_id="r",
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:f", get_remaining_time_in_millis=lambda: 9000)
record = {"messageId": "m", "body": "{}", "eventSource": "aws:sqs", "attributes": {}, "messageAttributes": {}}
print(app.handler({"Records": [record]}, context))
import botocore.client
print("traced:", hasattr(botocore.client.BaseClient._make_api_call, "__wrapped__"))
"""
ON_LAMBDA = {
    "LAMBDA_TASK_ROOT": "/var/task",
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
}
SERVICES = "cognito-idp,dynamodb,events,lambda,logs,s3,secretsmanager,sesv2,sns,sqs,ssm,stepfunctions,sts,xray"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sam = Sam(ROOT, tmp_path_factory.mktemp("sam"), {"AWS_DEFAULT_REGION": "us-east-1"})
    sam.build()
    return sam.build_dir


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", functions())
def test_a_handler_imports_from_its_layers_alone(name: str, built: Path) -> None:
    layers = [str(built / layer / "python") for layer in layers_of(name)]
    handler = functions()[name]["Properties"].get("Handler", "app.handler")
    command = [sys.executable, "-I", "-S", "-c", IMPORT_HANDLER]

    done = subprocess.run(
        [*command, str(function_folder(name)), *layers, handler],
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", functions())
def test_a_function_with_its_layers_fits_into_lambda(name: str, built: Path) -> None:
    total = size_of(function_folder(name)) + sum(size_of(built / layer) for layer in layers_of(name))

    assert total < UNZIPPED_LIMIT_BYTES


def test_the_scoring_layer_stays_small(built: Path) -> None:
    assert size_of(built / "ScoringLayer") < SCORING_LIMIT_BYTES


def test_the_scoring_layer_carries_the_model_in_service_and_the_champion(built: Path) -> None:
    folder = built / "ScoringLayer" / "python" / "model_artifacts" / "late_payment"
    for place in (folder, folder / "champion"):
        assert {"model.onnx", "metrics.json"} <= {path.name for path in place.iterdir()}


@pytest.mark.parametrize("name", ["ScorePortfolio", "ScoreAccount", "MonitorModels"])
def test_a_function_that_scores_is_imported_in_half_a_second(name: str, built: Path) -> None:
    """In processor time, since a shared machine's clock says more about its neighbours; the best of three."""
    layers = [str(built / layer / "python") for layer in layers_of(name)]
    timed = IMPORT_HANDLER + "import time; print(time.process_time())"
    command = [sys.executable, "-I", "-S", "-c", timed, str(function_folder(name)), *layers, "app.handler"]
    seconds = [
        float(subprocess.run(command, env={"AWS_DEFAULT_REGION": "us-east-1"}, capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(seconds) < COLD_IMPORT_SECONDS


def test_all_layers_together_fit_into_lambda(built: Path) -> None:
    assert sum(size_of(built / layer) for layer in ALL_LAYERS) < UNZIPPED_LIMIT_BYTES


def test_a_package_that_is_in_no_layer_is_not_found(built: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_HANDLER, str(built / "AwsLayer" / "python"), "pytest.main"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "No module named 'pytest'" in done.stderr


def test_packages_work_without_the_parts_that_are_left_out(built: Path) -> None:
    layers = [str(built / layer / "python") for layer in ("AwsLayer", GATEWAY)]

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", USE_PRUNED_PACKAGES, SERVICES, *layers],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "reached the network\n", done.stderr


def test_a_batch_is_traced_and_its_failure_logged_without_the_parts_that_are_left_out(built: Path) -> None:
    layers = [str(built / layer / "python") for layer in layers_of("MatchRemittance")]

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", HANDLE_A_BATCH, str(function_folder("MatchRemittance")), *layers],
        env={"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "Dunwell"} | ON_LAMBDA,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "traced: True" in done.stdout, done.stderr
    assert "{'batchItemFailures': [{'itemIdentifier': 'm'}]}" in done.stdout, done.stderr


@pytest.mark.parametrize("name", functions())
def test_only_functions_with_the_gateways_layer_reach_the_gateway(name: str, built: Path) -> None:
    layers = layers_of(name)
    source = (function_folder(name) / "app.py").read_text(encoding="utf-8")

    assert ("STRIPE_SECRET" in environment_of(name)) == (GATEWAY in layers)
    reaches = any(f"payments.{part}" in source for part in ("gateway", "debit_collector"))
    assert reaches == (GATEWAY in layers)


def test_the_gateways_adapter_needs_the_gateways_layer(built: Path) -> None:
    command = [sys.executable, "-I", "-S", "-c", IMPORT_HANDLER]
    without = [str(built / layer / "python") for layer in ("CoreLayer", "AwsLayer")]
    adapter = "dunwell_aws.stripe_gateway.StripeGateway"

    found = subprocess.run([*command, *without, str(built / GATEWAY / "python"), adapter], check=False)
    missing = subprocess.run([*command, *without, adapter], capture_output=True, text=True, check=False)

    assert found.returncode == 0
    assert "No module named 'stripe'" in missing.stderr


def test_every_function_folder_is_deployed_once() -> None:
    deployed = sorted(function_folder(name).name for name in functions())

    assert deployed == sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))


def test_letters_are_made_with_the_layer_of_pdf_alone(built: Path) -> None:
    command = [sys.executable, "-I", "-S", "-c", IMPORT_HANDLER]
    without = [str(built / layer / "python") for layer in ("CoreLayer", "AwsLayer")]
    made_by = "dunwell_aws.letter_pdf.letter_pdf"

    found = subprocess.run([*command, *without, str(built / "PdfLayer" / "python"), made_by], check=False)
    missing = subprocess.run([*command, *without, made_by], capture_output=True, text=True, check=False)

    assert found.returncode == 0
    assert "No module named 'reportlab'" in missing.stderr
    assert "PdfLayer" in layers_of("DispatchMessage")
    assert size_of(built / "PdfLayer") < PDF_LIMIT_BYTES


def test_the_layer_of_adapters_writes_amounts_in_the_languages_of_messages_and_carries_no_others(built: Path) -> None:
    locales = {path.stem.partition("_")[0] for path in (built / "AwsLayer").rglob("babel/locale-data/*.dat")}
    assert locales == {"root", *(path.parent.name for path in (ROOT / "infra" / "messages").glob("*/common.yaml"))}
