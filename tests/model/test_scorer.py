"""The scorer refuses a model that is missing, damaged, or made for other features, and says what to do."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dunwell.scoring.delivery import NO_OFFSETS
from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell_onnx.scorer import ModelFileError, OnnxScorer

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "model_artifacts" / "late_payment"
Record = dict[str, Any]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("model.onnx", "metrics.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    return tmp_path


def edit(folder: Path, change: Callable[[Record], Record]) -> None:
    path = folder / "metrics.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def test_many_rows_are_answered_in_order_as_each_alone_is() -> None:
    scorer = OnnxScorer(FOLDER)
    rows = [[value + n / 10 for value in NEUTRAL_VALUES] for n in range(20)]
    alone = [scorer.probabilities([row])[0] for row in rows]
    for together, single in zip(scorer.probabilities(rows), alone, strict=True):
        assert together == pytest.approx(single, abs=1e-6)


def test_no_rows_get_no_answers() -> None:
    assert OnnxScorer(FOLDER).probabilities([]) == []
    assert OnnxScorer(FOLDER).forecasts([]) == []


def test_a_model_of_other_quantiles_is_refused(copy: Path) -> None:
    edit(copy, lambda record: {**record, "settlement_quantiles": [0.05, 0.5, 0.95]})
    with pytest.raises(ModelFileError, match="other settlement_quantiles"):
        _ = OnnxScorer(copy).model


def test_nothing_is_read_before_the_first_use(tmp_path: Path) -> None:
    scorer = OnnxScorer(tmp_path)
    with pytest.raises(ModelFileError, match=r"metrics\.json cannot be read"):
        scorer.probabilities([NEUTRAL_VALUES])


def test_a_missing_model_file_is_named(copy: Path) -> None:
    (copy / "model.onnx").unlink()
    with pytest.raises(ModelFileError, match=r"model\.onnx cannot be read"):
        _ = OnnxScorer(copy).model


def test_a_truncated_model_file_fails_its_hash(copy: Path) -> None:
    content = (copy / "model.onnx").read_bytes()
    (copy / "model.onnx").write_bytes(content[:-100])
    with pytest.raises(ModelFileError, match="SHA-256"):
        _ = OnnxScorer(copy).model


def test_a_file_that_is_no_model_is_refused_even_with_the_right_hash(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(b"not a graph")
    digest = "a4b6a0a2f1b1e8a3"
    edit(copy, lambda record: {**record, "sha256": digest})
    with pytest.raises(ModelFileError) as refused:
        _ = OnnxScorer(copy).model
    actual = str(refused.value).split("SHA-256 is ")[1].split(",")[0]
    edit(copy, lambda record: {**record, "sha256": actual})
    with pytest.raises(ModelFileError, match="not a model onnxruntime can load"):
        _ = OnnxScorer(copy).model


def test_a_model_made_for_other_features_is_refused_by_their_names(copy: Path) -> None:
    edit(copy, lambda record: {**record, "feature_names": [*record["feature_names"][:-1], "shoe_size"]})
    with pytest.raises(ModelFileError, match="features than this code computes: shoe_size"):
        _ = OnnxScorer(copy).model


def test_a_model_of_before_the_last_features_takes_the_first_of_them_and_finds_no_effect_of_the_others() -> None:
    champion = OnnxScorer(FOLDER / "champion")
    known = len(champion.model.feature_names)
    assert known < len(FEATURE_NAMES)
    told = [*NEUTRAL_VALUES[:known], *[0.7] * (len(FEATURE_NAMES) - known)]
    plain, informed = champion.forecasts([NEUTRAL_VALUES, told])
    assert informed == plain
    assert champion.model.delivery == NO_OFFSETS
    assert [len(one) for one in plain.effects] == [len(FEATURE_NAMES)] * 3
    assert [one[known:] for one in plain.effects] == [[0.0] * (len(FEATURE_NAMES) - known)] * 3


def test_the_same_features_in_another_order_are_refused(copy: Path) -> None:
    edit(copy, lambda record: {**record, "feature_names": record["feature_names"][::-1]})
    with pytest.raises(ModelFileError, match="their order"):
        _ = OnnxScorer(copy).model


@pytest.mark.parametrize("content", ["", "{", "{}"])
def test_an_unreadable_record_is_refused(copy: Path, content: str) -> None:
    (copy / "metrics.json").write_text(content)
    with pytest.raises(ModelFileError, match=r"metrics\.json"):
        _ = OnnxScorer(copy).model


def test_a_row_of_another_length_or_with_a_hole_is_refused() -> None:
    scorer = OnnxScorer(FOLDER)
    with pytest.raises(ValueError, match="must hold the"):
        scorer.probabilities([NEUTRAL_VALUES, NEUTRAL_VALUES[:-1]])
    with pytest.raises(ValueError, match="finite"):
        scorer.probabilities([(float("nan"), *NEUTRAL_VALUES[1:])])


def test_importing_the_scorer_brings_in_neither_scikit_learn_nor_onnxruntime() -> None:
    code = (
        "import sys; sys.path[:0] = ['layers/core', 'layers/scoring']; import dunwell_onnx.scorer;"
        "print({'dunwell_onnx', 'sklearn', 'scipy', 'onnxruntime', 'onnx'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "{'dunwell_onnx'}"
