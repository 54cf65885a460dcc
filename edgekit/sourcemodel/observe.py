"""What a model answers to random numbers: the shapes, and what the values look like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.adaptation import AS_IT_IS, Adaptation
from edgekit.errors import ConversionError, UsageError
from edgekit.host import available_memory
from edgekit.measure.inputs import ANY_SIZE
from edgekit.runtime.engines.base import TensorInfo, listing
from edgekit.sourcemodel.base import Graph, run_adapted
from edgekit.spec import Activation

_ROWS = 2
"""Samples of the run: more than one, so that the batch is told from the rest."""


_MOST_BYTES = 1 << 40
"""Of inputs, where the system does not tell how much memory is free."""


@dataclass(frozen=True)
class Observed:
    """A model that has run once.

    Attributes:
        graph: the model.
        inputs: of the model, with the sizes that the caller named.
        outputs: with the sizes that the run showed where they cannot depend on anything.
        answer: the first output, (rows, ...).
    """

    graph: Graph
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    answer: NDArray[Any]

    @property
    def name(self) -> str:
        return self.graph.name

    def looks_like(self) -> Activation:
        """What values look like, for a model whose last step has no name."""
        if (self.answer < 0).any() or (self.answer > 1).any():
            return "none"
        several = self.answer.ndim > 1 and self.answer.shape[-1] > 1
        return "softmax" if several and np.allclose(self.answer.sum(axis=-1), 1, atol=1e-3) else "sigmoid"


def observe(graph: Graph, inputs: tuple[TensorInfo, ...], adaptation: Adaptation = AS_IT_IS) -> Observed:
    """Runs a model once.

    Args:
        graph: the model.
        inputs: of the model, with the sizes that the caller named.
        adaptation: what its pixels go through.

    Raises:
        ConversionError: it cannot be run.
        UsageError: it does not answer one row for each sample, or answers text.
    """
    rows = 1 if any(info.shape[0] == 1 for info in inputs) else _ROWS
    generator, ranges = np.random.default_rng(0), graph.ranges()
    shapes = [(rows, *(ANY_SIZE if size is None else size for size in info.shape[1:])) for info in inputs]
    _check_memory(graph, inputs, shapes)
    arrays = []
    for place, (info, shape) in enumerate(zip(inputs, shapes, strict=True)):
        low, high = (0.0, 255.0) if place == 0 and adaptation.changes_pixels else ranges.get(info.name, (0.0, 0.0))
        if high > low:
            numbers = generator.integers(int(low), int(high), shape, endpoint=True)
            arrays.append(numbers.astype(info.dtype if np.dtype(info.dtype).kind in "iu" else np.float32))
        elif np.dtype(info.dtype).kind == "f":
            arrays.append(generator.standard_normal(shape).astype(info.dtype))
        else:
            arrays.append(np.zeros(shape, info.dtype))
    answers = run_adapted(graph, adaptation, arrays)
    _check(graph, answers, rows)
    return Observed(graph, inputs, _outputs(graph, inputs, answers), answers[0])


def _check_memory(graph: Graph, inputs: tuple[TensorInfo, ...], shapes: Sequence[tuple[int, ...]]) -> None:
    free = available_memory()
    needed = (
        sum(math.prod(shape) for shape in shapes) * np.dtype(np.float64).itemsize
    )  # which random numbers are made as
    if needed > (_MOST_BYTES if free is None else free):
        raise ConversionError(
            f"{graph.name} takes {listing(inputs)}, and a run on that needs {needed / 1e9:,.0f} GB, more than the "
            "free memory. Check the sizes; where a size is 'any', name it with --input-shape."
        )


def _check(graph: Graph, answers: Sequence[NDArray[Any]], rows: int) -> None:
    for place, answer in enumerate(answers):
        if answer.dtype.kind not in "biuf":
            raise UsageError(f"Output {place} of {graph.name} is text, which no format's runtime gives.")
        if not answer.ndim or answer.shape[0] != rows:
            raise UsageError(
                f"Output {place} of {graph.name} has the shape {answer.shape} for {rows} samples; its first size has "
                "to be their number. Change the model to answer one row for each sample."
            )


def _outputs(graph: Graph, inputs: tuple[TensorInfo, ...], answers: Sequence[NDArray[Any]]) -> tuple[TensorInfo, ...]:
    pinned = all(size is not None for info in inputs for size in info.shape[1:])
    batch = inputs[0].shape[0]
    outputs = []
    for info, answer in zip(graph.outputs, answers, strict=True):
        declared = info.shape[1:] if len(info.shape) == answer.ndim else (None,) * (answer.ndim - 1)
        outputs.append(TensorInfo(info.name, (batch, *(answer.shape[1:] if pinned else declared)), str(answer.dtype)))
    return tuple(outputs)
