"""Write the trained encoder as two int8 ONNX graphs for inference.

The graphs are built node by node, because what they leave out is the point: they
take one text at a time, so there is no padding, no attention mask, and a
text's scores never depend on what else was in a batch. The lower layers are
a graph of their own, with a first answer; the upper ones go on from its states.

Products are of integers: weights with one scale for each output, activations
with one for each piece, worked out as they come, so that a loud piece costs
its neighbours no precision. Weights have seven bits, because processors
without VNNI add two products in sixteen (ONNX Runtime, "Quantize ONNX Models",
on U8S8 and reduce_range). Sums and normalisation are nodes of their own: the
fused one of ONNX Runtime is several times slower on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from training.network import HEADS, HIDDEN, LAYERS, LOWER, PIECES

WEIGHT_LEVELS = 63
LEVELS, MIDDLE = 127, 128
CONTRIB = "com.microsoft"

Floats = NDArray[np.float32]


@dataclass(slots=True)
class Graph:
    """Nodes and constants of a graph under construction."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self,
        kind: str,
        inputs: list[str],
        output: str,
        domain: str = "",
        outputs: list[str] | None = None,
        **attributes: object,
    ) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(kind, inputs, outputs or [output], name=output, domain=domain, **attributes))
        return output

    def multiply(self, x: str, name: str, weight: Floats) -> str:
        """``x @ weight.T`` in integers, one scale for each output and one for each row of ``x``."""
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-12) / WEIGHT_LEVELS
        small = np.clip(np.rint(weight / scale[:, None]), -WEIGHT_LEVELS, WEIGHT_LEVELS).astype(np.int8)
        weights = self.constant(f"{name}.weight", small.T)
        scales = self.constant(f"{name}.scale", scale.astype(np.float32))
        rows = self.add("ReduceMax", [self.add("Abs", [x], f"{name}.size"), "last"], f"{name}.loudest", keepdims=1)
        rows = self.add("Mul", [rows, "level"], f"{name}.level")
        rows = self.add("Max", [rows, "least"], f"{name}.rows")
        flat = self.add("Reshape", [rows, "last"], f"{name}.flat")
        whole = self.add("QuantizeLinear", [x, flat, "middles"], f"{name}.whole", axis=1)
        product = [whole, weights, "unit", scales, "middle"]
        scaled = self.add("MatMulIntegerToFloat", product, f"{name}.scaled", CONTRIB)
        return self.add("Mul", [scaled, rows], f"{name}.product")


