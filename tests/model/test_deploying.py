"""A damaged or refused model stops the build of its layer, and at run time the champion stands in with an alarm."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dunwell.scoring.features import NEUTRAL_VALUES
from dunwell.scoring.recovery import RECOVERY_FILE
from dunwell_onnx.fallback import CHALLENGER, CHAMPION, FallbackScorer
from dunwell_onnx.scorer import ModelFileError, OnnxScorer
from model_artifacts.late_payment.check import main, named_by, why_not, why_not_data, why_not_measured

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "model_artifacts" / "late_payment"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(MODEL, tmp_path / "late_payment", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "late_payment"


def missing(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def truncated(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-500])


def one_bit_flipped(folder: Path) -> None:
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)


def of_another_version(folder: Path) -> None:
    shutil.copy(MODEL / CHAMPION / "model.onnx", folder / "model.onnx")


def without_a_record(folder: Path) -> None:
    (folder / "metrics.json").unlink()


def record_cut_short(folder: Path) -> None:
    text = (folder / "metrics.json").read_text(encoding="utf-8")
    (folder / "metrics.json").write_text(text[: len(text) // 2], encoding="utf-8")


def made_for_other_features(folder: Path) -> None:
    record = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    record["feature_names"][0] = "shoe_size"
    (folder / "metrics.json").write_text(json.dumps(record), encoding="utf-8")


DAMAGES = [
    missing,
    truncated,
    one_bit_flipped,
    of_another_version,
    without_a_record,
    record_cut_short,
    made_for_other_features,
]
damaged = pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
Damage = Callable[[Path], None]


def test_the_committed_model_its_champion_and_their_files_may_be_deployed() -> None:
    assert why_not(MODEL) == []
    assert (MODEL / CHAMPION).exists()


@damaged
def test_a_damaged_model_may_not_be_deployed(copy: Path, damage: Damage) -> None:
    damage(copy)
    assert len(why_not(copy)) == 1


@damaged
def test_nor_may_a_whole_one_with_a_damaged_champion(copy: Path, damage: Damage) -> None:
    damage(copy / CHAMPION) if damage is not of_another_version else truncated(copy / CHAMPION)
    (reason,) = why_not(copy)
    assert reason.startswith("champion: ")


def test_nor_may_one_that_the_gate_refuses_however_its_record_answers(copy: Path) -> None:
    record = json.loads((copy / "metrics.json").read_text(encoding="utf-8"))
    record["evaluation"]["late_0"]["at_issue"]["model"]["brier"] = 0.2
    assert record["refused_because"] == []
    (copy / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
    assert any("gate refuses" in reason for reason in why_not(copy))


def test_nor_may_one_with_the_card_of_another_version(copy: Path) -> None:
    card = (copy / "card.md").read_text(encoding="utf-8")
    (copy / "card.md").write_text(card.replace(OnnxScorer(copy).model.sha256, "0" * 64), encoding="utf-8")
    assert "card of another version" in why_not(copy)[0]
    (copy / "card.md").unlink()
    assert "without its card" in why_not(copy)[0]


@pytest.mark.parametrize("name", ["segments", "recovery"])
@pytest.mark.parametrize("change", ["cut short", "missing", "altered"])
def test_the_models_kept_as_data_are_not_deployed_damaged_or_without_their_own_card(
    tmp_path: Path, name: str, change: str
) -> None:
    for one in ("segments", "recovery"):
        shutil.copy(RECOVERY_FILE.parent / f"{one}.json", tmp_path)
    assert why_not_data(MODEL.parent, tmp_path) == []
    path = tmp_path / f"{name}.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2] if change == "cut short" else text + " ", encoding="utf-8")
    if change == "missing":
        path.unlink()
    reasons = why_not_data(MODEL.parent, tmp_path)
    if change == "altered":
        assert ["the card of another version" in reasons[0], "the record of another model" in reasons[1]] == [True] * 2
    else:
        assert [f"is no model of {name}" in one for one in reasons] == [True]


@pytest.mark.parametrize("name", ["segments", "recovery"])
def test_nor_are_they_deployed_without_a_record_or_when_their_own_gate_refuses_it(tmp_path: Path, name: str) -> None:
    for one in ("segments", "recovery"):
        shutil.copytree(MODEL.parent / one, tmp_path / one)
    path = tmp_path / name / "metrics.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["simulated_hold_out" if name == "recovery" else "made_up_hold_out"] = None
    path.write_text(json.dumps(record), encoding="utf-8")
    (reason,) = why_not_data(tmp_path)
    assert reason.startswith("The gate refuses it: It was not measured")
    path.unlink()
    (reason,) = why_not_data(tmp_path)
    assert "is no record of a model" in reason


def in_the_record(artifacts: Path, name: str, field: str, value: str) -> list[str]:
    """What is said when a model's record names something else."""
    path = artifacts / name / "metrics.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(record | {field: value}), encoding="utf-8")
    return why_not(artifacts / name) if name == "late_payment" else why_not_data(artifacts)


ALL = ["late_payment", "segments", "recovery", "arrangements", "credit_default"]
# Each stands somewhere in a card, as the version before does, and is not what it is the card of.
STRANGE = [("version", "9"), ("version", "2.2.0"), ("card_id", "MC-"), ("version", ""), ("card_id", "")]


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODEL.parent, tmp_path / "all", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


