"""Decisions that others worked out by hand, when the shared folder is there; and the command that compares them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dunwell.compliance.__main__ import main
from dunwell.compliance.vectors import actual, load_vectors, parse_vector
from dunwell.errors import InvalidInputError

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("DUNWELL_SHARED", ROOT.parent / "shared"))
VECTORS = SHARED / "data" / "contact_vectors.json"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="no contact_vectors.json in the shared folder")


@needs_vectors
@pytest.mark.parametrize("raw", load_vectors(VECTORS) if VECTORS.exists() else [], ids=lambda raw: raw["id"])
def test_a_published_vector_agrees(raw: dict[str, Any]) -> None:
    vector = parse_vector(raw)
    assert str(actual(vector.request)) == str(vector.expected)


def vector(**given: Any) -> dict[str, Any]:
    return {
        "id": "T001",
        "given": {
            "channel": "call",
            "now_utc": "2026-06-15T10:15:00Z",
            "debtor": {"timezone": "America/New_York", "address_state": "OH", "consumer": True},
            "party": "third",
            "debt_id": "D1",
            **given,
        },
        "expect": {
            "allowed": False,
            "reason_code": "REGF_QUIET_HOURS",
            "next_allowed_utc": "2026-06-15T12:00:00Z",
        },
    }


def compare(tmp_path: Path, *vectors: dict[str, Any]) -> int:
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps(vectors))
    return main(["vectors", str(file)])


def test_the_command_succeeds_when_every_vector_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(tmp_path, vector()) == 0
    assert capsys.readouterr().out.startswith("1 of 1 contact vectors agree")


def test_the_command_prints_each_disagreement_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(tmp_path, vector(), vector(now_utc="2026-06-15T12:15:00Z")) == 1
    printed = capsys.readouterr().out
    assert "T001: expected allowed=False reason=REGF_QUIET_HOURS next=2026-06-15T12:00:00Z; got allowed=True" in printed
    assert "1 of 2 contact vectors agree" in printed


@pytest.mark.parametrize(
    "odd",
    [
        {"mood": "good"},
        {"channel": "pigeon"},
        {"debtor": {"consumer": True, "shoe_size": 43}},
        {"debtor": {"consumer": True, "holds": [{"type": "curse", "at_utc": "2026-01-01T00:00:00Z"}]}},
        {"debtor": {"consumer": True, "consents": {"sms": "yes"}}},
        {"debtor": {"consumer": True, "email_kind": "secret"}},
        {"debtor": {"consumer": True, "inconvenient": [{"days": [7], "from": "08:00", "to": "09:00"}]}},
        {"debtor": {"consumer": True, "inconvenient": [{"from": "8", "to": "09:00"}]}},
        {"now_utc": "yesterday"},
        {"now_utc": "2026-06-15T10:15:00"},
        {"message": {"opt_out_notice": True, "tone": "kind"}},
    ],
)
def test_what_a_vector_says_and_we_do_not_know_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        parse_vector(vector(**odd))


def test_a_missing_part_is_named() -> None:
    incomplete = vector()
    del incomplete["given"]["party"]
    with pytest.raises(InvalidInputError, match="party"):
        parse_vector(incomplete)


def test_a_file_that_is_no_array_of_vectors_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "vectors.json"
    file.write_text('{"id": 1}')
    assert main(["vectors", str(file)]) == 1
    assert "not a JSON array" in capsys.readouterr().err
