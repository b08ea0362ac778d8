"""A late payment model's graph with the adjustment of its log odds by figures beside the ledger in it.

The graph that `late_payment/export.py` writes stays as it is, node by node; the adjustment is added to its log odds
before a later horizon is kept from being likelier than an earlier one. The new input, `outside`, is zero unless
somebody gives it, and adding zero changes no bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, checker, helper, load_from_string, numpy_helper

from dunwell.scoring.features import FEATURE_NAMES
from dunwell_onnx.scorer import EFFECTS, INPUT, OUTSIDE
from model_artifacts.late_payment.export import coherent
from model_artifacts.late_payment.model import BEFORE, OVERDUE
from model_artifacts.optional_inputs.head import Head

LIMITED = [0, 1, 2, 0, 0, 1, 0, 0, 0]
"""The horizon of each of the nine log odds that the exported graph limits by each other."""


def with_head(content: bytes, head: Head) -> bytes:
    """The model with a head. Its `effects` go on with one an input. ValueError when the graph is none of ours."""
    model: ModelProto = load_from_string(content)
    graph = model.graph
    explained, not_explained = (
        helper.get_node_attr_value(_making(graph.node, EFFECTS), name) for name in ("then_branch", "else_branch")
    )
    _after(graph, "limited", [helper.make_node("Mul", ["adjustment", "limited_factors"], ["limited_adjustment"])])
    _put(graph, 0, _adjustment())
    _explain(explained)
    _widen(not_explained, len(head.inputs))
    graph.input.append(helper.make_tensor_value_info(OUTSIDE, TensorProto.FLOAT, [None, len(head.weights)]))
    graph.initializer.extend(_named(_constants(head)))
    for output in graph.output:
        if output.name == EFFECTS:
            output.type.tensor_type.shape.dim[2].dim_value += len(head.inputs)
    _replace_branches(_making(graph.node, EFFECTS), explained, not_explained)
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _constants(head: Head) -> dict[str, NDArray[Any]]:
    of_input = np.repeat(np.arange(len(head.inputs)), [one.columns for one in head.inputs])
    factors = head.horizon_factors.astype(np.float32)
    return {
        OUTSIDE: np.zeros((1, len(head.weights)), np.float32),
        "outside_weights": head.weights.astype(np.float32)[None, :],
        "outside_fading": head.fading.astype(np.float32)[None, :],
        "outside_inputs": np.eye(len(head.inputs), dtype=np.float32)[of_input],
        "outside_sum": np.ones((len(head.weights), 1), np.float32),
        "outside_settled": np.array([FEATURE_NAMES.index("settled_count")], np.int64),
        "outside_lateness": np.array([head.lateness_factor], np.float32),
        "outside_middle": np.array([1], np.int64),
        "horizon_factors": factors,
        "horizon_factors_each": factors[None, :, None],
        "limited_factors": factors[LIMITED],
    }


def _adjustment() -> list[NodeProto]:
    """The columns by their weights, of which a part fades as `settled_count`, the log of a count and one, grows."""
    return [
        helper.make_node("Gather", [INPUT, "outside_settled"], ["outside_history"], axis=1),
        helper.make_node("Neg", ["outside_history"], ["outside_history_less"]),
        helper.make_node("Exp", ["outside_history_less"], ["outside_newness"]),
        helper.make_node("Mul", ["outside_newness", "outside_fading"], ["outside_faded"]),
        helper.make_node("Add", ["outside_weights", "outside_faded"], ["outside_weighing"]),
        helper.make_node("Mul", [OUTSIDE, "outside_weighing"], ["outside_columns"]),
        helper.make_node("MatMul", ["outside_columns", "outside_sum"], ["adjustment"]),
    ]


def _explain(branch: GraphProto) -> None:
    """In the branch that explains: the same adjustment of what is left without each feature, and of lateness; and what
    is left without each input.
    """
    for phase in (BEFORE, OVERDUE):
        factors = helper.make_node("Mul", ["adjustment", "horizon_factors"], [f"late_{phase}_adjustment"])
        _after(branch, f"late_{phase}_line", [factors])
    moved = helper.make_node("Mul", ["adjustment", "outside_lateness"], ["quantiles_adjustment"])
    _after(branch, "quantiles", [moved])
    effects = _making(branch.node, "effects_found")
    effects.output[0] = "effects_of_features"
    _put(branch, list(branch.node).index(effects) + 1, _effects_of_inputs())
    _unshape(branch)


def _effects_of_inputs() -> list[NodeProto]:
    return [
        helper.make_node("MatMul", ["outside_columns", "outside_inputs"], ["outside_parts"]),
        helper.make_node("Unsqueeze", ["outside_parts", "outside_middle"], ["outside_parts_each"]),
        helper.make_node("Mul", ["outside_parts_each", "horizon_factors_each"], ["outside_parts_at"]),
        helper.make_node("Sub", ["log_odds_each", "outside_parts_at"], ["without_input"]),
        *coherent("without_input", "is_overdue_each", "is_long_overdue_each"),
        helper.make_node("Sigmoid", ["without_input_coherent"], ["probabilities_without_input"]),
        helper.make_node("Sub", ["probabilities_each", "probabilities_without_input"], ["effects_of_inputs"]),
        helper.make_node("Concat", ["effects_of_features", "effects_of_inputs"], ["effects_found"], axis=2),
    ]


def _after(graph: GraphProto, name: str, adding: Sequence[NodeProto]) -> None:
    """Add what the last of these nodes makes to a value, before anybody takes it."""
    node = _making(graph.node, name)
    at = list(graph.node).index(node)
    node.output[0] = f"{name}_unadjusted"
    _put(graph, at + 1, [*adding, helper.make_node("Add", [f"{name}_unadjusted", adding[-1].output[0]], [name])])


def _widen(branch: GraphProto, more: int) -> None:
    """In the branch that explains nothing: the empty effects are wider."""
    for one in branch.initializer:
        if one.name == "no_effects":
            rows, horizons, width = one.dims
            one.CopyFrom(numpy_helper.from_array(np.zeros((rows, horizons, width + more), np.float32), one.name))
    _unshape(branch)


def _unshape(branch: GraphProto) -> None:
    for one in branch.output:
        one.type.tensor_type.ClearField("shape")


def _replace_branches(node: NodeProto, explained: GraphProto, not_explained: GraphProto) -> None:
    for attribute in node.attribute:
        attribute.g.CopyFrom(explained if attribute.name == "then_branch" else not_explained)


def _making(nodes: Sequence[NodeProto], name: str) -> NodeProto:
    for node in nodes:
        if name in node.output:
            return node
    raise ValueError(f"The model's graph has nothing called {name!r}: it was written by another version.")


def _put(graph: GraphProto, at: int, added: Sequence[NodeProto]) -> None:
    nodes = [*list(graph.node)[:at], *added, *list(graph.node)[at:]]
    copies = [NodeProto.FromString(one.SerializeToString()) for one in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _named(constants: dict[str, NDArray[Any]]) -> list[TensorProto]:
    return [numpy_helper.from_array(value, name) for name, value in constants.items()]
