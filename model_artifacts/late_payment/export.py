"""The fitted model as one ONNX graph: the probabilities, and beside them, when asked for, every feature's effect and
the quantiles of lateness.

Written node by node: the heads are linear, and what a feature's neutral value would change (which a converter
knows nothing of) is then a few operations on what is there already, instead of a row more a feature.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from dunwell.scoring.features import FEATURE_NAMES, NEUTRAL_VALUES
from dunwell.scoring.ports import SETTLEMENT_QUANTILES
from dunwell_onnx.scorer import DELIVERY, EFFECTS, EXPLAIN, INPUT, LATENESS, PROBABILITIES
from model_artifacts.late_payment.conformal import CLIPPED_DAYS, NARROWEST_HALF, WEEK_DAYS, Narrowing
from model_artifacts.late_payment.dataset import HORIZONS_DAYS
from model_artifacts.late_payment.model import BEFORE, OVERDUE, LatePayment

_DAYS_OVERDUE = FEATURE_NAMES.index("days_overdue")
FAR = 1e6  # log odds beyond all that occur
JUST = 0.001  # days: less than any difference that occurs


def to_onnx(model: LatePayment) -> bytes:
    """`features` (float32, rows by features) to `late_probabilities` (rows by horizons), `lateness` (rows by
    quantiles) and `effects` (rows by horizons by features). The last two are empty unless `explain` is true. What the
    features take out for how invoices were sent is in the file too, so that its hash covers that.
    """
    floats = TensorProto.FLOAT
    outputs = (
        (PROBABILITIES, [None, len(HORIZONS_DAYS)]),
        (LATENESS, [None, len(SETTLEMENT_QUANTILES)]),
        (EFFECTS, [None, len(HORIZONS_DAYS), len(FEATURE_NAMES)]),
    )
    graph = helper.make_graph(
        [*_probabilities(), _explanation(model)],
        "late_payment",
        [
            helper.make_tensor_value_info(INPUT, floats, [None, len(FEATURE_NAMES)]),
            helper.make_tensor_value_info(EXPLAIN, TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info(name, floats, shape) for name, shape in outputs],
        _initializers(_scoring_constants(model)),
    )
    made: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(made, {DELIVERY: json.dumps(model.delivery._asdict())})
    checker.check_model(made)
    return bytes(made.SerializeToString(deterministic=True))


def _initializers(constants: Mapping[str, NDArray[Any]]) -> list[TensorProto]:
    return [numpy_helper.from_array(value, name) for name, value in constants.items()]


def _scoring_constants(model: LatePayment) -> dict[str, NDArray[Any]]:
    """One product gives all that the probabilities need, in four parts: the log odds before the due date with the two
    limits of each, the same past due, when a limit is lifted, and the days past due.
    """
    columns: list[tuple[NDArray[Any], float]] = []
    first, second, third = [(head.coef_[0], float(head.intercept_[0])) for head in model.late[BEFORE]]
    columns += [first, second, third, first, first, second, first, first, first]
    overdue = [(head.coef_[0], float(head.intercept_[0])) for head in model.late[OVERDUE]]
    nothing, days = np.zeros(len(FEATURE_NAMES)), np.eye(len(FEATURE_NAMES))[_DAYS_OVERDUE]
    no_limit, never = (nothing, FAR), (nothing, -FAR)
    columns += [*overdue, no_limit, no_limit, overdue[1], no_limit, no_limit, no_limit]
    lifted = (FAR * days, -FAR * (HORIZONS_DAYS[1] + JUST))  # of the last horizon, once the second has passed
    columns += [never] * 5 + [lifted] + [never] * 3 + [(days, 0.0)]
    return {
        "scoring": np.stack([column for column, _ in columns], axis=1).astype(np.float32),
        "scoring_from": np.array([start for _, start in columns], np.float32),
        "parts": np.array([9, 9, 9, 1], np.int64),
        "limits": np.array([3, 3, 3], np.int64),
        "zero": np.zeros(1, np.float32),
        EXPLAIN: np.array(False),  # what is taken when nobody asks
    }


def _probabilities() -> list[NodeProto]:
    """As few operations as there can be: for one row, each costs as much as the arithmetic of all."""
    return [
        _node("Gemm", [INPUT, "scoring", "scoring_from"], "scored"),
        helper.make_node("Split", ["scored", "parts"], ["before", "past_due", "lifted", "days_overdue"], axis=1),
        _node("Greater", ["days_overdue", "zero"], "is_overdue"),
        _node("Where", ["is_overdue", "past_due", "before"], "limited"),
        _node("Max", ["limited", "lifted"], "lifted_where_passed"),
        helper.make_node("Split", ["lifted_where_passed", "limits"], ["own", "one_limit", "other_limit"], axis=1),
        _node("Min", ["own", "one_limit", "other_limit"], "coherent"),
        _node("Sigmoid", ["coherent"], PROBABILITIES),
    ]


def _explanation(model: LatePayment) -> NodeProto:
    """Effects and quantiles, worked out only when asked for."""
    floats = TensorProto.FLOAT
    asked = helper.make_graph(
        [*_log_odds(), *_effects(), *_lateness()],
        "explained",
        [],
        [helper.make_tensor_value_info(name, floats, None) for name in ("quantiles_moved", "effects_found")],
        _initializers(_constants(model)),
    )
    nothing = {
        "no_quantiles": np.zeros((0, len(SETTLEMENT_QUANTILES)), np.float32),
        "no_effects": np.zeros((0, len(HORIZONS_DAYS), len(FEATURE_NAMES)), np.float32),
    }
    not_asked = helper.make_graph(
        [_node("Identity", [name], f"{name}_found") for name in nothing],
        "not_explained",
        [],
        [helper.make_tensor_value_info(f"{name}_found", floats, None) for name in nothing],
        _initializers(nothing),
    )
    return helper.make_node("If", [EXPLAIN], [LATENESS, EFFECTS], then_branch=asked, else_branch=not_asked)


def _constants(model: LatePayment) -> dict[str, NDArray[Any]]:
    days = np.arange(len(FEATURE_NAMES)) == _DAYS_OVERDUE
    found: dict[str, NDArray[Any]] = {
        "of_overdue": days[None, None, :],
        "of_others": ~days[None, None, :],
        "second_horizon": np.array([HORIZONS_DAYS[1]], np.float32),
        "neutral": np.array(NEUTRAL_VALUES, np.float32),
        "last": np.array([2], np.int64),
        "middle": np.array([1], np.int64),
        **_narrowing_constants(model.narrowing),
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


def _narrowing_constants(narrowing: Narrowing) -> dict[str, NDArray[Any]]:
    ends = (narrowing.earliest, narrowing.latest)
    found = {
        "at_issue": np.array([end.at_issue for end in ends], np.float32),
        "over_terms": np.array([end.over_terms for end in ends], np.float32),
    }
    numbers = {
        "overdue_week": narrowing.overdue_week,
        "overdue_longer": narrowing.overdue_longer,
        "one": 1.0,
        "week": float(WEEK_DAYS),
        "narrowest_half": NARROWEST_HALF,
    }
    found |= {name: np.array([value], np.float32) for name, value in numbers.items()}
    bounds = {"zero_each": 0.0, "one_each": 1.0, "longest_terms_each": float(CLIPPED_DAYS)}  # Clip wants scalars
    found |= {name: np.array(value, np.float32) for name, value in bounds.items()}
    columns = {"to_due_column": "days_to_due", "terms_column": "terms_days"}
    return found | {name: np.array([FEATURE_NAMES.index(column)], np.int64) for name, column in columns.items()}


def _node(operation: str, inputs: Sequence[str], output: str, axis: int | None = None) -> NodeProto:
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis}
    return helper.make_node(operation, list(inputs), [output], **attributes)


def _linear(what: str, phase: int) -> list[NodeProto]:
    name = f"{what}_{phase}"
    return [
        _node("MatMul", [INPUT, name], f"{name}_product"),
        _node("Add", [f"{name}_product", f"{name}_from"], f"{name}_line"),
    ]


def _log_odds() -> list[NodeProto]:
    return [
        *_linear("late", BEFORE),
        *_linear("late", OVERDUE),
        _node("Where", ["is_overdue", f"late_{OVERDUE}_line", f"late_{BEFORE}_line"], "log_odds"),
        _node("Greater", ["days_overdue", "second_horizon"], "is_long_overdue"),
    ]


def coherent(name: str, overdue: str, long_overdue: str) -> list[NodeProto]:
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
        _node("Mul", ["off_neutral_each", "coefficients"], "effect_parts"),
        _node("Unsqueeze", ["log_odds", "last"], "log_odds_each"),
        _node("Sub", ["log_odds_each", "effect_parts"], "within_phase"),
        _node("Mul", ["days_overdue", "overdue_before"], "overdue_part"),
        _node("Sub", [f"late_{BEFORE}_line", "overdue_part"], "not_overdue"),
        _node("Unsqueeze", ["not_overdue", "last"], "not_overdue_each"),
        _node("Where", ["of_overdue", "not_overdue_each", "within_phase"], "without"),
        _node("And", ["is_overdue_each", "of_others"], "overdue_without"),
        _node("And", ["is_long_overdue_each", "of_others"], "long_overdue_without"),
        *coherent("without", "overdue_without", "long_overdue_without"),
        _node("Sigmoid", ["without_coherent"], "probabilities_without"),
        _node("Unsqueeze", [PROBABILITIES, "last"], "probabilities_each"),
        _node("Sub", ["probabilities_each", "probabilities_without"], "effects_found"),
    ]


def _lateness() -> list[NodeProto]:
    return [
        *_linear("lateness", BEFORE),
        *_linear("lateness", OVERDUE),
        _node("Where", ["is_overdue", f"lateness_{OVERDUE}_line", f"lateness_{BEFORE}_line"], "quantiles"),
        helper.make_node("Split", ["quantiles"], ["low", "median", "high"], axis=1, num_outputs=3),
        _node("Min", ["low", "median"], "lowest"),
        _node("Max", ["median", "high"], "highest"),
        *_narrowing(),
        helper.make_node("Split", ["moves"], ["up", "down"], axis=1, num_outputs=2),
        _node("Add", ["lowest", "up"], "low_moved"),
        _node("Sub", ["highest", "down"], "high_moved"),
        _node("Min", ["low_moved", "median"], "earliest"),
        _node("Max", ["high_moved", "median"], "latest"),
        _node("Concat", ["earliest", "median", "latest"], "quantiles_moved", axis=1),
    ]


def _narrowing() -> list[NodeProto]:
    """What `Narrowing.applied` moves the earliest and the latest end by, for each row."""
    return [
        _node("Gather", [INPUT, "to_due_column"], "days_to_due", axis=1),
        _node("Gather", [INPUT, "terms_column"], "terms_days", axis=1),
        helper.make_node("Clip", ["terms_days", "one_each", "longest_terms_each"], ["days_allowed"]),
        _node("Div", ["days_to_due", "days_allowed"], "terms_left"),
        _node("Sub", ["one", "terms_left"], "terms_passed"),
        helper.make_node("Clip", ["terms_passed", "zero_each", "one_each"], ["share_passed"]),
        _node("Mul", ["share_passed", "over_terms"], "over_terms_so_far"),
        _node("Add", ["over_terms_so_far", "at_issue"], "shares"),
        _node("Sub", ["median", "lowest"], "lower_half"),
        _node("Sub", ["highest", "median"], "upper_half"),
        _node("Concat", ["lower_half", "upper_half"], "halves", axis=1),
        _node("Max", ["halves", "narrowest_half"], "halves_at_least"),
        _node("Mul", ["shares", "halves_at_least"], "moved_before"),
        _node("Greater", ["days_overdue", "week"], "is_longer"),
        _node("Where", ["is_longer", "overdue_longer", "overdue_week"], "moved_past_due"),
        _node("Where", ["is_overdue", "moved_past_due", "moved_before"], "moves"),
    ]
