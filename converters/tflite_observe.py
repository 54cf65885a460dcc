"""What the tensors of a float ``.tflite`` hold while samples run through it.

TensorFlow's own calibrator reads an operator's inputs after the operator has run. ADD, MUL and others
may write their answer where their input was, so the input's range becomes that of both: of MobileNetV2's
residual blocks up to half of the 256 levels are lost, and of the pixels a third. Here every tensor keeps
memory of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ConversionError, first_line
from edgekit.runtime.engines.litert import INTERPRETERS, find_interpreter
from edgekit.tflite.model import TFLiteModel

BINS = 4096
"""Of a histogram: an eighth of a level where a range is cut to half."""

_CLOSE_LOOKS = (8, 32)
_ELEMENTS = 400_000_000
"""A close look, for means and histograms, costs some 10 ns for each element of each tensor. 16 photos give
the means and 32 the histograms of MobileNetV2 well enough: 200 give no better model."""


@dataclass(frozen=True)
class Observation:
    """What was seen; keys are indices of tensors of the first graph.

    Attributes:
        ranges: the smallest and the largest finite value over all samples.
        histograms: (BINS,) counts between these two, over some of the samples.
        means: of inputs of layers with weights, over the batch and some of the samples: the tensor's
            shape without its first axis.
    """

    ranges: dict[int, tuple[float, float]]
    histograms: dict[int, NDArray[np.int64]]
    means: dict[int, NDArray[np.float64]]


def observe(model: TFLiteModel, samples: NDArray[Any], averaged: Sequence[int]) -> Observation:
    """Runs samples through a model of one input.

    Args:
        model: with float32 activations.
        samples: (n, ...), n at least 1.
        averaged: tensors whose means are wanted.

    Raises:
        ConversionError: the interpreter cannot run the model.
    """
    computed = computed_tensors(model)
    elements = sum(model.subgraphs[0].tensors[index].elements for index in computed)
    fewest, most = _CLOSE_LOOKS
    looks = min(len(samples), max(fewest, min(most, _ELEMENTS // max(1, elements))))
    chosen = np.linspace(0, len(samples) - 1, looks).astype(int)
    try:
        run = _Run(model)
        ranges = dict.fromkeys(computed, (0.0, 0.0))
        for sample in samples:
            run.feed(sample)
            for index in computed:
                ranges[index] = _widened(ranges[index], run.values(index))
        histograms = {index: np.zeros(BINS, np.int64) for index in computed}
        means: dict[int, Any] = dict.fromkeys(averaged, 0.0)
        for place in chosen:
            run.feed(samples[place])
            for index in computed:
                histograms[index] += count(run.values(index), *ranges[index])
            for index in averaged:
                values = run.values(index)
                means[index] = means[index] + values.mean(axis=0, dtype=np.float64) / looks
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ConversionError(
            f"The interpreter cannot run the model on calibration samples: {first_line(error)}"
        ) from error
    return Observation(ranges, histograms, means)


def computed_tensors(model: TFLiteModel) -> list[int]:
    """The float32 tensors that operators of the first graph answer, and its inputs."""
    main = model.subgraphs[0]
    indices = [*main.inputs, *(index for operator in main.operators for index in operator.outputs)]
    return [index for index in dict.fromkeys(indices) if main.tensors[index].dtype == "float32"]


def count(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.int64]:
    """(BINS,) how many values lie in each of the equal parts of a range; none where the range is empty."""
    if not high > low:
        return np.zeros(BINS, np.int64)
    places = (values.ravel() - np.float32(low)) * np.float32(BINS / (high - low))
    # NaN and infinities of either sign go to the ends.
    inside = np.clip(np.nan_to_num(places, copy=False), 0, BINS - 1).astype(np.int32)
    return np.bincount(inside, minlength=BINS)


def _widened(known: tuple[float, float], values: NDArray[np.float32]) -> tuple[float, float]:
    """Both with what was known. A range holds 0, as the quantizer's do: padding is 0."""
    if not values.size:
        return known
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = values[np.isfinite(values)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else known
    return min(known[0], low), max(known[1], high)


class _Run:
    """An interpreter with memory for every tensor, and its built-in kernels: delegates keep theirs to themselves."""

    def __init__(self, model: TFLiteModel) -> None:
        package, factory = find_interpreter()
        kernels = import_module(INTERPRETERS[package]).OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._interpreter: Any = factory(
            model_content=bytes(model.data),
            experimental_op_resolver_type=kernels,
            experimental_preserve_all_tensors=True,
        )
        self._shape: tuple[int, ...] | None = None

    def feed(self, sample: NDArray[Any]) -> None:
        (detail,) = self._interpreter.get_input_details()
        batch = sample[np.newaxis].astype(detail["dtype"])
        if batch.shape != self._shape:
            self._interpreter.resize_tensor_input(detail["index"], batch.shape)
            self._interpreter.allocate_tensors()
            self._shape = batch.shape
        self._interpreter.set_tensor(detail["index"], batch)
        self._interpreter.invoke()

    def values(self, index: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._interpreter.get_tensor(index)
        return found