@pytest.mark.parametrize(("field", "value"), STRANGE)
@pytest.mark.parametrize("name", ["late_payment", "segments", "recovery"])
def test_a_record_that_names_another_version_or_card_is_not_deployed(
    artifacts: Path, name: str, field: str, value: str
) -> None:
    (reason,) = in_the_record(artifacts, name, field, value)
    assert "of another" in reason or f"{field} has to be a text, not ''" in reason


@pytest.mark.parametrize(("field", "value"), [*STRANGE, ("sha256", "0" * 64)])
@pytest.mark.parametrize("name", ALL)
def test_a_card_that_names_another_version_hash_or_card_stops_the_build_whatever_else_it_mentions(
    artifacts: Path, name: str, field: str, value: str
) -> None:
    path = artifacts / name / "card.md"
    card = path.read_text(encoding="utf-8")
    own = named_by(card)
    assert own is not None
    was = getattr(own, field)
    if field == "card_id":
        card = card.replace(f"Card {was}.", f"Card {value}.", 1)
    else:
        start, end = card.split("## Version\n", 1)
        card = f"{start}## Version\n{end.replace(was, value, 1)}"
    path.write_text(f"{card}\nBefore it there was {was}, and 9, 2.2.0 and MC-.\n", encoding="utf-8")
    (reason,) = (*why_not(artifacts / "late_payment"), *why_not_data(artifacts), *why_not_measured(artifacts))
    assert f"{name}/card.md" in reason
    assert "of another version" in reason or "does not say once" in reason


def test_what_was_only_measured_has_the_card_of_its_own_numbers(artifacts: Path) -> None:
    path = artifacts / "credit_default" / "metrics.json"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    (reason,) = why_not_measured(artifacts)
    assert "sha256" in reason
    path.unlink()
    (reason,) = why_not_measured(artifacts)
    assert "Measure it again" in reason


def test_a_challenger_has_to_be_whole_but_need_not_have_passed_the_gate(copy: Path) -> None:
    shutil.copytree(copy / CHAMPION, copy / CHALLENGER)
    record = json.loads((copy / CHALLENGER / "metrics.json").read_text(encoding="utf-8"))
    del record["evaluation"]
    (copy / CHALLENGER / "metrics.json").write_text(json.dumps(record), encoding="utf-8")
    assert why_not(copy) == []
    truncated(copy / CHALLENGER)
    assert why_not(copy)[0].startswith("challenger: ")


def test_the_command_ends_with_one_and_says_why(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truncated(copy)
    with pytest.raises(SystemExit) as ended:
        main([str(copy)])
    assert ended.value.code == 1
    assert "late_payment may not be deployed" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [missing, truncated, of_another_version], ids=lambda one: one.__name__)
def test_the_layers_build_stops_before_it_installs_anything(tmp_path: Path, damage: Damage) -> None:
    project, artifacts = tmp_path / "project", tmp_path / "artifacts"
    project.mkdir()
    for name in ("layers", "infra", "pyproject.toml", "uv.lock"):
        (project / name).symlink_to(ROOT / name)
    (project / ".venv").symlink_to(ROOT / ".venv")
    shutil.copytree(ROOT / "model_artifacts", project / "model_artifacts")
    damage(project / "model_artifacts" / "late_payment")
    where = [f"DUNWELL_ROOT={project}", f"ARTIFACTS_DIR={artifacts}"]
    done = subprocess.run(
        ["make", "-C", str(ROOT / "layers" / "scoring"), "build-ScoringLayer", *where],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "may not be deployed" in done.stderr
    assert not (artifacts / "python").exists()


@damaged
def test_at_run_time_the_champion_stands_in_and_the_alarm_says_why_once(copy: Path, damage: Damage) -> None:
    damage(copy)
    alarms: list[str] = []
    scorer = FallbackScorer(copy, alarms.append)
    for _ in range(3):
        (forecast,) = scorer.forecasts([NEUTRAL_VALUES])
    assert scorer.model.version == OnnxScorer(MODEL / CHAMPION).model.version != OnnxScorer(MODEL).model.version
    assert len(forecast.lateness) == len(forecast.probabilities) == len(forecast.effects) == 3
    assert len(alarms) == 1
    assert "the champion, is served instead" in alarms[0]


def test_a_whole_model_is_served_itself_and_nobody_is_alarmed(copy: Path) -> None:
    alarms: list[str] = []
    scorer = FallbackScorer(copy, alarms.append)
    assert scorer.probabilities([NEUTRAL_VALUES]) == OnnxScorer(MODEL).probabilities([NEUTRAL_VALUES])
    assert (scorer.model.sha256, alarms) == (OnnxScorer(MODEL).model.sha256, [])


def test_without_a_champion_the_reasons_of_both_are_said(copy: Path) -> None:
    truncated(copy)
    missing(copy / CHAMPION)
    with pytest.raises(ModelFileError, match=r"SHA-256 .* no champion to fall back to: .* cannot be read"):
        _ = FallbackScorer(copy, lambda why: None).model
