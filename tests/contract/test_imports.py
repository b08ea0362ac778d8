"""Which code may know which: functions → adapters → core, and inside the core capabilities keep to themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.template import ROOT

CORE = ROOT / "layers" / "core" / "dunwell"
AWS = ROOT / "layers" / "aws" / "dunwell_aws"
SCORING = ROOT / "layers" / "scoring" / "dunwell_onnx"
FUNCTIONS = ROOT / "functions"
CAPABILITIES = sorted(path.name for path in CORE.iterdir() if (path / "__init__.py").exists())
BASE = {"ledger", "accounts"}

# Capability → capability that it may know beside the kernel, the ledger and accounts; and why.
EXCEPTIONS = {
    ("outreach", "compliance"): "no message without asking whether it is allowed, and asking is not an event",
    ("outreach", "charges"): "the creditor's policy is one document, and what is charged is a part of it",
    ("outreach", "arrangements"): "the creditor's policy is one document, and what may be agreed is a part of it",
    ("arrangements", "charges"): "a plan's interest is the arithmetic of all interest, rounded alike",
    ("ingestion", "remittance"): "a payout is pulled like all else, and is what the bank's line will be matched with",
    ("assist", "escalation"): "the worklist is the open cases put in order for a person",
    ("assist", "scoring"): "the worklist shows the score and its reasons beside a case",
}
# A package of data without code, which the time zone rules read.
DATA_PACKAGES = {"tzdata"}


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, also inside functions and for type checking."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out in full"
            yield str(node.module)


def tops(folder: Path) -> set[str]:
    return {name.partition(".")[0] for path in modules(folder) for name in imports(path)}


def known_capabilities(name: str) -> set[str]:
    """The capabilities that a capability's files import."""
    found = {one.split(".")[1] for path in modules(CORE / name) for one in imports(path) if one.startswith("dunwell.")}
    return found & set(CAPABILITIES) - {name}


def test_there_are_capabilities() -> None:
    assert set(CAPABILITIES) > BASE


def test_the_core_imports_the_standard_library_and_itself() -> None:
    assert tops(CORE) <= sys.stdlib_module_names | {"dunwell"} | DATA_PACKAGES


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_a_capability_knows_the_ledger_and_accounts_and_no_other_without_a_reason(capability: str) -> None:
    excepted = {other for one, other in EXCEPTIONS if one == capability}
    assert known_capabilities(capability) <= BASE | excepted


@pytest.mark.parametrize(("capability", "other"), EXCEPTIONS)
def test_every_exception_is_still_needed(capability: str, other: str) -> None:
    assert other in known_capabilities(capability)


def test_the_kernel_knows_no_capability() -> None:
    named = {name.split(".")[1] for path in CORE.glob("*.py") for name in imports(path) if name.startswith("dunwell.")}
    assert not named & set(CAPABILITIES)


def test_the_ledger_itself_knows_only_the_customer() -> None:
    assert known_capabilities("ledger") == {"accounts"}


def test_adapters_know_the_core_and_no_function() -> None:
    for folder, own in ((AWS, "dunwell_aws"), (SCORING, "dunwell_onnx")):
        assert not tops(folder) & (
            {"functions", "infra", "tests", "model_artifacts", "dunwell_aws", "dunwell_onnx"} - {own}
        )


@pytest.mark.parametrize("path", sorted(FUNCTIONS.glob("*/app.py")), ids=lambda path: path.parent.name)
def test_a_function_knows_the_layers_and_no_other_function(path: Path) -> None:
    named = {name.partition(".")[0] for name in imports(path)}
    assert not named & {"functions", "infra", "tests", "boto3", "botocore"}
    assert modules(path.parent) == [path]


IMPORT_EVERYTHING = """
import importlib, pathlib, sys
blocked = {"boto3", "botocore", "stripe", "pydantic", "aws_lambda_powertools", "chalice", "yaml", "jinja2", "numpy"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocker())
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root))
for path in sorted(root.glob("dunwell/**/*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    if parts[-1] != "__main__":
        importlib.import_module(".".join(parts if parts[-1] != "__init__" else parts[:-1]))
        print(".".join(parts))
"""


def test_the_core_is_imported_with_every_vendors_package_out_of_reach() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING, str(CORE.parent)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= len(modules(CORE)) - 1


def test_only_the_places_that_say_so_read_the_clock_or_chance() -> None:
    """The core's time is an argument; tokens must not be repeatable, and choices draw from a seed of theirs."""
    readers = {
        str(path.relative_to(CORE))
        for path in modules(CORE)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today", "time", "monotonic"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "time"}
    }
    assert readers == set()
    assert [str(path.relative_to(CORE)) for path in modules(CORE) if {"secrets", "random"} & set(imports(path))] == [
        "accounts/access.py",
        "outreach/choice.py",
    ]
