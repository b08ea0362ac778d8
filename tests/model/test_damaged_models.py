"""A model's files damaged in any value: served rightly, or refused as the model's fault; never anything else."""

import json
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from dunwell.scoring import recovery, segments
from dunwell.scoring.assess import assess_accounts
from dunwell.scoring.drift import read_spreads
from dunwell.scoring.features import NEUTRAL_VALUES
from dunwell.scoring.outside import OutsideInput, read_input
from dunwell.scoring.ports import ModelDataError
from dunwell_onnx.fallback import CHAMPION, FallbackScorer
from dunwell_onnx.scorer import ModelFileError, OnnxScorer
from tests.support.escalation import TODAY, account, invoice
from tests.support.ledger import paid
from tests.unit.scoring.stand_in import ByHandScorer

MODEL = Path(__file__).parents[2] / "model_artifacts" / "late_payment"
RECORD = json.loads((MODEL / "metrics.json").read_text(encoding="utf-8"))
JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    5,
    1e300,
    float("nan"),
    10**400,
    "",
    "x",
    [],
    [0, 60],
    ["x"] * 40,
    {},
    {"x": 1},
)
OUTSIDE: dict[str, list[dict[str, Any]]] = {
    "inputs": [
        {"name": "credit_score", "usual": 600.0, "step": 50.0, "words": [], "shares": [], "by_industry": False},
        {"name": "industry", "words": ["farming", "transport"], "shares": [0.5, 0.5]},
    ]
}
Path_ = tuple[str | int, ...]


