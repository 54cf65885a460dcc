"""What the passes must know of convolutions and dense layers: their kernels, channels and biases."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.graph.view import View
from edgekit.tfjs.graph import Node, read_bool, read_string, read_type

DEPTHWISE = "DepthwiseConv2dNative"
LAYERS = frozenset({"Conv2D", DEPTHWISE, "MatMul"})
ADDITIONS = frozenset({"BiasAdd", "Add", "AddV2"})

_RANK = {"Conv2D": 4, DEPTHWISE: 4, "MatMul": 2}
_ROWS_IN, _OUT = -2, -1


def is_layer(node: Node) -> bool:
    """Whether this is a float layer whose channels are the last axis of its result."""
    return (
        node.op in LAYERS
        and read_type(node.attrs.get("T")) == "DT_FLOAT"
        and read_string(node.attrs.get("data_format"), "NHWC") == "NHWC"
    )


def channels(view: View, layer: Node) -> int | None:
    """How many channels a layer answers; ``None`` where its kernel is not constant."""
    kernel = view.value(layer.inputs[1])
    if kernel is None:
        return None
    if layer.op == DEPTHWISE:
        return int(kernel.shape[2] * kernel.shape[3])
    return int(kernel.shape[_ROWS_IN if _is_transposed(layer) else _OUT])


def scaled_kernel(kernel: NDArray[Any], layer: Node, factors: NDArray[np.float64]) -> NDArray[np.float32]:
    """The kernel whose results are ``factors`` times as large, one factor for each channel."""
    if layer.op == DEPTHWISE:
        factors = factors.reshape(kernel.shape[2:])
    elif _is_transposed(layer):
        factors = factors[:, np.newaxis]
    return np.asarray(kernel.astype(np.float64) * factors, np.float32)


def per_channel(values: NDArray[Any] | None, layer: Node, count: int) -> NDArray[np.float64] | None:
    """One value for each channel from a constant that is combined with the layer's result.

    ``None`` where it is not constant, or differs along other axes than the last.
    """
    if values is None or values.dtype != np.float32 or values.ndim > _RANK[layer.op]:
        return None
    if values.size == 1:
        return np.full(count, float(values.reshape(())), np.float64)
    if values.shape[-1] == count == values.size:
        return values.reshape(count).astype(np.float64)
    return None


def operand_per_channel(view: View, node: Node, layer: Node, count: int) -> NDArray[np.float64] | None:
    """:func:`per_channel` of the constant that ``node`` combines with the layer's result, if it has one."""
    operands = split_operands(view, node)
    return None if operands is None else per_channel(view.value(operands[1]), layer, count)


def split_operands(view: View, node: Node) -> tuple[str, str] | None:
    """The computed and the constant operand of an operation on two; ``None`` where there are not such two."""
    if len(node.inputs) != 2:
        return None
    first, second = node.inputs
    if view.value(second) is not None and view.value(first) is None:
        return first, second
    if node.op != "BiasAdd" and view.value(first) is not None and view.value(second) is None:
        return second, first
    return None


def _is_transposed(layer: Node) -> bool:
    return layer.op == "MatMul" and read_bool(layer.attrs.get("transpose_b"))
