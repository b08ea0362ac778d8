"""Segments and recovery cannot be read: everybody is scored without what they say, and the alarm is raised."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dunwell.scoring import recovery, segments
from dunwell.scoring.assess import assess_accounts
from dunwell_aws import scoring
from dunwell_aws.observability import logger
from tests.support.memory import InMemoryCollection
from tests.support.outreach import POLICY, TODAY, overdue
from tests.support.portal import account, customer
from tests.unit.scoring.stand_in import ByHandScorer

ACCOUNTS = [account(overdue(12), who=customer(f"cus_{n}")) for n in range(3)]
MODELS = {"segments": (segments, "SEGMENTS_FILE"), "recovery": (recovery, "RECOVERY_FILE")}


@pytest.fixture(autouse=True)
def _read_again() -> Iterator[None]:
    for module, _ in MODELS.values():
        module.learned.cache_clear()
    yield
    for module, _ in MODELS.values():
        module.learned.cache_clear()


def damaged(name: str, how: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module: ModuleType
    module, constant = MODELS[name]
    path = folder / f"{name}.json"
    if how == "cut short":
        path.write_text(getattr(module, constant).read_text(encoding="utf-8")[:200], encoding="utf-8")
    monkeypatch.setattr(module, constant, path)
    return path


@pytest.mark.parametrize("how", ["cut short", "missing"])
@pytest.mark.parametrize("name", ["segments", "recovery"])
def test_a_damaged_model_costs_what_it_would_say_and_nobodys_score(
    name: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = assess_accounts(ACCOUNTS, TODAY, ByHandScorer())
    assert whole.damages == set()
    path = damaged(name, how, tmp_path, monkeypatch)
    for module, _ in MODELS.values():
        module.learned.cache_clear()
    found = assess_accounts(ACCOUNTS, TODAY, ByHandScorer())
    (damage,) = found.damages
    assert str(path) in damage
    assert found.refusals == []
    assert [one.risk_permille for one in found.assessments] == [one.risk_permille for one in whole.assessments]
    without_segment, without_recovery = name == "segments", name == "recovery"
    assert {one.segment == "" for one in found.assessments} == {without_segment}
    assert {one.recoveries == () for one in found.assessments} == {without_recovery}


def test_the_alarm_is_raised_once_a_page_with_the_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = damaged("recovery", "missing", tmp_path, monkeypatch)
    counted: list[str] = []
    told: list[str] = []
    monkeypatch.setattr(scoring, "count", lambda name, value=1: counted.append(name))
    monkeypatch.setattr(logger, "error", lambda message, why: told.append(why))
    store = InMemoryCollection()
    scoring.score_page(ACCOUNTS, TODAY, TODAY, ByHandScorer(), store, POLICY)
    assert counted == ["ModelFallback"]
    assert len(told) == 1
    assert str(path) in told[0]
    assert len(store.assessments) == 3
