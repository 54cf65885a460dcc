"""The parameters against the 8 MB on the chip: what stays there, and what comes over the bus in every call.

The compiler caches the parameters of whole ops, in the order of execution, until the chip's memory is full
(:data:`edgekit.edgetpu.sources.COMPILER`); the rest is streamed. How it lays them out, and what activations and
instructions take of the 8 MB, is not documented, so these figures are estimates. Of what Google's compiler made of
eleven public convolutional networks (:data:`edgekit.edgetpu.sources.EXECUTABLE` tells where a compiled file holds
its parameters) the sizes are right within 10 %; of a twelfth, a RetinaNet, they are 15 % above the file's and
11 % below the log's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from edgekit.tflite.model import Operator, Subgraph, Tensor

ON_CHIP_BYTES = 8 << 20
"""Of the Edge TPU's SRAM: "about 8 MB"."""

BASE_BYTES = 280 << 10
"""What even a tiny model leaves unusable: users report that compiler 16 says of 66 KiB that 7.67 MiB remain."""

# The layout, from compiled files: outputs in groups of 64, inputs in groups of 16, the taps of a depthwise kernel in
# groups of 4 with its channels in groups of 16, and a bias and a multiplier of 4 bytes each for every output.
_OUTPUTS, _INPUTS, _TAPS, _CHANNELS = 64, 16, 4, 16
_OUTPUT_BYTES = 8

_DENSE = frozenset({"CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
_WEIGHTS = 1


@dataclass(frozen=True, slots=True)
class ParameterMemory:
    """What the mapped ops' parameters take.

    Attributes:
        parameter_bytes: weights and biases, as the compiler lays them out; an estimate.
        available_bytes: what is left of the chip's memory for them; an estimate.
        streamed_bytes: what does not fit, and is sent in every call.
    """

    parameter_bytes: int
    available_bytes: int
    streamed_bytes: int


def estimate_memory(graph: Subgraph, operators: Iterable[Operator]) -> ParameterMemory:
    """What the parameters of these operators take on the chip.

    Args:
        graph: the graph that they belong to.
        operators: those that are mapped, in the order of execution.
    """
    counted: set[int] = set()
    needs: list[int] = []
    largest = 0
    for operator in operators:
        tensors = [graph.tensors[index] for index in (*operator.inputs, *operator.outputs) if index >= 0]
        parameters = {tensor.buffer: tensor for tensor in tensors if _is_parameter(tensor)}
        if parameters.keys() - counted:
            needs.append(_laid_out(graph, operator, parameters.values()))
        counted |= parameters.keys()
        largest = max(largest, *(tensor.nbytes for tensor in tensors if not tensor.is_constant), 0)
    available = max(0, ON_CHIP_BYTES - BASE_BYTES - largest)
    room, streamed = available, 0
    for need in needs:
        if need > room:
            streamed += need
        else:
            room -= need
    return ParameterMemory(sum(needs), available, streamed)


def _laid_out(graph: Subgraph, operator: Operator, parameters: Iterable[Tensor]) -> int:
    """The bytes of one op's parameters on the chip."""
    index = operator.inputs[_WEIGHTS] if len(operator.inputs) > _WEIGHTS else -1
    weights = graph.tensors[index] if index >= 0 else None
    if weights is not None and weights.is_constant and len(weights.shape) > 1:
        first, *middle, last = map(abs, weights.shape)
        taps = math.prod(middle)
        if operator.name in _DENSE:
            return _up(first, _OUTPUTS) * (taps * _up(last, _INPUTS) + _OUTPUT_BYTES)
        if operator.name == "DEPTHWISE_CONV_2D":
            return _up(last, _CHANNELS) * (_up(taps, _TAPS) + _OUTPUT_BYTES)
    return sum(tensor.stored_bytes for tensor in parameters)


def _up(size: int, group: int) -> int:
    return -(-size // group) * group


def _is_parameter(tensor: Tensor) -> bool:
    """Weights and biases are quantized; shapes and axes are not."""
    return tensor.is_constant and tensor.quantization is not None