def build(state: dict[str, Floats]) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Turn the weights of ``network.Encoder`` into two models.

    The lower one: ids, shapes -> states, tags, labels. The upper one: states -> tags, labels.
    """
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "length"]) for name in ("ids", "shapes")]
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "length", HIDDEN])
    lower, upper = Graph(), Graph()
    _quantities(lower, "ids")
    x = _embed(lower, state)
    for number in range(LOWER):
        x = _layer(lower, state, f"layers.{number}", x)
    lower.add("Identity", [x], "states")
    answers = _heads(lower, state, "first", x)
    low = _model(lower, "lower", given, [states, *answers])
    _quantities(upper, "states")
    x = "states"
    for number in range(LOWER, LAYERS):
        x = _layer(upper, state, f"layers.{number}", x)
    answers = _heads(upper, state, "last", x)
    return low, _model(upper, "upper", [states], answers)


def _heads(graph: Graph, state: dict[str, Floats], name: str, x: str) -> list[onnx.ValueInfoProto]:
    outs = {}
    for head in ("tags", "attend", "labels"):
        weight = graph.constant(f"{name}.{head}.weight", state[f"{name}.{head}.weight"].T)
        bias = graph.constant(f"{name}.{head}.bias", state[f"{name}.{head}.bias"])
        product = graph.add("MatMul", [x, weight], f"{name}.{head}.product")
        outs[head] = graph.add("Add", [product, bias], "tags" if head == "tags" else f"{name}.{head}.out")
    weights = graph.add("Softmax", [outs["attend"]], f"{name}.weights", axis=1)
    weighted = graph.add("Mul", [weights, outs["labels"]], f"{name}.weighted")
    axis = graph.constant(f"{name}.axis1", np.array([1], dtype=np.int64))
    graph.add("ReduceSum", [weighted, axis], "labels", keepdims=0)
    tags, labels = len(state[f"{name}.tags.bias"]), len(state[f"{name}.labels.bias"])
    return [
        helper.make_tensor_value_info("tags", TensorProto.FLOAT, [1, "length", tags]),
        helper.make_tensor_value_info("labels", TensorProto.FLOAT, [1, labels]),
    ]


def _model(
    graph: Graph, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    made = helper.make_graph(graph.nodes, name, inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8, producer_name="dlp-gateway training")


def _quantities(graph: Graph, of: str) -> None:
    """The constants of ``Graph.multiply``, and the number of pieces: the length of ``of``."""
    graph.constant("last", np.array([-1], dtype=np.int64))
    graph.constant("level", np.array(1 / LEVELS, dtype=np.float32))
    graph.constant("least", np.array(1e-12, dtype=np.float32))
    graph.constant("unit", np.array(1, dtype=np.float32))
    graph.constant("middle", np.array(MIDDLE, dtype=np.uint8))
    graph.add("Shape", [of], "length", start=1, end=2)
    middle = helper.make_tensor("value", TensorProto.UINT8, [1], [MIDDLE])
    graph.add("ConstantOfShape", ["length"], "middles", value=middle)


def _embed(graph: Graph, state: dict[str, Floats]) -> str:
    words = state["words.weight"]
    scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-12) / 127
    graph.constant("words.scale", scale.astype(np.float32))
    graph.constant("words.weight", np.clip(np.rint(words / scale), -127, 127).astype(np.int8))
    graph.add("Gather", ["words.weight", "ids"], "words.small")
    graph.add("Cast", ["words.small"], "words.wide", to=TensorProto.FLOAT)
    graph.add("Gather", ["words.scale", "ids"], "words.scales")
    graph.add("Mul", ["words.wide", "words.scales"], "words.out")
    graph.constant("shapes.weight", state["shapes.weight"])
    graph.add("Gather", ["shapes.weight", "shapes"], "shapes.out")
    graph.constant("positions.weight", state["positions.weight"])
    for name, value in (("axis0", 0), ("one", 1)):
        graph.constant(name, np.array([value], dtype=np.int64))
    graph.add("Slice", ["positions.weight", "axis0", "length", "axis0", "one"], "positions.out")
    graph.add("Add", ["shapes.out", "positions.out"], "place")
    return _normalise(graph, state, "norm", ["words.out", "place"])


def _normalise(graph: Graph, state: dict[str, Floats], name: str, summed: list[str], bias: str = "") -> str:
    gamma = graph.constant(f"{name}.weight", state[f"{name}.weight"])
    beta = graph.constant(f"{name}.bias", state[f"{name}.bias"])
    first, second = summed
    if bias:
        first = graph.add("Add", [first, bias], f"{name}.biased")
    total = graph.add("Add", [first, second], f"{name}.sum")
    return graph.add("LayerNormalization", [total, gamma, beta], f"{name}.out", axis=-1, epsilon=1e-12)


def _layer(graph: Graph, state: dict[str, Floats], name: str, x: str) -> str:
    qkv = graph.multiply(x, f"{name}.qkv", state[f"{name}.qkv.weight"])
    parts = [f"{name}.{part}" for part in "qkv"]
    thirds = graph.constant(f"{name}.thirds", np.array([HIDDEN] * 3, dtype=np.int64))
    graph.add("Split", [qkv, thirds], f"{name}.split", outputs=parts, axis=2)
    bias = graph.constant(f"{name}.qkv.bias", state[f"{name}.qkv.bias"])
    graph.add("MultiHeadAttention", [*parts, bias], f"{name}.attention", CONTRIB, num_heads=HEADS)
    out = graph.multiply(f"{name}.attention", f"{name}.out", state[f"{name}.out.weight"])
    bias = graph.constant(f"{name}.out.bias", state[f"{name}.out.bias"])
    x = _normalise(graph, state, f"{name}.norm1", [out, x], bias)
    up = graph.multiply(x, f"{name}.up", state[f"{name}.up.weight"])
    bias = graph.constant(f"{name}.up.bias", state[f"{name}.up.bias"])
    graph.add("BiasGelu", [up, bias], f"{name}.gelu", CONTRIB)
    down = graph.multiply(f"{name}.gelu", f"{name}.down", state[f"{name}.down.weight"])
    bias = graph.constant(f"{name}.down.bias", state[f"{name}.down.bias"])
    return _normalise(graph, state, f"{name}.norm2", [down, x], bias)


def write(state: dict[str, Floats], directory: Path) -> None:
    """Build the models and write ``lower.onnx`` and ``upper.onnx``."""
    assert state["words.weight"].shape == (PIECES, HIDDEN)
    for model in build(state):
        (directory / f"{model.graph.name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
