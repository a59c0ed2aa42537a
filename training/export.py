"""Write the trained encoder as an int8 ONNX graph for inference.

The graph is built node by node, because what it leaves out is the point: it
takes one text at a time, so there is no padding, no attention mask, and a
text's scores never depend on what else was in a batch.

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

from training.network import HEADS, HIDDEN, LAYERS, PIECES

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


def build(state: dict[str, Floats]) -> onnx.ModelProto:
    """Turn the weights of ``network.Encoder`` into a model: ids, shapes -> tags, labels."""
    graph = Graph()
    _quantities(graph)
    x = _embed(graph, state)
    for number in range(LAYERS):
        x = _layer(graph, state, f"layers.{number}", x)
    tag_bias = graph.constant("tag_head.bias", state["tag_head.bias"])
    tag_weight = graph.constant("tag_head.weight", state["tag_head.weight"].T)
    graph.add("Add", [graph.add("MatMul", [x, tag_weight], "tag_head.product"), tag_bias], "tags")
    for head in ("attend", "label_head"):
        weight = graph.constant(f"{head}.weight", state[f"{head}.weight"].T)
        bias = graph.constant(f"{head}.bias", state[f"{head}.bias"])
        graph.add("Add", [graph.add("MatMul", [x, weight], f"{head}.product"), bias], f"{head}.out")
    weights = graph.add("Softmax", ["attend.out"], "attend.weights", axis=1)
    weighted = graph.add("Mul", [weights, "label_head.out"], "label_head.weighted")
    axis = graph.constant("axis1", np.array([1], dtype=np.int64))
    graph.add("ReduceSum", [weighted, axis], "labels", keepdims=0)
    tags, labels = len(state["tag_head.bias"]), len(state["label_head.bias"])
    made = helper.make_graph(
        graph.nodes,
        "encoder",
        [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "length"]) for name in ("ids", "shapes")],
        [
            helper.make_tensor_value_info("tags", TensorProto.FLOAT, [1, "length", tags]),
            helper.make_tensor_value_info("labels", TensorProto.FLOAT, [1, labels]),
        ],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8, producer_name="dlp-gateway training")


def _quantities(graph: Graph) -> None:
    """The constants of ``Graph.multiply``, and the number of pieces."""
    graph.constant("last", np.array([-1], dtype=np.int64))
    graph.constant("level", np.array(1 / LEVELS, dtype=np.float32))
    graph.constant("least", np.array(1e-12, dtype=np.float32))
    graph.constant("unit", np.array(1, dtype=np.float32))
    graph.constant("middle", np.array(MIDDLE, dtype=np.uint8))
    graph.add("Shape", ["ids"], "length", start=1, end=2)
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


def write(state: dict[str, Floats], file: Path) -> None:
    """Build, check and write the model."""
    assert state["words.weight"].shape == (PIECES, HIDDEN)
    model = build(state)
    file.write_bytes(model.SerializeToString(deterministic=True))
