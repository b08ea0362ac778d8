"""Every handler finds what it imports in its layers, and fits into Lambda.

The packages of a test run hide what a layer lacks; so each handler is imported by an interpreter that sees
the standard library, the built layers and the function's folder, and nothing else.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.sam import Sam
from tests.support.template import ROOT, function_folder, functions, layers_of

UNZIPPED_LIMIT_BYTES = 262_144_000

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
Tracer()
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


def test_all_layers_together_fit_into_lambda(built: Path) -> None:
    assert sum(size_of(built / layer) for layer in ("CoreLayer", "AwsLayer", "ScoringLayer")) < UNZIPPED_LIMIT_BYTES


def test_a_package_that_is_in_no_layer_is_not_found(built: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_HANDLER, str(built / "AwsLayer" / "python"), "pytest.main"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "No module named 'pytest'" in done.stderr


def test_packages_work_without_the_parts_that_are_left_out(built: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", USE_PRUNED_PACKAGES, SERVICES, str(built / "AwsLayer" / "python")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "reached the network\n", done.stderr


def test_every_function_folder_is_deployed_once() -> None:
    deployed = sorted(function_folder(name).name for name in functions())

    assert deployed == sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))
