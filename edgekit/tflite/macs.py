"""Multiply-accumulates of a model: how much arithmetic one inference takes.

Counted are the operators that multiply inputs with weights or with each other. Additions,
activations, pooling and the rest cost time but hold no multiply-accumulates, as in the literature.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgekit.tflite.model import Operator, Subgraph, Tensor, TFLiteModel


@dataclass(frozen=True)
class MacCount:
    """What one inference multiplies.

    Attributes:
        total: of all operators that can be counted.
        by_op: operator name to its part of the total.
        uncounted: names of operators that do multiply, but whose work cannot be told from the file.
    """

    total: int
    by_op: Mapping[str, int]
    uncounted: tuple[str, ...]


def count_macs(model: TFLiteModel) -> MacCount:
    """Counts the first graph and, once each, the bodies of loops and branches it calls.

    Unknown dimensions (a dynamic batch) count as 1.

    Raises:
        ModelFileError: an operator's options are broken.
    """
    by_op: Counter[str] = Counter()
    uncounted: set[str] = set()
    for index in _reachable(model):
        subgraph = model.subgraphs[index]
        for operator in subgraph.operators:
            macs = macs_of(model, subgraph, operator)
            if macs is None:
                uncounted.add(operator.name)
            elif macs:
                by_op[operator.name] += macs
    return MacCount(sum(by_op.values()), dict(by_op.most_common()), tuple(sorted(uncounted)))


def macs_of(model: TFLiteModel, subgraph: Subgraph, operator: Operator) -> int | None:
    """Multiply-accumulates of one operator: 0 where it has none, ``None`` where they cannot be told."""
    if operator.is_custom or operator.name in _UNCOUNTED:
        return None
    rule = _RULES.get(operator.name)
    if rule is None:
        return 0
    try:
        return rule(_Call(model, subgraph, operator))
    except _Malformed:
        return None


class _Malformed(Exception):
    """An operator lacks a tensor or a dimension that its rule needs."""


class _Call:
    """One operator with its tensors, by their place."""

    def __init__(self, model: TFLiteModel, subgraph: Subgraph, operator: Operator) -> None:
        self._model = model
        self._subgraph = subgraph
        self._operator = operator

    def flag(self, field: int) -> bool:
        """A boolean of the operator's options."""
        options = self._model.options(self._operator)
        return options is not None and options.boolean(field)

    def input(self, place: int) -> Tensor:
        found = self.optional(place)
        if found is None:
            raise _Malformed
        return found

    def optional(self, place: int) -> Tensor | None:
        inputs = self._operator.inputs
        if place >= len(inputs) or inputs[place] < 0:
            return None
        return self._subgraph.tensors[inputs[place]]

    def output(self) -> Tensor:
        if not self._operator.outputs:
            raise _Malformed
        return self._subgraph.tensors[self._operator.outputs[0]]

    def weights(self, *places: int) -> int:
        """Elements of the inputs at ``places``, absent ones left out."""
        return sum(tensor.elements for place in places if (tensor := self.optional(place)) is not None)


def _size(tensor: Tensor, *dimensions: int) -> int:
    try:
        return math.prod(abs(tensor.shape[dimension]) for dimension in dimensions)
    except IndexError:
        raise _Malformed from None


_ADJ_X = 0  # BatchMatMulOptions.adj_x


def _conv_2d(call: _Call) -> int:
    # filter (out, height, width, in / groups)
    return call.output().elements * _size(call.input(1), 1, 2, 3)


def _depthwise_conv_2d(call: _Call) -> int:
    # filter (1, height, width, out)
    return call.output().elements * _size(call.input(1), 1, 2)


def _fully_connected(call: _Call) -> int:
    # weights (out, in)
    return call.output().elements * _size(call.input(1), -1)


def _transpose_conv(call: _Call) -> int:
    # inputs: output shape, filter (out, height, width, in), data; every input pixel meets every tap
    return call.input(2).elements * _size(call.input(1), 0, 1, 2)


def _conv_3d(call: _Call) -> int:
    # filter (depth, height, width, in, out)
    return call.output().elements * _size(call.input(1), 0, 1, 2, 3)


def _conv_3d_transpose(call: _Call) -> int:
    # inputs: output shape, filter (depth, height, width, out, in), data
    return call.input(2).elements * _size(call.input(1), 0, 1, 2, 3)


def _batch_matmul(call: _Call) -> int:
    return call.output().elements * _size(call.input(0), -2 if call.flag(_ADJ_X) else -1)


# Inputs of a full LSTM: data, 4 input weights, 4 recurrent weights, 3 peepholes, 4 biases, projection.
_LSTM_WEIGHTS = (*range(1, 12), 16)
_BASIC_LSTM_INPUTS = 5


def _lstm(call: _Call) -> int:
    batch = _size(call.input(0), 0)
    if call.optional(_BASIC_LSTM_INPUTS) is None:
        return batch * call.weights(2)  # the basic kernel: data, previous output, one matrix, bias, state
    return batch * call.weights(*_LSTM_WEIGHTS)


def _sequence_lstm(call: _Call) -> int:
    return _size(call.input(0), 0, 1) * call.weights(*_LSTM_WEIGHTS)


def _rnn(call: _Call) -> int:
    return _size(call.input(0), 0) * call.weights(1, 2)


def _sequence_rnn(call: _Call) -> int:
    return _size(call.input(0), 0, 1) * call.weights(1, 2)


_RULES: Mapping[str, Callable[[_Call], int]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "FULLY_CONNECTED": _fully_connected,
    "TRANSPOSE_CONV": _transpose_conv,
    "CONV_3D": _conv_3d,
    "CONV_3D_TRANSPOSE": _conv_3d_transpose,
    "BATCH_MATMUL": _batch_matmul,
    "LSTM": _lstm,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm,
    "RNN": _rnn,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _sequence_rnn,
    "SVDF": _rnn,
}

_UNCOUNTED = frozenset(
    {
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_RNN",
        "RFFT2D",
        "STABLEHLO_CONVOLUTION",
        "STABLEHLO_DOT_GENERAL",
        "STABLEHLO_COMPOSITE",
    }
)

# Field numbers of the options that name other graphs: WhileOptions, IfOptions, CallOptions, StableHLO's.
_CALLED_GRAPHS: Mapping[str, tuple[int, ...]] = {
    "WHILE": (0, 1),
    "IF": (0, 1),
    "CALL": (0,),
    "STABLEHLO_WHILE": (0, 1),
}


def _reachable(model: TFLiteModel) -> list[int]:
    """The first graph and those it calls, each once."""
    found = [0]
    for index in found:  # grows while it is walked
        for operator in model.subgraphs[index].operators:
            fields = _CALLED_GRAPHS.get(operator.name)
            options = model.options(operator) if fields else None
            for field in fields or ():
                called = options.int32(field) if options else -1
                if 0 <= called < len(model.subgraphs) and called not in found:
                    found.append(called)
    return found
