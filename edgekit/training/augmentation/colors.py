"""Changing colors: everything linear as one matrix for each photo. Imported only after Keras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any

_LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as in Pillow's greyscale."""

_YIQ = np.array([_LUMA, (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112)])
"""Brightness, and the two coordinates of color that a hue turns."""

_RGB = np.linalg.inv(_YIQ)


@dataclass(frozen=True)
class Colors:
    """New values of a pixel: ``old @ matrix + offset``, for each photo.

    Attributes:
        matrix: (n, channels, channels).
        offset: (n, channels).
        mean: (n, channels): of the old photo.
    """

    matrix: Tensor
    offset: Tensor
    mean: Tensor

    @classmethod
    def of(cls, pixels: Tensor) -> Colors:
        """Colors as they are."""
        channels = pixels.shape[-1]
        mean = ops.mean(pixels, axis=(1, 2))
        none = ops.zeros_like(mean)
        return cls(none[:, None] + ops.eye(channels, dtype="float32"), none, mean)

    @property
    def channels(self) -> int:
        """1 for greyscale, 3 for RGB."""
        return int(self.mean.shape[-1])

    def brighten(self, factor: Tensor) -> Colors:
        """All values times ``factor`` (n,)."""
        return Colors(self.matrix * factor[:, None, None], self.offset * factor[:, None], self.mean)

    def contrast(self, factor: Tensor) -> Colors:
        """Distances from the photo's mean brightness times ``factor`` (n,)."""
        factor = factor[:, None]
        now = ops.sum(self.mean[:, :, None] * self.matrix, axis=1) + self.offset
        middle = ops.sum(now * _luma(self.channels), axis=1, keepdims=True)
        return Colors(self.matrix * factor[:, None], self.offset * factor + (1 - factor) * middle, self.mean)

    def saturate(self, factor: Tensor) -> Colors:
        """Distances from grey times ``factor`` (n,); greyscale stays as it is."""
        if self.channels != 3:
            return self
        luma = _luma(self.channels)
        grey = ops.sum(self.matrix * luma, axis=2, keepdims=True)
        flat = ops.sum(self.offset * luma, axis=1, keepdims=True)
        factor = factor[:, None]
        return Colors(
            self.matrix * factor[:, None] + grey * (1 - factor[:, None]),
            self.offset * factor + flat * (1 - factor),
            self.mean,
        )

    def turn_hue(self, degrees: Tensor) -> Colors:
        """Colors turned on the color wheel, brightness kept; greyscale stays as it is."""
        if self.channels != 3:
            return self
        angle = (degrees * (math.pi / 180))[:, None, None]
        turn = _part((0, 0)) + _part((1, 1), (2, 2)) * ops.cos(angle)
        turn = turn + (_part((1, 2)) - _part((2, 1))) * ops.sin(angle)
        # Written out, for matmul may round to 10 bits on a GPU.
        matrix = ops.sum(self.matrix[:, :, :, None] * turn[:, None], axis=2)
        return Colors(matrix, ops.sum(self.offset[:, :, None] * turn, axis=1), self.mean)

    def stretch(self, chosen: Tensor, low: Tensor, high: Tensor) -> Colors:
        """Auto-contrast where ``chosen`` (n,): what was ``low`` to ``high`` (n,) in the old photo becomes 0..255.

        All channels are stretched alike, so that no cast of color arises.
        """
        luma = _luma(self.channels)
        factor = ops.sum(self.matrix * luma, axis=(1, 2))  # of all that came before, as it acts on grey
        offset = ops.sum(self.offset * luma, axis=1)
        darkest, brightest = low * factor + offset, high * factor + offset
        scale = ops.where(chosen, 255 / ops.maximum(brightest - darkest, 1.0), 1.0)
        darkest = ops.where(chosen, darkest, 0.0)
        return Colors(self.matrix * scale[:, None, None], (self.offset - darkest[:, None]) * scale[:, None], self.mean)


def recolor(pixels: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """``pixels @ matrix + offset`` for each photo, clipped to 0..255; see :class:`Colors`."""
    channels = range(pixels.shape[-1])
    # Written out: a product of such thin matrices is 4 to 10 times slower.
    columns = [
        sum(pixels[..., old] * matrix[:, old, new, None, None] for old in channels) + offset[:, new, None, None]
        for new in channels
    ]
    return ops.clip(ops.stack(columns, axis=-1), 0.0, 255.0)


def _luma(channels: int) -> NDArray[np.float32]:
    return np.asarray(_LUMA if channels == 3 else [1 / channels] * channels, np.float32)


def _part(*entries: tuple[int, int]) -> NDArray[np.float32]:
    """Entries of a map between YIQ coordinates as a map of RGB row vectors."""
    inner = np.zeros((3, 3))
    for entry in entries:
        inner[entry] = 1
    return np.asarray((_RGB @ inner @ _YIQ).T, np.float32)
