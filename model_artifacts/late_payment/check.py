"""Whether the models may be deployed: `python -m model_artifacts.late_payment.check FOLDER...`.

`make deploy` and every build of the scoring layer ask this, for the model in service and for the champion and the
challenger in its folder. The status is 1, and the reasons are printed, when a file is missing, damaged or of another
version than its card says, or when the gate refuses the model. A challenger is only asked, never listened to: it has
to be whole, but it has not passed the gate yet. The models of segments and recovery, which are data of the core, are
asked about beside it: they must be readable, the files that their cards and records describe, and pass their own gates.
"""

import json
import sys
from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from dunwell.scoring.features import NEUTRAL_VALUES
from dunwell.scoring.ports import ModelDataError
from dunwell.scoring.recovery import RECOVERY_FILE, read_recovery
from dunwell.scoring.segments import read_segments
from dunwell_onnx.fallback import CHALLENGER, CHAMPION
from dunwell_onnx.scorer import RECORD_FILE, ModelFileError, OnnxScorer
from model_artifacts.late_payment.gate import refusals
from model_artifacts.recovery.gate import refusals as recovery_gate
from model_artifacts.segments.gate import refusals as segments_gate

CARD = "card.md"


def why_not(folder: Path) -> list[str]:
    """Every reason against deploying the model in this folder with what stands beside it; empty when there is none."""
    found = _damage(folder) or _card(folder) + _gate(folder)
    for name, gated in ((CHAMPION, True), (CHALLENGER, False)):
        beside = folder / name
        if beside.exists():
            found += [f"{name}: {reason}" for reason in _damage(beside) or (_gate(beside) if gated else [])]
    return found


def _damage(folder: Path) -> list[str]:
    scorer = OnnxScorer(folder)
    try:
        (forecast,) = scorer.forecasts([NEUTRAL_VALUES])
    except ModelFileError as error:
        return [str(error)]
    numbers = (*forecast.probabilities, *forecast.lateness)
    if len(forecast.probabilities) != len(scorer.model.horizons_days) or not all(map(isfinite, numbers)):
        return [f"The model in {folder} answers with something else than its record says."]
    return []


def _card(folder: Path) -> list[str]:
    try:
        card = (folder / CARD).read_text(encoding="utf-8")
    except OSError as error:
        return [f"{folder / CARD} cannot be read ({error}): no model is deployed without its card."]
    model = OnnxScorer(folder).model
    missing = [text for text in (model.version, model.sha256, model.card_id) if text not in card]
    return [f"{folder / CARD} is the card of another version: it lacks {', '.join(missing)}."] if missing else []


def _gate(folder: Path) -> list[str]:
    record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
    return [f"The gate refuses it: {reason}" for reason in refusals(record)]


def why_not_data(artifacts: Path, data: Path = RECOVERY_FILE.parent) -> list[str]:
    """Every reason against deploying the models that are kept as data in a folder of the core.

    Args:
        artifacts: holds a folder with a card and a record for each.
    """
    found = []
    for name, read, gate in (("segments", read_segments, segments_gate), ("recovery", read_recovery, recovery_gate)):
        file, card = data / f"{name}.json", artifacts / name / CARD
        try:
            model = read(file)
            digest, text = sha256(file.read_bytes()).hexdigest(), card.read_text(encoding="utf-8")
        except (ModelDataError, OSError) as error:
            found.append(str(error))
            continue
        if missing := [one for one in (digest, model.version, model.card_id) if one not in text]:
            found.append(f"{card} is the card of another model than {file.name}: it lacks {', '.join(missing)}.")
        found += _gate_of_data(artifacts / name / RECORD_FILE, gate, digest)
    return found


def _gate_of_data(path: Path, gate: Callable[[dict[str, Any]], list[str]], digest: str) -> list[str]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["sha256"] != digest:
            return [f"{path} is the record of another model: its SHA-256 is {record['sha256']}, the file's {digest}."]
        return [f"The gate refuses it: {reason}" for reason in gate(record)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{path} is no record of a model ({type(error).__name__}: {error}). Train it again."]


def main(folders: list[str] | None = None) -> None:
    """Checks each folder and says what is wrong."""
    refused = False
    for folder in map(Path, sys.argv[1:] if folders is None else folders):
        for reason in (*why_not(folder), *why_not_data(folder.parent)):
            refused = True
            print(f"{folder.name} may not be deployed. {reason}", file=sys.stderr)
    sys.exit(int(refused))


if __name__ == "__main__":
    main()
