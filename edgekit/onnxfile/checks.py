"""What a converted model must keep: standard operators, the precision that was asked for, the spec's tensors.

Every function is pure and answers with sentences, one for each problem, that name the node or tensor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError
from edgekit.onnxfile.graphs import all_graphs
from edgekit.spec import ModelSpec, TensorSpec

PRECISIONS = ("fp32", "fp16", "int8", "int8-dynamic")

SMALLEST_WEIGHTS = 1024
"""Elements below which 8 bits save next to nothing, and may cost accuracy; the same as in TFLite."""

WEIGHTED_OPS: dict[str, tuple[int, ...]] = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "MatMul": (1,),
    "MatMulInteger": (1,),
    "Gemm": (1,),
    "LSTM": (1, 2),
    "GRU": (1, 2),
    "RNN": (1, 2),
    "Gather": (0,),
}
"""Operators to the places of their weights among the inputs."""

_DECODERS = frozenset({"Cast", "Mul", "DequantizeLinear"})
"""Operators that make float weights of stored ones."""

_QUANTIZED_OPS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})

_EIGHT_BITS = frozenset({"INT8", "UINT8"})


@dataclass(frozen=True)
class Weights:
    """Weights of one node, as they are stored.

    Attributes:
        node: its name and operator, for a sentence.
        op: the operator.
        dtype: ONNX' name, as in ``FLOAT16``.
        elements: how many.
        depthwise: whether of a convolution with one input channel in each group.
    """

    node: str
    op: str
    dtype: str
    elements: int
    depthwise: bool = False


def find_problems(model: Any, spec: ModelSpec, precision: str) -> list[str]:
    """What keeps a ``ModelProto`` from being a good artifact of this precision; empty where nothing does.

    Args:
        model: as it is to be written.
        spec: its spec.
        precision: one of :data:`PRECISIONS`.

    Raises:
        UsageError: an unknown precision.
    """
    rules = {"fp32": _fp32, "fp16": _fp16, "int8": _int8, "int8-dynamic": _int8_dynamic}
    if precision not in rules:
        raise UsageError(f"Unknown precision {precision!r}. Known: {', '.join(PRECISIONS)}.")
    return [*_foreign_operators(model), *_one_file(model), *_interface(model, spec), *rules[precision](model)]


def find_weights(model: Any) -> list[Weights]:
    """The constant weights of :data:`WEIGHTED_OPS`, loops and branches included."""
    graphs = list(all_graphs(model.graph))
    stored = {tensor.name: tensor for graph in graphs for tensor in graph.initializer}
    makers = {output: node for graph in graphs for node in graph.node for output in node.output}
    found = []
    for graph in graphs:
        for node in graph.node:
            for place in WEIGHTED_OPS.get(node.op_type, ()):
                name = node.input[place] if place < len(node.input) else ""
                while name not in stored and name in makers and makers[name].op_type in _DECODERS:
                    name = makers[name].input[0]
                if name in stored:
                    found.append(_weights(node, stored[name]))
    return found


def _weights(node: Any, tensor: Any) -> Weights:
    dims = list(tensor.dims)
    depthwise = node.op_type == "Conv" and len(dims) > 2 and dims[1] == 1 and dims[0] > 1
    return Weights(f"{node.name!r}, {node.op_type}", node.op_type, _dtype(tensor.data_type), math.prod(dims), depthwise)


def _foreign_operators(model: Any) -> Iterator[str]:
    for graph in all_graphs(model.graph):
        for node in graph.node:
            if node.domain not in ("", "ai.onnx"):
                yield f"The node {node.name!r}, {node.domain}.{node.op_type}, is no standard operator of ONNX."


def _one_file(model: Any) -> Iterator[str]:
    for graph in all_graphs(model.graph):
        for tensor in graph.initializer:
            if tensor.external_data:
                yield f"The weights {tensor.name!r} lie in another file."


def _interface(model: Any, spec: ModelSpec) -> Iterator[str]:
    for what, values, tensors in (
        ("input", model.graph.input, spec.inputs),
        ("output", model.graph.output, spec.outputs),
    ):
        names = [value.name for value in values]
        wanted = [tensor.name for tensor in tensors]
        if names != wanted:
            yield f"The {what}s are {', '.join(names)}, not {', '.join(wanted)}."
            continue
        for value, tensor in zip(values, tensors, strict=True):
            yield from _tensor(what, value, tensor)


def _tensor(what: str, value: Any, tensor: TensorSpec) -> Iterator[str]:
    import onnx

    dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name
    if dtype != tensor.dtype:
        yield f"The {what} {tensor.name!r} is {dtype}, not {tensor.dtype}."
    sizes = [size.dim_value if size.HasField("dim_value") else None for size in value.type.tensor_type.shape.dim]
    if len(sizes) != len(tensor.shape) or any(
        size != wanted and None not in (size, wanted) for size, wanted in zip(sizes, tensor.shape, strict=True)
    ):
        yield f"The {what} {tensor.name!r} has the shape {tuple(sizes)}, not {tensor.shape}."


def _fp32(model: Any) -> Iterator[str]:
    for weights in find_weights(model):
        if weights.dtype not in ("FLOAT", "INT32", "INT64", "BOOL", "STRING"):
            yield f"The weights of {weights.node}, are {weights.dtype}, not FLOAT."


def _fp16(model: Any) -> Iterator[str]:
    weights = find_weights(model)
    for item in weights:
        if item.dtype == "FLOAT" and item.elements >= SMALLEST_WEIGHTS and not item.depthwise:
            yield f"The weights of {item.node}, are FLOAT, not FLOAT16."
    if not any(item.dtype == "FLOAT16" for item in weights):
        yield "No weights are FLOAT16."


def _int8(model: Any) -> Iterator[str]:
    yield from _weights_of_8_bits(model)
    # What loops compute stays float: onnxruntime quantizes the main graph.
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    constant = {tensor.name for tensor in model.graph.initializer}
    if "QuantizeLinear" not in makers.values():
        yield "No activation is quantized."
    for node in model.graph.node:
        if node.op_type not in _QUANTIZED_OPS:
            continue
        for name in node.input[:2]:
            if name not in constant and makers.get(name) != "DequantizeLinear":
                yield f"The node {node.name!r}, {node.op_type}, takes {name!r} as float."


def _int8_dynamic(model: Any) -> Iterator[str]:
    yield from _weights_of_8_bits(model)


def _weights_of_8_bits(model: Any) -> Iterator[str]:
    weights = find_weights(model)
    for item in weights:
        if item.dtype not in (*_EIGHT_BITS, "INT32", "INT64", "BOOL") and item.elements >= SMALLEST_WEIGHTS:
            yield f"The weights of {item.node}, are {item.dtype}, not INT8."
    if not any(item.dtype in _EIGHT_BITS for item in weights):
        yield "No weights are INT8."


def _dtype(number: int) -> str:
    import onnx

    return str(onnx.TensorProto.DataType.Name(number))
