"""The fitted model as one ONNX graph, with every feature's effect beside the probabilities.

Written node by node: the heads are linear, and what a feature's neutral value would change (which a converter
knows nothing of) is then a few operations on what is there already, instead of a row more a feature.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.ports import SETTLEMENT_QUANTILES
from dunwell_onnx.scorer import EFFECTS, INPUT, LATENESS, PROBABILITIES
from model_artifacts.late_payment.dataset import HORIZONS_DAYS
from model_artifacts.late_payment.model import BEFORE, OVERDUE, LatePayment

_DAYS_OVERDUE = FEATURE_NAMES.index("days_overdue")


def to_onnx(model: LatePayment) -> bytes:
    """`features` (float32, rows by features) to `late_probabilities` (rows by horizons), `lateness` (rows by
    quantiles) and `effects` (rows by horizons by features).
    """
    outputs = (
        (PROBABILITIES, [None, len(HORIZONS_DAYS)]),
        (LATENESS, [None, len(SETTLEMENT_QUANTILES)]),
        (EFFECTS, [None, len(HORIZONS_DAYS), len(FEATURE_NAMES)]),
    )
    graph = helper.make_graph(
        [*_phase(), *_late(), *_effects(), *_lateness()],
        "late_payment",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, len(FEATURE_NAMES)])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(value, name) for name, value in _constants(model).items()],
    )
    made: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(made)
    return bytes(made.SerializeToString(deterministic=True))


def _constants(model: LatePayment) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "overdue_column": np.array([_DAYS_OVERDUE], np.int64),
        "of_overdue": (np.arange(len(FEATURE_NAMES)) == _DAYS_OVERDUE)[None, None, :],
        "of_others": (np.arange(len(FEATURE_NAMES)) != _DAYS_OVERDUE)[None, None, :],
        "second_horizon": np.array([HORIZONS_DAYS[1]], np.float32),
        "neutral": np.array(NEUTRAL_VALUES, np.float32),
        "zero": np.zeros(1, np.float32),
        "last": np.array([2], np.int64),
        "middle": np.array([1], np.int64),
    }
    before = np.concatenate([head.coef_ for head in model.late[BEFORE]])
    found["overdue_before"] = before[None, :, _DAYS_OVERDUE].astype(np.float32)
    for phase, heads, quantiles in zip((BEFORE, OVERDUE), model.late, model.lateness, strict=True):
        late = np.concatenate([head.coef_ for head in heads])
        found[f"late_{phase}"] = late.T.astype(np.float32)
        found[f"late_{phase}_each"] = late[None, :, :].astype(np.float32)
        found[f"late_{phase}_from"] = np.array([head.intercept_[0] for head in heads], np.float32)
        found[f"lateness_{phase}"] = np.stack([head.coef_ for head in quantiles], 1).astype(np.float32)
        found[f"lateness_{phase}_from"] = np.array([head.intercept_ for head in quantiles], np.float32)
    return found


def _node(operation: str, inputs: Sequence[str], output: str, axis: int | None = None) -> NodeProto:
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    return helper.make_node(operation, list(inputs), [output], **attributes)


def _phase() -> list[NodeProto]:
    return [
        _node("Gather", [INPUT, "overdue_column"], "days_overdue", axis=1),
        _node("Greater", ["days_overdue", "zero"], "is_overdue"),
        _node("Greater", ["days_overdue", "second_horizon"], "is_long_overdue"),
    ]


def _linear(what: str, phase: int) -> list[NodeProto]:
    name = f"{what}_{phase}"
    return [
        _node("MatMul", [INPUT, name], f"{name}_product"),
        _node("Add", [f"{name}_product", f"{name}_from"], f"{name}_line"),
    ]


def _late() -> list[NodeProto]:
    return [
        *_linear("late", BEFORE),
        *_linear("late", OVERDUE),
        _node("Where", ["is_overdue", f"late_{OVERDUE}_line", f"late_{BEFORE}_line"], "log_odds"),
        *_coherent("log_odds", "is_overdue", "is_long_overdue"),
        _node("Sigmoid", ["log_odds_coherent"], PROBABILITIES),
    ]


def _coherent(name: str, overdue: str, long_overdue: str) -> list[NodeProto]:
    """A later horizon is never likelier than an earlier one that has not passed yet."""
    first, second, third = (f"{name}_{number}" for number in range(3))
    return [
        helper.make_node("Split", [name], [first, second, third], axis=1, num_outputs=3),
        _node("Min", [first, second], f"{second}_capped"),
        _node("Where", [overdue, second, f"{second}_capped"], f"{second}_coherent"),
        _node("Min", [f"{second}_coherent", third], f"{third}_capped"),
        _node("Where", [long_overdue, third, f"{third}_capped"], f"{third}_coherent"),
        _node("Concat", [first, f"{second}_coherent", f"{third}_coherent"], f"{name}_coherent", axis=1),
    ]


def _effects() -> list[NodeProto]:
    """What is left of each probability when one feature is neutral. Without its days past due, an invoice is in
    the other phase: that one feature is asked there.
    """
    return [
        _node("Sub", [INPUT, "neutral"], "off_neutral"),
        _node("Unsqueeze", ["off_neutral", "middle"], "off_neutral_each"),
        _node("Unsqueeze", ["is_overdue", "last"], "is_overdue_each"),
        _node("Unsqueeze", ["is_long_overdue", "last"], "is_long_overdue_each"),
        _node("Where", ["is_overdue_each", f"late_{OVERDUE}_each", f"late_{BEFORE}_each"], "coefficients"),
        _node("Mul", ["off_neutral_each", "coefficients"], "parts"),
        _node("Unsqueeze", ["log_odds", "last"], "log_odds_each"),
        _node("Sub", ["log_odds_each", "parts"], "within_phase"),
        _node("Mul", ["days_overdue", "overdue_before"], "overdue_part"),
        _node("Sub", [f"late_{BEFORE}_line", "overdue_part"], "not_overdue"),
        _node("Unsqueeze", ["not_overdue", "last"], "not_overdue_each"),
        _node("Where", ["of_overdue", "not_overdue_each", "within_phase"], "without"),
        _node("And", ["is_overdue_each", "of_others"], "overdue_without"),
        _node("And", ["is_long_overdue_each", "of_others"], "long_overdue_without"),
        *_coherent("without", "overdue_without", "long_overdue_without"),
        _node("Sigmoid", ["without_coherent"], "probabilities_without"),
        _node("Unsqueeze", [PROBABILITIES, "last"], "probabilities_each"),
        _node("Sub", ["probabilities_each", "probabilities_without"], EFFECTS),
    ]


def _lateness() -> list[NodeProto]:
    low, middle, high = "low", "median", "high"
    return [
        *_linear("lateness", BEFORE),
        *_linear("lateness", OVERDUE),
        _node("Where", ["is_overdue", f"lateness_{OVERDUE}_line", f"lateness_{BEFORE}_line"], "quantiles"),
        helper.make_node("Split", ["quantiles"], [low, middle, high], axis=1, num_outputs=3),
        _node("Min", [low, middle], "lowest"),
        _node("Max", [middle, high], "highest"),
        _node("Concat", ["lowest", middle, "highest"], LATENESS, axis=1),
    ]
