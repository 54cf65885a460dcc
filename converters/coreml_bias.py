"""Bias correction for Core ML: what rounded weights shift on average, a layer's bias takes back.

See :mod:`edgekit.converters.onnx_bias` for the method. Here the program is run by the evaluator, in
float32 and as coremltools holds it in memory, so that no file is written between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.blas import blas_threads
from edgekit.coreml.evaluator import evaluate
from edgekit.coreml.plan import Step, make_plan
from edgekit.errors import EdgeKitError, first_line
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ModelSpec

LAYERS = ("conv", "linear")
"""The operators with a bias of their own."""

SAMPLES = 32
"""Means of 32 photos are within a few percent of those of 200: each photo has thousands of places."""

Means = dict[str, NDArray[np.float64]]


def mean_inputs(function: Any, spec: ModelSpec, calibration: Calibration) -> Means:
    """The mean of each channel of what convolutions and dense layers take, by the operator's name.

    Empty, with a line in the log, where the evaluator lacks an operator or the model takes several inputs.

    Args:
        function: a ``mil.Function`` in float32; photos are (1, channels, height, width) in it.
        spec: of the model.
        calibration: samples for its input.
    """
    if len(spec.inputs) != 1 or len(calibration) == 0:
        return {}
    sums: Means = {}
    counts: Counter[str] = Counter()  # an operator in a loop has several inputs a sample
    chosen = np.linspace(0, len(calibration) - 1, min(SAMPLES, len(calibration))).astype(int)

    def watch(step: Step, values: Sequence[Any]) -> None:
        slot = step.operands.get("x")
        if step.op_type in LAYERS and isinstance(slot, int):
            counts[step.name] += 1
            sums[step.name] = sums.get(step.name, 0.0) + _mean_of_channels(values[slot], step.op_type)

    try:
        plan = make_plan(function, spec.name)
        (name,) = plan.inputs
        with blas_threads(1):
            for sample in calibration.images[chosen].astype(np.float32):
                taken = sample.transpose(2, 0, 1) if spec.inputs[0].image is not None else sample
                evaluate(plan, spec.name, {name: taken[None]}, watch)
    except (EdgeKitError, NotImplementedError, KeyError, ValueError) as error:
        print(f"Biases are not corrected: {type(error).__name__}: {first_line(error)}")
        return {}
    return {name: total / counts[name] for name, total in sums.items()}


def shift_of(error: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """(outputs,): the mean of what weights ``error`` answer to inputs of these means.

    Padding is not looked at: a layer's border counts like its middle.

    Args:
        error: (outputs, inputs of a group, *kernel).
        mean: (inputs,) of all groups.
    """
    by_input = error.reshape(*error.shape[:2], -1).sum(axis=2)
    groups = mean.reshape(-1, by_input.shape[1])
    group_of = np.arange(len(by_input)) * len(groups) // len(by_input)
    return np.asarray((by_input * groups[group_of]).sum(axis=1))


def _mean_of_channels(values: NDArray[Any], op_type: str) -> NDArray[np.float64]:
    channel = 1 if op_type == "conv" else values.ndim - 1
    axes = tuple(axis for axis in range(values.ndim) if axis != channel)
    return np.asarray(values.mean(axis=axes, dtype=np.float64))
