"""A model file behind the core's `Scorer`, served by onnxruntime on one thread."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dunwell.scoring.delivery import DeliveryOffsets
from dunwell.scoring.drift import read_spreads
from dunwell.scoring.features import FEATURE_NAMES, HORIZONS_DAYS, NEUTRAL_VALUES
from dunwell.scoring.habit import MAX_TERMS_DAYS
from dunwell.scoring.model_data import list_of, mapping_of, numbers_of, text_of, texts_of, whole_of
from dunwell.scoring.outside import OutsideInput, read_input
from dunwell.scoring.ports import SETTLEMENT_QUANTILES, TAUGHT_TERMS_DAYS, Forecast, ModelVersion

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL_FILE = "model.onnx"
RECORD_FILE = "metrics.json"
INPUT, EXPLAIN, OUTSIDE = "features", "explain", "outside"
DELIVERY = "delivery_offsets"  # in the graph's own properties, where the hash covers it
PROBABILITIES, LATENESS, EFFECTS = "late_probabilities", "lateness", "effects"


_TEXTS = ("name", "version", "sha256", "card_id")
_FIXED = {"horizons_days": list(HORIZONS_DAYS), "settlement_quantiles": list(SETTLEMENT_QUANTILES)}


class ModelFileError(Exception):
    """The model cannot be served: a file is missing or damaged, or it was made for other features."""


class OnnxScorer:
    """Serves the model in a folder that holds `model.onnx` and `metrics.json`.

    Nothing is read before the first use. Then the model's hash and feature names must be those on record,
    the feature names the first of the core's, all that is read of the record of the right form, and a neutral row must
    get an answer of the right form; otherwise every use raises `ModelFileError`.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)

    @cached_property
    def model(self) -> ModelVersion:
        """What is on record about the model. ModelFileError when it does not fit the file or the core."""
        return self._loaded[0]

    @property
    def session(self) -> "InferenceSession":
        """The loaded graph, for those who measure it."""
        return self._loaded[1]

    @cached_property
    def record(self) -> dict[str, Any]:
        """All that is on record about the model, read as it is. ModelFileError when it cannot be."""
        return self._record()

    def probabilities(self, rows: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
        """One row of probabilities, by the model's horizons, for each row of features; one call of the model.

        ModelFileError when the model cannot be served; ValueError when a row has another length or holds NaN.
        """
        found = self._run([PROBABILITIES], rows)[0].tolist() if rows else []
        return [tuple(row) for row in found]

    def forecasts(self, rows: Sequence[Sequence[float]]) -> list[Forecast]:
        """Probabilities, quantiles of lateness and every feature's effect for each row; one call of the model. Effects
        and quantiles are worked out only here, since they take longer than the probabilities.

        Raises as `probabilities` does.
        """
        if not rows:
            return []
        late, lateness, effects = self._run([PROBABILITIES, LATENESS, EFFECTS], rows, explain=True)
        if later := len(FEATURE_NAMES) - len(self.model.feature_names):  # of which it knows nothing
            effects = np.insert(effects, [len(self.model.feature_names)] * later, 0, axis=2)
        found = (late.tolist(), lateness.tolist(), effects.tolist())
        return [Forecast(*one) for one in zip(*found, strict=True)]

    def _run(
        self, outputs: list[str], rows: Sequence[Sequence[float]], *, explain: bool = False
    ) -> "list[np.ndarray[Any, Any]]":
        model, session = self._loaded
        answers: list[np.ndarray[Any, Any]] = session.run(
            outputs, {**self._given(rows, model), **(self._asked if explain else {})}
        )
        return answers

    @cached_property
    def _asked(self) -> dict[str, Any]:
        """What asks for effects and quantiles; a model of before 2.1 always works them out."""
        names = {one.name for one in self._loaded[1].get_overridable_initializers()}
        return {EXPLAIN: np.array(True)} if EXPLAIN in names else {}

    def _given(self, rows: Sequence[Sequence[float]], model: ModelVersion) -> dict[str, Any]:
        """The model's inputs: the features and, where the rows go on, what figures beside the ledger say."""
        width, outside = len(FEATURE_NAMES), sum(one.columns for one in model.outside)
        told = bool(outside) and len(rows[0]) != width
        whole = self._table(rows, width + outside if told else width)
        features = np.ascontiguousarray(whole[:, : len(model.feature_names)])
        return {INPUT: features, **({OUTSIDE: np.ascontiguousarray(whole[:, width:])} if told else {})}

    @staticmethod
    def _table(rows: Sequence[Sequence[float]], width: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
        if set(map(len, rows)) != {width}:
            raise ValueError(f"Each row must hold the {width} features {', '.join(FEATURE_NAMES)}, all alike.")
        flat = np.fromiter(chain.from_iterable(rows), np.float32, len(rows) * width)
        if not np.isfinite(flat).all():
            raise ValueError("A feature is not a finite number: leave that invoice out and look at its facts.")
        return flat.reshape(len(rows), width)

    @cached_property
    def _loaded(self) -> "tuple[ModelVersion, InferenceSession]":
        record, content = self.record, self._content()
        model = ModelVersion(
            name=record["name"],
            version=record["version"],
            sha256=hashlib.sha256(content).hexdigest(),
            card_id=record["card_id"],
            feature_names=tuple(record["feature_names"]),
            horizons_days=HORIZONS_DAYS,
            outside=_outside(record),
            longest_terms_days=_longest_terms_days(record),
        )
        if model.sha256 != record["sha256"]:
            raise ModelFileError(
                f"{MODEL_FILE} in {self._folder} is not the file {RECORD_FILE} describes: its SHA-256 is "
                f"{model.sha256}, on record is {record['sha256']}. Deploy the two together."
            )
        _check_features(model)
        session = _session(content, self._folder)
        model = replace(model, delivery=_delivery(session.get_modelmeta().custom_metadata_map, self._folder))
        widths = {one.name: one.shape[1] for one in session.get_overridable_initializers() if one.name == OUTSIDE}
        if widths.get(OUTSIDE, 0) != sum(one.columns for one in model.outside):
            raise ModelFileError(f"{MODEL_FILE} in {self._folder} has other outside inputs than are on record.")
        _check_answer(session, model, self._folder)
        return model, session

    def _record(self) -> dict[str, Any]:
        path = self._folder / RECORD_FILE
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ModelFileError(f"{path} cannot be read ({error}). Deploy the model again.") from error
        try:
            return _checked(record)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ModelFileError(f"{path} describes no model: {error}. Deploy the model again.") from error

    def _content(self) -> bytes:
        path = self._folder / MODEL_FILE
        try:
            return path.read_bytes()
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read ({error}). Deploy the model again.") from error


def _delivery(properties: Mapping[str, str], folder: Path) -> DeliveryOffsets:
    """What the model learned of how invoices are sent; nothing for one of before 2.3, which did not know it."""
    try:
        offsets = DeliveryOffsets(**json.loads(properties.get(DELIVERY, "{}")))
        numbers_of(list(offsets), DELIVERY)
        return offsets
    except (ValueError, TypeError, ArithmeticError) as error:
        raise ModelFileError(f"{MODEL_FILE} in {folder} tells its {DELIVERY} in another form: {error}") from error


def _checked(record: Any) -> dict[str, Any]:
    """The record, whose parts that are read in service are what they have to be. ValueError or TypeError otherwise."""
    mapping_of(record, "the record")
    needed = {*_TEXTS, "feature_names", *_FIXED}
    if missing := sorted(needed - set(record)):
        raise ValueError(f"it lacks {', '.join(missing)}")
    for name in _TEXTS:
        text_of(record[name], name)
    texts_of(record["feature_names"], "feature_names")
    for name, expected in _FIXED.items():
        if record[name] != expected:
            raise ValueError(f"it has other {name} than this code reads, {expected}")
    _outside(record)
    _longest_terms_days(record)
    read_spreads(record.get("reference", {}))
    return dict(record)


def _outside(record: Mapping[str, Any]) -> tuple[OutsideInput, ...]:
    """The inputs beside the ledger, empty for a model that was not trained on any."""
    if record.get("outside") is None:
        return ()
    inputs = mapping_of(record["outside"], "outside").get("inputs", [])
    return tuple(read_input(mapping_of(one, "inputs")) for one in list_of(inputs, "inputs"))


def _longest_terms_days(record: Mapping[str, Any]) -> int:
    """The longest time to pay that the model was taught; one of before 2.3.1 does not say."""
    trained_on = mapping_of(record.get("trained_on", {}), "trained_on")
    return whole_of(trained_on.get("longest_terms_days", TAUGHT_TERMS_DAYS), "longest_terms_days", 0, MAX_TERMS_DAYS)


def _check_features(model: ModelVersion) -> None:
    """An older model, such as a champion, may lack features that came later: new ones are added at the end."""
    if model.feature_names == FEATURE_NAMES[: len(model.feature_names)]:
        return
    differ = sorted(set(model.feature_names) - set(FEATURE_NAMES)) or ["their order"]
    raise ModelFileError(
        f"{model.name} {model.version} was trained on other features than this code computes: "
        f"{', '.join(differ)}. Train it again, or deploy the code it was trained with."
    )


def _check_answer(session: "InferenceSession", model: ModelVersion, folder: Path) -> None:
    """Ask about one neutral row: whatever does not fit the record shows here and not while a customer is scored."""
    given = {INPUT: np.array([NEUTRAL_VALUES[: len(model.feature_names)]], np.float32)}
    if EXPLAIN in {one.name for one in session.get_overridable_initializers()}:
        given[EXPLAIN] = np.array(True)
    try:
        answers = session.run([PROBABILITIES, LATENESS, EFFECTS], given)
    except Exception as error:  # onnxruntime raises several unrelated types for what does not fit
        raise ModelFileError(f"{MODEL_FILE} in {folder} does not answer as its record says: {error}") from error
    horizons, inputs = len(model.horizons_days), len(model.feature_names) + len(model.outside)
    shapes = [(1, horizons), (1, len(SETTLEMENT_QUANTILES)), (1, horizons, inputs)]
    if [one.shape for one in answers] != shapes or not all(np.isfinite(one).all() for one in answers):
        raise ModelFileError(f"{MODEL_FILE} in {folder} answers with something else than its record says.")


def _session(content: bytes, folder: Path) -> "InferenceSession":
    import onnxruntime  # costs 0.1 s: only a process that scores pays for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a Lambda function has about one core; threads only wait for each other
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises several unrelated types for a damaged graph
        raise ModelFileError(f"{MODEL_FILE} in {folder} is not a model onnxruntime can load: {error}") from error
