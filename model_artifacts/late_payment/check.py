"""Whether the models may be deployed: `python -m model_artifacts.late_payment.check FOLDER...`.

`make deploy` and every build of the scoring layer ask this, for the model in service and for the champion and the
challenger in its folder. The status is 1, and the reasons are printed, when a file is missing, damaged or of another
version than its card says, or when the gate refuses the model. A challenger is only asked, never listened to: it has
to be whole, but it has not passed the gate yet. The models of segments and recovery, which are data of the core, are
asked about beside it: they must be readable, the files that their cards and records describe, and pass their own gates.
So are the cards of what is only measured: they must be of the numbers that were measured.

A card names its model in two places: the line `Card <id>.` under its title, and the beginning of its section Version,
`<version>, SHA-256 <of what> <hash>`. Other versions may be named anywhere else.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from dunwell.arrangements.offers import TAKERS
from dunwell.arrangements.worth import ASSUMED
from dunwell.scoring.features import NEUTRAL_VALUES
from dunwell.scoring.ports import ModelDataError
from dunwell.scoring.recovery import RECOVERY_FILE, read_recovery
from dunwell.scoring.segments import read_segments
from dunwell_onnx.fallback import CHALLENGER, CHAMPION
from dunwell_onnx.scorer import RECORD_FILE, ModelFileError, OnnxScorer
from model_artifacts import arrangements, credit_default
from model_artifacts.late_payment.gate import refusals
from model_artifacts.recovery.gate import refusals as recovery_gate
from model_artifacts.segments.gate import refusals as segments_gate

CARD = "card.md"
_ID = re.compile(r"^Card (\S+)\.(?:\s|$)", re.MULTILINE)
_VERSION = re.compile(
    r"^## Version\n+(\S+)[,;] SHA-256\b(?:(?!\n\n|\n## ).)*?`([0-9a-f]{64})`", re.MULTILINE | re.DOTALL
)
_FORM = "`<version>, SHA-256 <hash>`"


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


class Named(NamedTuple):
    """What a card is the card of."""

    card_id: str
    version: str
    sha256: str


def named_by(card: str) -> Named | None:
    """What a card's text names as its model; None where it does not name just one, in the form above."""
    ids, versions = _ID.findall(card), _VERSION.findall(card)
    return Named(ids[0], *versions[0]) if len(ids) == len(versions) == 1 else None


def _card(folder: Path) -> list[str]:
    model = OnnxScorer(folder).model
    return _of_another(folder / CARD, Named(model.card_id, model.version, model.sha256))


def _of_another(path: Path, model: Named) -> list[str]:
    """Why a card is not the card of a model."""
    try:
        card = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        return [f"{path} cannot be read ({error}): no model is deployed without its card."]
    named = named_by(card)
    if named is None:
        return [f"{path} does not say once which model it is of: a line `Card <id>.`, and under `## Version` {_FORM}."]
    parts = zip(Named._fields, named, model, strict=True)
    differ = [f"{what} {says}, where the model's is {has}" for what, says, has in parts if says != has]
    return [f"{path} is the card of another version: it says {'; '.join(differ)}."] if differ else []


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
        file = data / f"{name}.json"
        try:
            model, digest = read(file), sha256(file.read_bytes()).hexdigest()
        except (ModelDataError, OSError) as error:
            found.append(str(error))
            continue
        is_this = Named(model.card_id, model.version, digest)
        found += _of_another(artifacts / name / CARD, is_this)
        found += _gate_of_data(artifacts / name / RECORD_FILE, gate, is_this)
    return found


def why_not_measured(artifacts: Path) -> list[str]:
    """Every card of something without a model file, in this folder, that is not of the numbers that were measured."""
    numbers = json.dumps([asdict(ASSUMED), asdict(TAKERS)], sort_keys=True).encode()
    found = _of_another(
        artifacts / "arrangements" / CARD,
        Named(arrangements.CARD_ID, arrangements.VERSION, sha256(numbers).hexdigest()),
    )
    measured = artifacts / "credit_default" / RECORD_FILE
    try:
        digest = sha256(measured.read_bytes()).hexdigest()
    except OSError as error:
        return [*found, f"{measured} cannot be read ({error}). Measure it again."]
    is_this = Named(credit_default.CARD_ID, credit_default.VERSION, digest)
    return found + _of_another(artifacts / "credit_default" / CARD, is_this)


def _gate_of_data(path: Path, gate: Callable[[dict[str, Any]], list[str]], model: Named) -> list[str]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        of = Named(record["card_id"], record["version"], record["sha256"])
        if of != model:
            return [f"{path} is the record of another model: it is of {', '.join(of)}, the file is {', '.join(model)}."]
        return [f"The gate refuses it: {reason}" for reason in gate(record)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"{path} is no record of a model ({type(error).__name__}: {error}). Train it again."]


def main(folders: list[str] | None = None) -> None:
    """Checks each folder and says what is wrong."""
    refused = False
    for folder in map(Path, sys.argv[1:] if folders is None else folders):
        for reason in (*why_not(folder), *why_not_data(folder.parent), *why_not_measured(folder.parent)):
            refused = True
            print(f"{folder.name} may not be deployed. {reason}", file=sys.stderr)
    sys.exit(int(refused))


if __name__ == "__main__":
    main()