def places(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Where every value stands, those that hold others too; of long lists the first and the last."""
    if at:
        yield at
    if isinstance(value, dict):
        for name, one in value.items():
            yield from places(one, (*at, name))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} & set(range(len(value)))):
            yield from places(value[index], (*at, index))


def damages(whole: Any, places_of: Any = None) -> Iterator[tuple[Path_, Any, Any]]:
    """Every value replaced by every junk, cut short by one where it is a list, and taken away."""
    for at in places(whole) if places_of is None else places_of:
        for junk in (*JUNK, "shorter", "gone"):
            found = deepcopy(whole)
            holder = found
            for step in at[:-1]:
                holder = holder[step]
            if junk == "gone":
                del holder[at[-1]]
            elif junk == "shorter":
                if not isinstance(holder[at[-1]], list):
                    continue
                holder[at[-1]] = holder[at[-1]][:-1]
            else:
                holder[at[-1]] = junk
            yield at, junk, found


READ_IN_SERVICE = {name: RECORD[name] for name in RECORD if name in {"trained_on", "reference"}}
READ_IN_SERVICE["reference"] = {
    "rows": 1,
    "spread": {name: RECORD["reference"]["spread"][name] for name in ("terms_days", "late_0")},
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in (".", CHAMPION):
        (tmp_path / name).mkdir(exist_ok=True)
        for file in ("model.onnx", "metrics.json"):
            shutil.copy(MODEL / name / file, tmp_path / name / file)
    return tmp_path


def served_rightly_or_the_champion_with_one_alarm(folder: Path, record: Any) -> bool:
    """Whether the model itself was served."""
    (folder / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
    alarms: list[str] = []
    scorer = FallbackScorer(folder, alarms.append)
    answer = scorer.forecasts([NEUTRAL_VALUES])
    read_spreads(scorer.record.get("reference", {}))
    own, champion = (OnnxScorer(one).forecasts([NEUTRAL_VALUES]) for one in (MODEL, MODEL / CHAMPION))
    assert answer == (champion if alarms else own)
    assert len(alarms) <= 1
    assert scorer.model.horizons_days == (0, 30, 90)
    assert 0 <= scorer.model.longest_terms_days <= 180
    return not alarms


@pytest.mark.parametrize("name", [*RECORD, "outside"])
def test_whatever_a_value_of_the_record_is_the_model_or_its_champion_is_served(copy: Path, name: str) -> None:
    small = {**RECORD, **READ_IN_SERVICE}
    inner = places(small[name], (name,)) if name in READ_IN_SERVICE else [(name,)] if name in small else []
    checked = 0
    for _, _, damaged in damages(small, inner):
        served_rightly_or_the_champion_with_one_alarm(copy, damaged)
        checked += 1
    if name == "outside":
        for at, _, damaged in damages({"outside": OUTSIDE}):
            was_served = served_rightly_or_the_champion_with_one_alarm(copy, small | damaged)
            assert not was_served or len(at) < 3  # the graph has no such inputs
            checked += 1
    assert checked >= len(JUNK)


@pytest.mark.parametrize("content", ["null", "5", "[]", '"x"', "", "{", "[" * 100_000, '{"a": NaN}'])
def test_a_record_that_is_none_costs_a_version_and_not_the_scores(copy: Path, content: str) -> None:
    (copy / "metrics.json").write_text(content, encoding="utf-8")
    alarms: list[str] = []
    scorer = FallbackScorer(copy, alarms.append)
    assert scorer.forecasts([NEUTRAL_VALUES]) == OnnxScorer(MODEL / CHAMPION).forecasts([NEUTRAL_VALUES])
    assert len(alarms) == 1
    shutil.copy(copy / "metrics.json", copy / CHAMPION / "metrics.json")
    with pytest.raises(ModelFileError, match="no champion to fall back to"):
        _ = FallbackScorer(copy, alarms.append).model


def test_a_graph_that_answers_otherwise_than_its_record_says_is_refused_when_it_is_read(copy: Path) -> None:
    content = (copy / CHAMPION / "model.onnx").read_bytes()  # it takes fewer features than this record names
    (copy / "model.onnx").write_bytes(content)
    record = RECORD | {"sha256": sha256(content).hexdigest()}
    (copy / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ModelFileError, match="does not answer as its record says"):
        _ = OnnxScorer(copy).model


def test_an_input_beside_the_ledger_is_what_it_has_to_be_or_refused() -> None:
    whole = OUTSIDE["inputs"]
    assert [read_input(one).columns for one in whole] == [1, 2]
    for _, _, damaged in damages(whole, [one for one in places(whole) if len(one) > 1]):
        for one in damaged:
            try:
                found = read_input(one)
            except (ValueError, TypeError, ArithmeticError):
                continue
            assert isinstance(found, OutsideInput)
            assert len(found.shares) == len(found.words)
            assert found.step > 0


BILLS = [invoice(f"P{n}", overdue_days=60 + 30 * n) for n in range(12)]
LATE = invoice("X", overdue_days=50)
OWING = [account(LATE), account(*BILLS, *map(paid, BILLS), LATE)]


def accepted_or_refused(read: Callable[[Path], Any], path: Path, damaged: Any) -> Any:
    path.write_text(json.dumps(damaged), encoding="utf-8")
    try:
        return read(path)
    except ModelDataError:
        return None


@pytest.mark.parametrize("name", ["recovery", "segments"])
def test_whatever_a_value_of_a_model_kept_as_data_is_nobody_is_refused_for_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, file, read = {
        "recovery": (recovery, recovery.RECOVERY_FILE, recovery.read_recovery),
        "segments": (segments, segments.SEGMENTS_FILE, segments.read_segments),
    }[name]
    whole = json.loads(file.read_text(encoding="utf-8"))
    accepted = refused = 0
    for at, junk, damaged in damages(whole):
        model = accepted_or_refused(read, tmp_path / "model.json", damaged)
        if model is None:
            refused += 1
            continue
        accepted += 1
        assert at[0] in {"version", "card_id"} or isinstance(junk, int), (at, junk)
        monkeypatch.setattr(module, "learned", lambda model=model: model)
        found = assess_accounts(OWING, TODAY, ByHandScorer())
        assert (found.refusals, found.damages) == ([], set())
        for one in found.assessments:
            assert one.segment in segments.SEGMENT_NAMES
            assert all(0 <= expected.permille_90 <= 1000 for expected in one.recoveries)
    assert accepted
    assert refused > accepted
