"""The range of an activation that loses least: far outliers are cut so that all else has finer levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.tflite_observe import Observation
from edgekit.tflite.model import TFLiteModel

_LEVELS = 255
_PARTS = np.linspace(0.2, 1.0, 33)
_ROUNDS = 2

_FREE_SCALES = frozenset(
    {
        "ADD",
        "BATCH_MATMUL",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "GELU",
        "HARD_SWISH",
        "LOGISTIC",
        "MEAN",
        "MUL",
        "RSQRT",
        "SOFTMAX",
        "SQUARED_DIFFERENCE",
        "SUB",
        "TANH",
        "TRANSPOSE_CONV",
    }
)
"""Operators whose inputs and outputs have scales of their own; others may want one scale for all."""

_PARTS_OF_INPUT = frozenset(
    {
        "EXPAND_DIMS",
        "GATHER",
        "RESHAPE",
        "REVERSE_V2",
        "SLICE",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TRANSPOSE",
        "UNPACK",
    }
)
"""Operators whose outputs hold the input's values, or some of them, with its scale. TensorFlow's quantizer takes
one of their ranges, in an order that differs from run to run: where they are equal, it gives the same model."""


def choose_ranges(model: TFLiteModel, seen: Observation) -> dict[int, tuple[float, float]]:
    """The range of each tensor: that of its input where it is a part of it, else with outliers cut.

    What goes into the graph, what comes out and what the last operators look at keep theirs whole: two
    classes cut off at the same level would tie. So does what operators share a scale of.
    """
    main = model.subgraphs[0]
    outputs = set(main.outputs)
    whole = {*main.inputs, *outputs}
    for operator in main.operators:
        if operator.name not in _FREE_SCALES:
            whole |= {*operator.inputs, *operator.outputs}
        elif outputs & set(operator.outputs):
            whole |= set(operator.inputs)
    chosen = {
        index: limits if index in whole else least_error(*limits, seen.histograms[index])
        for index, limits in seen.ranges.items()
    }
    for operator in main.operators:  # in the order of execution: parts of parts follow
        source = next((index for index in operator.inputs if index in chosen), None)
        if operator.name in _PARTS_OF_INPUT and source is not None:
            chosen |= {index: chosen[source] for index in operator.outputs if index in chosen}
    return chosen


def least_error(low: float, high: float, counts: NDArray[np.int64]) -> tuple[float, float]:
    """The part of a range whose 8-bit levels stand for the values with the least mean square error.

    The error of a value inside is that of rounding, evenly spread over a level (its square is a twelfth of
    the level's on average); that of a value outside is how far it lies from the end.

    Args:
        low: the smallest value, at most 0.
        high: the largest, at least 0.
        counts: (n,) values in equal parts of the range.
    """
    if not (high > low and counts.any()):
        return low, high
    edges = np.linspace(low, high, len(counts) + 1)
    centers = (edges[1:] + edges[:-1]) / 2

    def error(lower: float, upper: float) -> float:
        outside = centers - np.clip(centers, lower, upper)
        level = (upper - lower) / _LEVELS
        inside = np.where(outside == 0, level * level / 12, 0.0)
        return float(counts @ (outside * outside + inside))

    part = min(_PARTS, key=lambda part: error(low * part, high * part))
    lower, upper = low * part, high * part
    for _ in range(_ROUNDS):
        lower = min((low * part for part in _PARTS), key=lambda end: error(end, upper))
        upper = min((high * part for part in _PARTS), key=lambda end: error(lower, end))
    return float(lower), float(upper)
