"""Does an artifact that is no classifier give the same numbers as the model it was made from?

Without classes there is no best answer to agree on, so the error is held against how much the
reference's own values vary: an output between 0 and 1000 may be off by more than one between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.measure.parity import Verdict
from edgekit.measure.tolerances import Tolerance


@dataclass(frozen=True)
class ValueParity:
    """How far two models' numbers agree on the same samples.

    Attributes:
        count: samples.
        max_difference: the largest difference of any value; infinite where one is not a number.
        mean_difference: the mean absolute difference; infinite likewise.
        relative_error: of the worst output: root mean square of the difference / that of the
            reference around its mean; infinite likewise.
        unit: what was compared.
    """

    count: int
    max_difference: float
    mean_difference: float
    relative_error: float
    unit: str = "samples"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the fields of :class:`~edgekit.measure.parity.Parity`; no classes, so no agreement."""
        return {
            "count": self.count,
            "unit": self.unit,
            "agreement": None,
            "max_difference": _finite(self.max_difference),
            "mean_difference": _finite(self.mean_difference),
            "relative_error": _finite(self.relative_error),
            "disagreements": [],
        }


def measure_values(reference: Sequence[NDArray[Any]], candidate: Sequence[NDArray[Any]]) -> ValueParity:
    """Compares two models' outputs for the same samples.

    Args:
        reference: (n, ...) of each output, of the model that is right by definition.
        candidate: likewise, of the artifact.

    Raises:
        UsageError: the shapes differ, or there is nothing to compare.
    """
    shapes = [[array.shape for array in arrays] for arrays in (reference, candidate)]
    if shapes[0] != shapes[1] or not reference or any(array.size == 0 for array in reference):
        raise UsageError(f"Two models' values can be compared where the shapes are the same. Got: {shapes}.")
    pairs = [
        (first.astype(np.float64), second.astype(np.float64))
        for first, second in zip(reference, candidate, strict=True)
    ]
    with np.errstate(invalid="ignore", over="ignore"):
        differences = [np.abs(first - second) for first, second in pairs]
    every = np.concatenate([values.reshape(-1) for values in differences])
    every[~np.isfinite(every)] = np.inf
    return ValueParity(
        count=len(reference[0]),
        max_difference=float(every.max()),
        mean_difference=float(every.mean()),
        relative_error=max(_relative(first, values) for (first, _), values in zip(pairs, differences, strict=True)),
    )


def judge_values(parity: ValueParity, tolerance: Tolerance) -> Verdict:
    """Whether the numbers are near enough."""
    limit = tolerance.max_relative_error
    if not math.isfinite(parity.relative_error):
        return Verdict(False, ("It answers values that are not numbers (NaN or infinite).",))
    if parity.relative_error <= limit:
        return Verdict(True, ())
    return Verdict(
        False,
        (
            f"Its values are off by {parity.relative_error:.2g} of what the reference's vary (root mean square; at "
            f"most {limit:g} is allowed). The largest difference is {parity.max_difference:.2g}.",
        ),
    )


def _relative(reference: NDArray[np.float64], difference: NDArray[np.float64]) -> float:
    error = float(np.sqrt(np.mean(difference**2)))
    # Of an output that never changes, its size is the scale; one that is 0 throughout has none.
    scale = float(reference.std()) or float(np.abs(reference).max()) or 1.0
    return error / scale if math.isfinite(error) and math.isfinite(scale) else math.inf


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
