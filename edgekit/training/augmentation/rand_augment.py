"""RandAugment (Cubuk et al., 2020): a few operations a photo, drawn from a list. Imported only after Keras.

Keras' own layer gives a whole batch the same operation and computes all of them each time. Here each photo has its own,
and those that move pixels or change colors linearly join the one map and the one matrix of all other
changes. Of the paper's list equalize is left out, which needs a histogram of every photo.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keras import ops

from edgekit.training.augmentation.colors import Colors
from edgekit.training.augmentation.geometry import Sampling

Tensor = Any

OPERATIONS: tuple[str, ...] = (
    "identity",
    "rotate",
    "shear_x",
    "shear_y",
    "shift_x",
    "shift_y",
    "brightness",
    "contrast",
    "saturation",
    "autocontrast",
    "sharpness",
    "solarize",
    "posterize",
)

MAX_MAGNITUDE = 10.0

# At the largest magnitude, as in AutoAugment's table.
_DEGREES = 30.0
_SLOPE = 0.3
_SHIFT = 0.3
_ENHANCE = 0.9
_SOLARIZE = 256.0
_BITS_LOST = 4.0


@dataclass(frozen=True)
class Operation:
    """One drawn operation for each photo.

    Attributes:
        kind: (n,) int32, of :data:`OPERATIONS`.
        amount: (n,): -1 or 1 times the share of the largest magnitude.
    """

    kind: Tensor
    amount: Tensor

    @classmethod
    def draw(cls, numbers: Tensor, magnitude: float) -> Operation:
        """From (n, 2) numbers of 0..1: the first chooses the operation, the second its direction."""
        # A float32 below 1 can become 13 when multiplied.
        kind = ops.minimum(ops.cast(numbers[:, 0] * len(OPERATIONS), "int32"), len(OPERATIONS) - 1)
        direction = ops.where(numbers[:, 1] < 0.5, -1.0, 1.0)
        return cls(kind, direction * (magnitude / MAX_MAGNITUDE))

    def is_kind(self, name: str) -> Tensor:
        """(n,) bool: where this operation was drawn."""
        return ops.equal(self.kind, OPERATIONS.index(name))

    def amount_of(self, name: str) -> Tensor:
        """(n,): the amount where this operation was drawn, else 0."""
        return ops.where(self.is_kind(name), self.amount, 0.0)

    def move(self, sampling: Sampling, width: int, height: int) -> Sampling:
        """Puts the operations that move pixels into the map."""
        sampling = sampling.shift(
            self.amount_of("shift_x") * (_SHIFT * width), self.amount_of("shift_y") * (_SHIFT * height)
        )
        sampling = sampling.rotate(self.amount_of("rotate") * _DEGREES)
        return sampling.shear_x(self.amount_of("shear_x") * _SLOPE).shear_y(self.amount_of("shear_y") * _SLOPE)

    def recolor(self, colors: Colors, low: Tensor, high: Tensor) -> Colors:
        """Puts the linear changes of color into the matrix; ``low`` and ``high`` (n,) are the photo's extremes."""
        colors = colors.brighten(1 + self.amount_of("brightness") * _ENHANCE)
        colors = colors.contrast(1 + self.amount_of("contrast") * _ENHANCE)
        colors = colors.saturate(1 + self.amount_of("saturation") * _ENHANCE)
        return colors.stretch(self.is_kind("autocontrast"), low, high)


def plan_filters(operations: Sequence[Operation]) -> tuple[Tensor, Tensor, Tensor]:
    """What the changes that are not linear do together.

    Returns:
        (n,) float32 each: the factor for sharpness, the value from which on pixels are inverted, and the step to
        which values are rounded down. 1, 256 and 1 for photos without.
    """
    sharpness, threshold, step = [], [], []
    for operation in operations:
        strength = ops.abs(operation.amount)
        sharpness.append(1 + operation.amount_of("sharpness") * _ENHANCE)
        threshold.append(ops.where(operation.is_kind("solarize"), _SOLARIZE * (1 - strength), _SOLARIZE))
        step.append(ops.where(operation.is_kind("posterize"), 2 ** ops.round(_BITS_LOST * strength), 1.0))
    return (
        functools.reduce(ops.multiply, sharpness),
        functools.reduce(ops.minimum, threshold),
        functools.reduce(ops.maximum, step),
    )


def filter_pixels(pixels: Tensor, sharpness: Tensor, threshold: Tensor, step: Tensor) -> Tensor:
    """Sharpens, solarizes and posterizes (n, height, width, channels) pixels of 0..255, as planned for each."""
    sharpness, threshold, step = (value[:, None, None, None] for value in (sharpness, threshold, step))
    pixels = _sharpen(pixels, sharpness)
    # Both operations know whole numbers only: 127.9999 is 128.
    pixels = ops.where(pixels >= threshold - 0.5, 255 - pixels, pixels)
    return ops.where(step > 1, ops.floor(ops.round(pixels) / step) * step, pixels)


def _sharpen(pixels: Tensor, factor: Tensor) -> Tensor:
    """Distances from the smoothed photo times ``factor``; Pillow's kernel, edges repeated."""
    _, height, width, _ = pixels.shape
    padded = ops.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    rows = padded[:, :height] + padded[:, 1 : height + 1] + padded[:, 2:]
    around = rows[:, :, :width] + rows[:, :, 1 : width + 1] + rows[:, :, 2:]
    smooth = (around + 4 * pixels) / 13
    return ops.clip(smooth + (pixels - smooth) * factor, 0.0, 255.0)
