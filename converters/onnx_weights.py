"""Weights stored in fewer bits than they are computed with.

In a graph, float weights become a stored tensor and the nodes that decode it:

```
fp16:  W (float32)   ->   W' (float16) -> Cast -> W
int8:  W (float32)   ->   W' (int8) -> Cast -> Mul(scale of each output channel) -> W
```

Runtimes compute constants once, while a model is loaded, so such a model runs as fast as in float32: on
MobileNetV2 the same 1.1 ms, where DequantizeLinear, which onnxruntime leaves for its integer kernels,
takes 3.3 ms, and ConvInteger, which onnxruntime's own dynamic quantization writes, 16 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.onnxfile.checks import SMALLEST_WEIGHTS, WEIGHTED_OPS
from edgekit.onnxfile.graphs import all_graphs, all_nodes

_SMALLEST_HALF = 128
"""Elements below which the nodes that decode other tensors than weights take more bytes than 16 bits save."""

_LARGEST_HALF = float(np.finfo(np.float16).max)
LEVELS = 127
"""The largest stored weight: int8 without -128, so that zero is in the middle."""

Decode = Callable[[Any, Any], tuple[list[Any], list[Any]]]


@dataclass(frozen=True)
class Use:
    """Where weights are used: the node, and the place among its inputs."""

    node: Any
    place: int


def store_halves(model: Any) -> None:
    """Stores float32 weights, and other large constants, as float16; the graph computes in float32.

    Values beyond float16's range stay as they are, and so do small constants, such as a division's epsilon.
    So do depthwise weights, with batch norm folded in: they are a tenth of MobileNetV2, and the larger part of
    the error (agreement on flowers 99.45 % with them, 99.82 % without).
    """
    uses = find_uses(model)

    def store(tensor: Any, values: NDArray[Any]) -> tuple[list[Any], list[Any]] | None:
        users = uses.get(tensor.name, [])
        wanted = values.size >= _SMALLEST_HALF or _is_weight(users)
        if not wanted or any(is_depthwise(use.node, values.shape) for use in users):
            return None
        if float(np.abs(values).max(initial=0)) > _LARGEST_HALF:
            return None
        stored, cast = _cast(tensor.name, values.astype(np.float16), tensor.name)
        return [stored], [cast]

    _replace(model, store)


def store_integers(model: Any) -> None:
    """Stores float32 weights as int8 with a scale for each output channel; the graph computes in float32.

    Weights of fewer than :data:`~edgekit.onnxfile.checks.SMALLEST_WEIGHTS` elements stay, unless there are
    no others and none is quantized yet.
    """
    uses = find_uses(model)
    sizes = [values.size for tensor, values in float_tensors(model) if _is_weight(uses.get(tensor.name, []))]
    quantized = any(node.op_type == "QuantizeLinear" for node in model.graph.node)
    smallest = SMALLEST_WEIGHTS if quantized or any(size >= SMALLEST_WEIGHTS for size in sizes) else 0

    def store(tensor: Any, values: NDArray[Any]) -> tuple[list[Any], list[Any]] | None:
        axes = {summed_axes(use, values.ndim) for use in uses.get(tensor.name, [])}
        shared = axes.pop() if len(axes) == 1 else None
        return None if shared is None or values.size < smallest else _decode_integers(tensor.name, values, shared)

    _replace(model, store)


def quantize_weights(
    values: NDArray[Any], axes: tuple[int, ...], levels: int = LEVELS
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8 weights and their scales, (1,) along ``axes``, so that stored * scale is close to the values."""
    scale = np.abs(values).max(axis=axes, keepdims=True).astype(np.float32) / np.float32(levels)
    scale[scale == 0] = 1
    stored = np.clip(np.rint(values / scale), -levels, levels).astype(np.int8)
    return stored, scale


def summed_axes(use: Use, rank: int) -> tuple[int, ...] | None:
    """The axes of weights that share an output channel's scale; ``None`` for what are no weights."""
    node, place = use.node, use.place
    if place not in WEIGHTED_OPS.get(node.op_type, ()):
        return None
    if node.op_type == "Conv":
        return tuple(range(1, rank))
    if node.op_type == "ConvTranspose":  # (in, out of each group, ...)
        return (0, *range(2, rank))
    if node.op_type == "Gemm":
        transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
        return (1,) if transposed else (0,)
    if node.op_type == "Gather":
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
        return tuple(range(1, rank)) if axis == 0 and rank > 1 else None
    if node.op_type == "MatMul":
        return (rank - 2,) if rank > 1 else None
    return (2,)  # recurrent: (directions, gates, in)


def is_depthwise(node: Any, shape: Sequence[int]) -> bool:
    """Whether weights of this shape are those of a convolution with one input channel in each group."""
    return node.op_type == "Conv" and len(shape) > 2 and shape[1] == 1 and shape[0] > 1


def find_uses(model: Any) -> dict[str, list[Use]]:
    """By tensor, the nodes that take it, in every graph of the model."""
    found: dict[str, list[Use]] = {}
    for node in all_nodes(model.graph):
        for place, name in enumerate(node.input):
            found.setdefault(name, []).append(Use(node, place))
    return found


def float_tensors(model: Any) -> Iterator[tuple[Any, NDArray[Any]]]:
    """Every float32 initializer with its values."""
    import onnx

    for graph in all_graphs(model.graph):
        for tensor in graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT:
                yield tensor, onnx.numpy_helper.to_array(tensor)


def _is_weight(uses: list[Use]) -> bool:
    return any(use.place in WEIGHTED_OPS.get(use.node.op_type, ()) for use in uses)


def _replace(model: Any, store: Callable[[Any, NDArray[Any]], tuple[list[Any], list[Any]] | None]) -> None:
    import onnx

    outputs = {value.name for graph in all_graphs(model.graph) for value in graph.output}
    for graph in all_graphs(model.graph):
        tensors: list[Any] = []
        nodes: list[Any] = []
        for tensor in graph.initializer:
            new = None
            if tensor.data_type == onnx.TensorProto.FLOAT and tensor.name not in outputs:
                new = store(tensor, onnx.numpy_helper.to_array(tensor))
            tensors.extend(new[0] if new else [tensor])
            nodes.extend(new[1] if new else [])
        if nodes:
            nodes.extend(graph.node)
            del graph.initializer[:], graph.node[:]
            graph.initializer.extend(tensors)
            graph.node.extend(nodes)


def _decode_integers(name: str, values: NDArray[Any], axes: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    import onnx

    stored, scale = quantize_weights(values, axes)
    tensor, cast = _cast(name, stored, f"{name}_cast")
    factor = onnx.numpy_helper.from_array(scale, f"{name}_scale")
    multiply = onnx.helper.make_node("Mul", [f"{name}_cast", factor.name], [name], name=f"{name}_decode")
    return [tensor, factor], [cast, multiply]


def _cast(name: str, stored: NDArray[Any], output: str) -> tuple[Any, Any]:
    import onnx

    tensor = onnx.numpy_helper.from_array(stored, f"{name}_{stored.dtype.name}")
    node = onnx.helper.make_node("Cast", [tensor.name], [output], name=f"{name}_float", to=onnx.TensorProto.FLOAT)
    return tensor, node
