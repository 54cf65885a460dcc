"""The weights of the triangle filter, as whole numbers: step 5 of the definition, for one direction.

Source: ``precompute_coeffs`` and ``normalize_coeffs_8bpc`` of Pillow's ``src/libImaging/Resample.c``, whose order
of floating-point operations is kept, so that the numbers are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

PRECISION_BITS = 22
"""A weight of 1 is ``2**22``: 32 bits less 8 of a pixel and 2 to spare."""


@dataclass(frozen=True, eq=False)
class Triangle:
    """How a line of pixels becomes a line of another length.

    Attributes:
        first: (size,) int32, the first pixel that a new one is made of.
        weights: (size, taps) int32, of it and those behind it, in units of ``2**-22``; all pixels exist.
    """

    first: NDArray[np.int32]
    weights: NDArray[np.int32]


@lru_cache(maxsize=64)
def triangle(length: int, size: int) -> Triangle:
    """From ``length`` pixels to ``size``, both 1 or more."""
    scale = length / size
    support = max(scale, 1.0)
    center = (np.arange(size) + 0.5) * scale
    start = np.maximum((center - support + 0.5).astype(np.int64), 0)
    stop = np.minimum((center + support + 0.5).astype(np.int64), length)
    taps = int((stop - start).max())
    first = np.minimum(start, length - taps)  # so that every pixel exists, those with a weight of 0 as well
    pixels = first[:, np.newaxis] + np.arange(taps)
    distance = np.abs((pixels - center[:, np.newaxis] + 0.5) * (1.0 / support))
    inside = (pixels >= start[:, np.newaxis]) & (pixels < stop[:, np.newaxis])
    shares = np.where(inside & (distance < 1.0), 1.0 - distance, 0.0)
    total = np.zeros(size)
    for tap in range(taps):  # one after the other, as they are added there
        total += shares[:, tap]
    weights = (0.5 + shares / total[:, np.newaxis] * (1 << PRECISION_BITS)).astype(np.int32)
    return Triangle(first.astype(np.int32), np.ascontiguousarray(weights))
