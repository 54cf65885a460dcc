"""One op with its tensors, constants and options at hand, for the rules."""

from __future__ import annotations

import struct
from collections.abc import Callable

from edgekit.tflite.model import Operator, Subgraph, Tensor, TFLiteModel

EIGHT_BITS = frozenset({"int8", "uint8"})
"""What the chip computes with."""

_INTEGERS = {"int32": "i", "int64": "q"}
_MOST_INTEGERS = 4096
"""Axes, paddings and shapes are short; a longer list is no such thing."""

_INNER = 3  # y, x and z of Coral's documentation: the innermost dimensions


class GraphView:
    """A model's first graph, the only one that can be mapped, with what its ops ask about it.

    Args:
        model: the model.
    """

    def __init__(self, model: TFLiteModel) -> None:
        self.model = model
        self.graph = model.subgraphs[0]
        self.folded = folded_tensors(self.graph)
        self.interface = frozenset((*self.graph.inputs, *self.graph.outputs))
        self.has_eight_bits = any(
            tensor.dtype in EIGHT_BITS and not tensor.is_constant for tensor in self.graph.tensors
        )


class OpView:
    """An operator of a model. Every answer is ``None`` or empty where a broken file has nothing there.

    Args:
        view: the graph that it belongs to.
        operator: the operator.
    """

    def __init__(self, view: GraphView, operator: Operator) -> None:
        self._view = view
        self._model = view.model
        self._graph = view.graph
        self.operator = operator
        self._options = view.model.options(operator)

    @property
    def name(self) -> str:
        return self.operator.name

    def input(self, place: int) -> Tensor | None:
        """The tensor at a place among the inputs."""
        indices = self.operator.inputs
        return self._graph.tensors[indices[place]] if place < len(indices) and indices[place] >= 0 else None

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """All inputs that are there."""
        return tuple(self._graph.tensors[index] for index in self.operator.inputs if index >= 0)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return tuple(self._graph.tensors[index] for index in self.operator.outputs)

    @property
    def computed(self) -> tuple[Tensor, ...]:
        """What is computed: inputs that are no constants, and outputs; not an LSTM's states."""
        return tuple(
            tensor
            for tensor in (*self.inputs, *self.outputs)
            if not tensor.is_constant and not tensor.is_variable and tensor.elements
        )

    @property
    def activations(self) -> tuple[Tensor, ...]:
        """What is computed from the model's inputs: not dequantized weights, either."""
        return tuple(tensor for tensor in self.computed if tensor.index not in self._view.folded)

    def is_interface(self, tensor: Tensor) -> bool:
        """Whether it is an input or an output of the model."""
        return tensor.index in self._view.interface

    @property
    def has_eight_bits(self) -> bool:
        """Whether the model computes something in 8-bit integers."""
        return self._view.has_eight_bits

    def integers(self, place: int) -> tuple[int, ...] | None:
        """The values of a constant input of int32 or int64; ``None`` where it is computed or something else."""
        tensor = self.input(place)
        if tensor is None or tensor.dtype not in _INTEGERS:
            return None
        data = self._model.buffer(tensor.buffer)
        letter = _INTEGERS[tensor.dtype]
        count = len(data) // struct.calcsize(letter)
        if not 0 < count <= _MOST_INTEGERS:
            return None
        return struct.unpack_from(f"<{count}{letter}", data)

    def is_zero(self, tensor: Tensor) -> bool:
        """Whether a constant stands for zeros only: every byte of an 8-bit tensor is its zero point."""
        quantization = tensor.quantization
        zero = quantization.zero_points[0] if quantization and quantization.zero_points else 0
        data = bytes(self._model.buffer(tensor.buffer))
        return data.count(zero & 0xFF) == len(data)

    def number(self, field: int, default: int = 0) -> int:
        """An int32 of the options."""
        return self._options.int32(field, default) if self._options else default

    def code(self, field: int) -> int:
        """An enumeration of one byte in the options."""
        return self._options.int8(field) if self._options else 0

    def flag(self, field: int) -> bool:
        """A boolean of the options."""
        return self._options.boolean(field) if self._options else False


Check = Callable[[OpView], str | None]
"""Says in a few words how an op breaks a limit, ``None`` where it keeps to it."""


def folded_tensors(graph: Subgraph) -> frozenset[int]:
    """The tensors that are computed from constants alone, as weights are that the file holds in fewer bits."""
    folded: set[int] = set()
    for operator in graph.operators:
        inputs = [index for index in operator.inputs if index >= 0]
        if inputs and all(graph.tensors[index].is_constant or index in folded for index in inputs):
            folded.update(operator.outputs)
    return frozenset(folded)


def inner(tensor: Tensor) -> tuple[int, int, int]:
    """The three innermost sizes, as (y, x, z)."""
    y, x, z = (*(1,) * _INNER, *map(abs, tensor.shape))[-_INNER:]
    return y, x, z


def outer(tensor: Tensor) -> tuple[int, ...]:
    """The sizes before the three innermost ones, the batch among them."""
    return tuple(map(abs, tensor.shape[:-_INNER]))


def is_outer_axis(axis: int, rank: int) -> bool:
    """Whether an axis (negative: from the end) lies before the three innermost ones, where the batch is."""
    return (axis if axis >= 0 else axis + rank) < rank - _INNER


def is_innermost_axis(axis: int, rank: int) -> bool:
    """Whether an axis is that of the channels."""
    return (axis if axis >= 0 else axis + rank) == rank - 1


def sizes(tensor: Tensor) -> str:
    """A shape as in ``1x24x24x3``."""
    return "x".join(map(str, tensor.shape)) or "scalar"
