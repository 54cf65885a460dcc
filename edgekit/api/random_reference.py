"""A reference on random numbers, for a model that comes without samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.integer_ranges import Range, integer_ranges
from edgekit.api.model import Model
from edgekit.converters.reference import Reference
from edgekit.measure.inputs import random_samples
from edgekit.runtime import Predictor
from edgekit.spec import TensorSpec

_NOT_FINITE = -1.0


def random_reference(model: Model, count: int) -> Reference:
    """Random numbers to which the answers differ: where they do not, an artifact that ignores its input would agree.

    A model may be saturated by numbers of another range than it was trained on, or have no answer to them, so a few
    are tried.

    Args:
        model: that answers.
        count: of samples.
    """
    spec, predictor = model.spec, model.predictor()
    ranges = _ranges_that_run(predictor, model, count)
    free = [tensor for tensor in spec.inputs if tensor.value_range is None and _is_float(tensor)]
    source, doubt = f"{count} samples of random numbers (no others at hand)", _doubt(model, ranges)
    best, most = None, 2 * _NOT_FINITE
    for scale in _SCALES if free else _SCALES[:1]:
        inputs = random_samples(spec, count, ranges=ranges)
        inputs |= {tensor.name: scale(inputs[tensor.name]).astype(tensor.dtype) for tensor in free}
        answers = predictor.answers(inputs)
        spread = min(_spread(values) for values in answers.values())
        if spread > most:
            best, most = (inputs, answers), spread
        if spread >= _ENOUGH:
            break
    assert best is not None  # any spread is more than the first
    same = f"{source}, to all of which it answers the same"
    return Reference(*best, same if most == 0.0 else source, doubt)


_SCALES: tuple[Callable[[NDArray[Any]], NDArray[Any]], ...] = (
    lambda values: values,
    lambda values: np.abs(values) * np.linspace(0.01, 0.3, len(values)).reshape(-1, *[1] * (values.ndim - 1)),
    lambda values: values * 10,
)
"""From a standard normal distribution to others: as it is; positive and small, as features of sound are; large."""

_ENOUGH = 1e-2
"""A spread of the answers, relative to their size, in which an error of the tolerances would show."""


def _spread(answers: NDArray[np.float32]) -> float:
    """How much an output changes from sample to sample, as a share of its largest value."""
    values = answers.astype(np.float64).reshape(len(answers), -1)
    if not np.isfinite(values).all():
        return _NOT_FINITE
    return float(values.std(axis=0).max() / max(np.abs(values).max(), 1e-12))


def _ranges_that_run(predictor: Predictor, model: Model, count: int) -> Mapping[str, Range]:
    """The widest ranges of whole numbers that the model does not fail on; empty where it takes nothing but zeros."""
    candidates = integer_ranges(model)
    for place in range(max(map(len, candidates.values()), default=0)):
        ranges = {name: tried[min(place, len(tried) - 1)] for name, tried in candidates.items()}
        try:
            predictor.answers(random_samples(model.spec, count, ranges=ranges))
        except Exception as error:  # of any framework: an index that no table has, a size below zero, ...
            if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
                raise
            continue
        return ranges
    return {}


def _doubt(model: Model, ranges: Mapping[str, Range]) -> str:
    """What it means that an input of whole numbers was always 0, though it takes others, which nobody knows."""
    zero = [
        tensor.name
        for tensor in model.spec.inputs
        if tensor.value_range is None and not _is_float(tensor) and tensor.name not in ranges
    ]
    if not zero:
        return ""
    samples = "; or give samples with --calibration FILE.npy" if len(model.spec.inputs) == 1 else ""
    return (
        f"The input {', '.join(zero)} was 0 in all samples: it takes whole numbers, and nobody knows which (the model "
        "fails on others), so what depends on it was not compared. Say which in Python: edgekit.export(..., spec=...) "
        f"with edgekit.spec.TensorSpec(..., value_range=(0, 99)){samples}."
    )


def _is_float(tensor: TensorSpec) -> bool:
    return np.dtype(tensor.dtype).kind == "f"
