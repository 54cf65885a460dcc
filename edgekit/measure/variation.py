"""How much a reference's answers change from sample to sample, against which an error is held.

An artifact that ignores its input answers the same to all samples. Where the reference does nearly so too, small
differences prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDING = 2.0**-21
"""What float32 sums in another order may differ by, as a share of the size of what is summed: four units in the last
place (2^-23 each). A variation below that is none."""

CONSTANT_ERROR = 0.5
"""An artifact whose answers never change is off by 1 of the variation. From half of that on, agreement may be owed to
the smallness of the variation."""


@dataclass(frozen=True)
class Spread:
    """An artifact's error beside what the reference's answers vary by and their size, each a root mean square.

    Attributes:
        error: of the difference of all values; infinite where one is not a number.
        variation: of the reference's values around their mean over the samples, each at its own place; ``None`` for
            one sample alone, of which nobody knows.
        size: of the reference's values.
    """

    error: float
    variation: float | None
    size: float

    @property
    def constant(self) -> bool:
        """Whether the reference answers the same to all samples, as far as float32 can tell."""
        return self.variation is not None and self.variation <= ROUNDING * self.size

    @property
    def hidden(self) -> bool:
        """Whether the error is too large beside the variation to tell the artifact from one that ignores its input."""
        return self.variation is not None and self.error > max(CONSTANT_ERROR * self.variation, ROUNDING * self.size)


def measure_spread(reference: NDArray[np.float64], candidate: NDArray[np.float64]) -> Spread:
    """Compares two models' values.

    Args:
        reference: (n, ...), n samples.
        candidate: likewise, of the artifact.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        error = root_mean_square(reference - candidate)
        variation = root_mean_square(reference - reference.mean(axis=0)) if len(reference) > 1 else None
    return Spread(error if np.isfinite(error) else np.inf, variation, root_mean_square(reference))


def root_mean_square(values: NDArray[np.float64]) -> float:
    """Of all values."""
    return float(np.sqrt(np.mean(np.square(values))))
