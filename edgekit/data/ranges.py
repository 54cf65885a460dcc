"""What the values of photos that come as arrays mean: 0..255, or 0..1; and every mistake in them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import DataError

Scale = Literal["bytes", "unit"]
"""Whether white is 255 or 1."""

_UNIT_SLACK = 1e-3
"""Rounding of floating-point arithmetic around 0 and 1."""

_BYTE_SLACK = 0.5
"""What rounds to 0 or 255."""

_CLEARLY_BYTES = 2.0
"""Values up to here and above 1 are neither: photos 0..1 that a resize made overshoot, or nearly black ones."""

_CHUNK_BYTES = 16 * 2**20


class ValueRange:
    """The smallest and the largest value of photos, found bit by bit.

    Args:
        name: what the photos are called in an error.
    """

    def __init__(self, name: str) -> None:
        self.low = np.inf
        self.high = -np.inf
        self.kinds: set[str] = set()
        self._name = name

    def add(self, values: NDArray[Any], place: str) -> None:
        """Takes the values of some photos in.

        Args:
            values: of any numeric type.
            place: names them for an error.

        Raises:
            DataError: no real numbers, or not finite ones.
        """
        if values.dtype.kind not in "buif":
            raise DataError(f"{self._name} must be numbers. Got: {values.dtype} in {place}.")
        self.kinds.add(values.dtype.kind)
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            bad = "NaN" if np.isnan(low) or np.isnan(high) else "an infinite value"
            raise DataError(f"{place} has {bad}. Remove the photo, or repair what computed it.")
        self.low, self.high = min(self.low, low), max(self.high, high)

    def add_all(self, photos: NDArray[Any]) -> None:
        """Takes a whole array (n, ...) in, chunk by chunk.

        Raises:
            DataError: as for :meth:`add`, with the first bad photo's index.
        """
        if photos.dtype.kind not in "buif":
            raise DataError(f"{self._name} must be numbers. Got: {photos.dtype}.")
        self.kinds.add(photos.dtype.kind)
        if photos.dtype == np.uint8 and self.high > 1:
            return  # nothing more to learn
        step = max(_CHUNK_BYTES // max(photos[:1].nbytes, 1), 1)
        for start in range(0, len(photos), step):
            chunk = photos[start : start + step]
            try:
                self.add(chunk, self._name)
            except DataError:
                first = next(i for i, photo in enumerate(chunk, start) if not np.isfinite(photo).all())
                self.add(photos[first], f"{self._name}[{first}]")
                raise
            if photos.dtype == np.uint8 and self.high > 1:
                return

    def scale(self) -> Scale:
        """What the values mean; see :func:`judge_range`."""
        if "f" in self.kinds:
            return judge_range(self.low, self.high, self._name)
        if self.kinds <= {"b"}:
            return "unit"
        return judge_whole(self.low, self.high, self._name)


def judge_whole(low: float, high: float, name: str) -> Scale:
    """The scale of whole numbers, which is 0..255.

    Raises:
        DataError: they cannot be that.
    """
    if low < 0 or high > 255:
        raise DataError(
            f"The values of {name} lie between {low:g} and {high:g}; whole numbers must lie between 0 and 255. "
            f"{_advice(low, high)}"
        )
    if high <= 1:
        raise DataError(
            f"The values of {name} are {'0 and 1' if high > low else f'all {high:g}'}, but white is 255 in whole "
            "numbers. Multiply them by 255, or pass bool for masks; photos that were divided by 255 must stay "
            "floating-point."
        )
    return "bytes"


def judge_range(low: float, high: float, name: str) -> Scale:
    """The scale of floating-point numbers: 0..1 where none is above 1, else 0..255.

    Raises:
        DataError: they are neither.
    """
    if high <= 1 + _UNIT_SLACK and low >= -_UNIT_SLACK:
        return "unit"
    if high > _CLEARLY_BYTES and high <= 255 + _BYTE_SLACK and low >= -_BYTE_SLACK:
        return "bytes"
    raise DataError(
        f"The values of {name} lie between {low:.4g} and {high:.4g}; they must lie between 0 and 1, or between 0 and "
        f"255. {_advice(low, high)}"
    )


def to_bytes(photo: NDArray[Any], scale: Scale) -> NDArray[np.uint8]:
    """Photos as uint8 0..255, rounded; uint8 comes back as it is."""
    if photo.dtype == np.uint8 and scale == "bytes":
        return photo
    if photo.dtype.kind in "bui":
        return photo.astype(np.uint8) * np.uint8(255 if scale == "unit" else 1)
    values = photo.astype(np.float32) * np.float32(255 if scale == "unit" else 1)
    rounded: NDArray[np.uint8] = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return rounded


def _advice(low: float, high: float) -> str:
    if low < 0 and high <= 1 + _UNIT_SLACK:
        return (
            "They look like photos that a model's own scaling was applied to; pass the pixels, it is done in the model."
        )
    if low < 0 and high <= 255 - low:
        return (
            "They look as if a mean had been subtracted, which is done in the model: pass the pixels. If a resize "
            "overshot, clip them."
        )
    if high <= _CLEARLY_BYTES:
        return "Clip them, as in np.clip(x, 0, 1)."
    if 255 < high <= 65_535 and low >= 0:
        return (
            "Photos of 16 bits become 8 bits by x // 257; values that a resize made overshoot, by np.clip(x, 0, 255)."
        )
    return "Scale or clip them."
