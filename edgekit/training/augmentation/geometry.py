"""Moving pixels: all changes of place as one affine map, sampled once. Imported only after Keras.

A chain of layers blurs a photo with every link, and reads and writes it each time.
Here the changes are multiplied first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

Tensor = Any


@dataclass(frozen=True)
class Sampling:
    """Where each pixel of the new photo is read in the old one, from the center, in pixels; y points down.

    A pixel at (x, y) is read at (xx*x + xy*y + x0, yx*x + yy*y + y0). Each method puts one more change
    *before* those that are there, since the map goes from the new photo back to the old one. All
    values are (n,) tensors or plain numbers.
    """

    xx: Tensor = 1.0
    xy: Tensor = 0.0
    x0: Tensor = 0.0
    yx: Tensor = 0.0
    yy: Tensor = 1.0
    y0: Tensor = 0.0

    def shift(self, right: Tensor, down: Tensor) -> Sampling:
        """Moves what is seen by pixels."""
        return Sampling(self.xx, self.xy, self.x0 - right, self.yx, self.yy, self.y0 - down)

    def rotate(self, degrees: Tensor) -> Sampling:
        """Turns what is seen, counter-clockwise."""
        angle = degrees * (math.pi / 180)
        cos, sin = ops.cos(angle), ops.sin(angle)
        return Sampling(
            cos * self.xx - sin * self.yx,
            cos * self.xy - sin * self.yy,
            cos * self.x0 - sin * self.y0,
            sin * self.xx + cos * self.yx,
            sin * self.xy + cos * self.yy,
            sin * self.x0 + cos * self.y0,
        )

    def shear_x(self, slope: Tensor) -> Sampling:
        """Moves rows: a pixel one below the center goes right by ``slope``."""
        return Sampling(
            self.xx - slope * self.yx, self.xy - slope * self.yy, self.x0 - slope * self.y0, self.yx, self.yy, self.y0
        )

    def shear_y(self, slope: Tensor) -> Sampling:
        """Moves columns: a pixel one right of the center goes down by ``slope``."""
        return Sampling(
            self.xx, self.xy, self.x0, self.yx - slope * self.xx, self.yy - slope * self.xy, self.y0 - slope * self.x0
        )

    def scale(self, x: Tensor, y: Tensor) -> Sampling:
        """Shows a section ``x`` times as wide and ``y`` times as high; -1 flips."""
        return Sampling(x * self.xx, x * self.xy, x * self.x0, y * self.yx, y * self.yy, y * self.y0)

    def table(self, count: Tensor) -> Tensor:
        """(count, 6): the six values of each photo, in order."""
        values = (self.xx, self.xy, self.x0, self.yx, self.yy, self.y0)
        return ops.stack([value + ops.zeros((count,), dtype="float32") for value in values], axis=1)


def resample(pixels: Tensor, table: Tensor, fill_mode: str, fill_value: float) -> Tensor:
    """Reads the photos where a map says, with bilinear interpolation.

    Args:
        pixels: (n, height, width, channels) float32.
        table: (n, 6), from :meth:`Sampling.table`.
        fill_mode: what stands outside the photo: ``reflect``, ``nearest``, ``wrap`` or ``constant``.
        fill_value: for ``constant``.

    Returns:
        float32 of the same shape, within the range of the old values and the fill value.
    """
    _, height, width, _ = pixels.shape
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    x = ops.reshape(ops.arange(width, dtype="float32") - center_x, (1, 1, width))
    y = ops.reshape(ops.arange(height, dtype="float32") - center_y, (1, height, 1))
    xx, xy, x0, yx, yy, y0 = (table[:, column, None, None] for column in range(6))
    from_x, from_y = xx * x + xy * y + (x0 + center_x), yx * x + yy * y + (y0 + center_y)
    left, top = ops.floor(from_x), ops.floor(from_y)
    right_share, low_share = (from_x - left)[..., None], (from_y - top)[..., None]
    left, top = ops.cast(left, "int32"), ops.cast(top, "int32")

    def read(row: Tensor, column: Tensor) -> Tensor:
        return _read(pixels, row, column, fill_mode, fill_value)

    upper = read(top, left) * (1 - right_share) + read(top, left + 1) * right_share
    lower = read(top + 1, left) * (1 - right_share) + read(top + 1, left + 1) * right_share
    return upper * (1 - low_share) + lower * low_share


def _read(pixels: Tensor, row: Tensor, column: Tensor, fill_mode: str, fill_value: float) -> Tensor:
    """The pixels at whole positions (n, height, width), inside or outside the photo."""
    _, height, width, channels = pixels.shape
    inside_row, inside_column = _bring_inside(row, height, fill_mode), _bring_inside(column, width, fill_mode)
    if keras.config.backend() == "jax":
        values = _gather_with_jax(pixels, inside_row, inside_column)
    else:
        photo = ops.arange(ops.shape(pixels)[0], dtype="int32")[:, None, None]
        flat = ops.reshape(pixels, (-1, channels))
        values = ops.take(flat, (photo * height + inside_row) * width + inside_column, axis=0)
    if fill_mode == "constant":
        inside = ops.logical_and(ops.equal(row, inside_row), ops.equal(column, inside_column))
        values = ops.where(inside[..., None], values, fill_value)
    return values


def _bring_inside(index: Tensor, length: int, fill_mode: str) -> Tensor:
    """The position 0..length-1 that is read for any whole position."""
    if fill_mode == "wrap":
        return ops.mod(index, length)
    if fill_mode == "reflect":
        index = ops.mod(index, 2 * length)
        return ops.minimum(index, 2 * length - 1 - index)
    return ops.clip(index, 0, length - 1)


def _gather_with_jax(pixels: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Photo by photo, so that photos on several devices stay where they are.

    Without the promise that all positions exist, JAX checks each: 2.7 times slower.
    """
    import jax

    return jax.vmap(lambda photo, y, x: photo.at[y, x].get(mode="promise_in_bounds"))(pixels, row, column)
