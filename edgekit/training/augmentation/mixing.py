"""MixUp and CutMix: photos of a batch mixed with one another, and their targets. Imported only after Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edgekit.training.augmentation.compiled import compiled_step

Tensor = Any

_TABLE = 1 << 15
"""Values of a Beta distribution to draw from."""


@keras.saving.register_keras_serializable(package="edgekit")
class Mixer(keras.layers.Layer):  # type: ignore[misc]
    """Mixes each photo with its neighbour in the batch, which is in random order, and the targets alike.

    MixUp (Zhang et al., 2018) blends two photos; CutMix (Yun et al., 2019) pastes a rectangle of the
    other. Where both are set, each batch gets one of the two at random. The seed generator's state is
    among :attr:`variables`.

    Args:
        mixup: alpha of the Beta distribution of the share that is kept; 0: no MixUp.
        cutmix: the same for CutMix.
        seed: of the random numbers.
    """

    def __init__(self, mixup: float, cutmix: float, seed: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.mixup = mixup
        self.cutmix = cutmix
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)
        self.built = True
        self._mix = compiled_step(mix)
        self._blend_shares = beta_table(mixup) if mixup else None
        self._paste_shares = beta_table(cutmix) if cutmix else None

    def call(self, pixels: Tensor, targets: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """Mixed only in training.

        Args:
            pixels: (n, height, width, channels) 0..255.
            targets: (n, outputs): probabilities or truth values, never class numbers, which cannot be mixed.
            training: whether this is training.

        Returns:
            Both of the same shape, float32.
        """
        pixels, targets = ops.cast(pixels, "float32"), ops.cast(targets, "float32")
        if not training:
            return pixels, targets
        numbers = keras.random.uniform((ops.shape(pixels)[0] + 1, 4), dtype="float32", seed=self.random)
        return self._mix(pixels, targets, self._keep(pixels, numbers))  # type: ignore[no-any-return]

    def compute_output_shape(self, pixels_shape: Any, targets_shape: Any) -> tuple[Any, Any]:
        """The same."""
        return pixels_shape, targets_shape

    def get_config(self) -> dict[str, Any]:
        """What builds the layer again."""
        return {**super().get_config(), "mixup": self.mixup, "cutmix": self.cutmix, "seed": self.seed}

    def _keep(self, pixels: Tensor, numbers: Tensor) -> Tensor:
        """(n, height, width, 1): what is kept of each pixel, 0..1. The last row of numbers is the batch's own."""
        _, height, width, _ = pixels.shape
        of_photos = numbers[:-1]
        blended = pasted = None
        if self._blend_shares is not None:
            shares = _draw(self._blend_shares, of_photos[:, 0])
            blended = shares[:, None, None, None] * ops.ones((1, height, width, 1), dtype="float32")
        if self._paste_shares is not None:
            pasted = outside_of_boxes(_draw(self._paste_shares, of_photos[:, 1]), of_photos[:, 2:], height, width)
        if blended is None or pasted is None:
            return pasted if blended is None else blended
        return ops.where(numbers[-1, 0] < 0.5, blended, pasted)


def beta_table(alpha: float) -> NDArray[np.float32]:
    """Many values of Beta(alpha, alpha), of which one can be drawn with an even number.

    ``keras.random.beta`` cannot be compiled with XLA on TensorFlow, and gives NaN where a small alpha makes it divide
    0 by 0. Each value stands there with its mirror image, so that the mean is 1/2.
    """
    values = np.random.default_rng(0).beta(alpha, alpha, _TABLE // 2)
    return np.concatenate([values, 1 - values]).astype(np.float32)


def _draw(table: NDArray[np.float32], numbers: Tensor) -> Tensor:
    """An entry of the table for each number of 0..1."""
    return ops.take(table, ops.minimum(ops.cast(numbers * len(table), "int32"), len(table) - 1), axis=0)


def outside_of_boxes(shares: Tensor, centers: Tensor, height: int, width: int) -> Tensor:
    """CutMix's rectangles: 0 inside, 1 outside.

    Args:
        shares: (n,) of the photo that should be kept, 0..1; of a rectangle that reaches over the edge more is kept.
        centers: (n, 2) vertical and horizontal, 0..1.
        height: of a photo.
        width: of a photo.

    Returns:
        (n, height, width, 1) float32.
    """
    side = ops.sqrt(1 - shares)
    rows = _span(centers[:, 0] * height, side * height, height)
    columns = _span(centers[:, 1] * width, side * width, width)
    inside = ops.logical_and(rows[:, :, None], columns[:, None, :])
    return ops.cast(ops.logical_not(inside), "float32")[..., None]


def _span(center: Tensor, size: Tensor, length: int) -> Tensor:
    """(n, length) bool: the whole pixels from ``center - size / 2`` to ``center + size / 2``."""
    low, high = ops.round(center - size / 2)[:, None], ops.round(center + size / 2)[:, None]
    pixel = ops.arange(length, dtype="float32")[None]
    return ops.logical_and(pixel >= low, pixel < high)


def mix(pixels: Tensor, targets: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Each photo mixed with the one before it in the batch, and the targets by the same share.

    Args:
        pixels: (n, height, width, channels) float32.
        targets: (n, outputs) float32.
        kept: (n, height, width, 1) float32: what is kept of each pixel, 0..1.
    """
    share = ops.mean(kept, axis=(1, 2))
    mixed = pixels * kept + ops.roll(pixels, 1, axis=0) * (1 - kept)
    return mixed, targets * share + ops.roll(targets, 1, axis=0) * (1 - share)
