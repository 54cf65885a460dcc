"""What becomes of dense layers, of which the Edge TPU's compiler takes no weights with a scale for each output.

With one scale for all their weights they are what the compiler was made for, and nearly as exact. Where that gives some
photo another answer, they become convolutions of one pixel, which keep their scales and so the very answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converters.tflite_int8 import Ranged
from edgekit.outputs import class_probabilities, decisions
from edgekit.spec import ModelSpec
from edgekit.tflite.dense import with_dense_as_convolutions
from edgekit.tflite.model import read_model

AUTO, PER_TENSOR, CONVOLUTION = "auto", "per_tensor", "convolution"
CHOICES = (AUTO, PER_TENSOR, CONVOLUTION)

Run = Callable[[bytes, NDArray[Any]], list[NDArray[Any]]]
"""What each output of a model answers to samples, (n, ...) stored values."""


@dataclass(frozen=True)
class Taken:
    """An int8 model whose dense layers the compiler takes.

    Attributes:
        data: the model.
        equal: an int8 model as TensorFlow made it, which must give the same bytes.
        notes: why it was chosen, for a person.
    """

    data: bytes
    equal: bytes
    notes: tuple[str, ...] = ()


def take_dense(ranged: Ranged, wanted: str, spec: ModelSpec, samples: NDArray[Any], run: Run) -> Taken:
    """The int8 model in the wanted form.

    Args:
        ranged: the float model.
        wanted: one of :data:`CHOICES`; ``auto`` compares both on the samples where the model is a classifier.
        spec: of the model.
        samples: (n, ...).
        run: runs an int8 model.

    Raises:
        Exception: of many kinds, from TensorFlow.
    """
    plain = ranged.quantize()
    as_convolutions = with_dense_as_convolutions(read_model(plain, spec.name))
    if as_convolutions == plain:  # there are no such layers
        return Taken(plain, plain)
    if wanted == CONVOLUTION:
        return Taken(as_convolutions, plain)
    per_tensor = ranged.quantize(dense_per_channel=False)
    if wanted == PER_TENSOR or not spec.is_classifier:
        return Taken(per_tensor, per_tensor)
    before, after = (_answers(data, samples, spec, run) for data in (plain, per_tensor))
    other = int(np.count_nonzero(before != after))
    if not other:
        return Taken(per_tensor, per_tensor)
    note = (
        "Its dense layers are convolutions of one pixel, which answer as tflite:int8 does: with one scale for all "
        f"their weights {other} of {len(before)} answers to the calibration samples would be others. "
        "(--option edgetpu.dense=per_tensor keeps them as they are.)"
    )
    return Taken(as_convolutions, plain, (note,))


def _answers(data: bytes, samples: NDArray[Any], spec: ModelSpec, run: Run) -> NDArray[np.int64]:
    """The best column of each decision."""
    quantization = read_model(data, spec.name).outputs[0].quantization
    stored = run(data, samples)[0].astype(np.float32)
    if quantization is not None:
        stored = (stored - quantization.zero_points[0]) * np.float32(quantization.scales[0])
    best: NDArray[np.int64] = decisions(class_probabilities(stored, spec), spec).argmax(axis=1)
    return best
