"""Augmentation as a layer: random in training, nothing at all in inference. Imported only after Keras."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import keras
from keras import ops

from edgekit.training.augmentation.changes import DRAWS, plan_changes
from edgekit.training.augmentation.colors import recolor
from edgekit.training.augmentation.compiled import compiled_step
from edgekit.training.augmentation.geometry import resample
from edgekit.training.augmentation.mixing import Mixer
from edgekit.training.augmentation.rand_augment import filter_pixels
from edgekit.training.augmentation.settings import Augmentation

Tensor = Any


def build_augmenter(settings: Augmentation, shape: tuple[int, int, int], seed: int) -> Augmenter | None:
    """The layer that changes each photo by itself; None where nothing is to be done.

    Args:
        settings: what is changed; MixUp and CutMix are left to :func:`build_mixer`.
        shape: height, width, channels (1 or 3) of a photo.
        seed: of the random numbers.
    """
    if not (settings.moves or settings.recolors or settings.rand_augment):
        return None
    return Augmenter(settings, shape, seed, name="augmentation")


def build_mixer(settings: Augmentation, seed: int) -> Mixer | None:
    """The layer that mixes photos of a batch, and their targets; None where MixUp and CutMix are off.

    Args:
        settings: of which :attr:`~Augmentation.mixup` and :attr:`~Augmentation.cutmix` are used.
        seed: of the random numbers; not that of :func:`build_augmenter`.
    """
    return Mixer(settings.mixup, settings.cutmix, seed, name="mixing") if settings.mixes else None


@keras.saving.register_keras_serializable(package="edgekit")
class Augmenter(keras.layers.Layer):  # type: ignore[misc]
    """Changes each photo of a batch at random: (n, height, width, channels) 0..255 to the same, float32.

    It computes in float32 under every precision policy: 16 bits cannot tell neighbouring pixels
    apart. The seed generator's state is among :attr:`variables`, so that a checkpoint goes on with the same numbers.
    """

    def __init__(
        self, settings: Augmentation | dict[str, Any], shape: tuple[int, int, int], seed: int, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "dtype": "float32", "trainable": False})
        self.settings = Augmentation(**settings) if isinstance(settings, dict) else settings
        self.shape = tuple(shape)
        self.seed = seed
        self.random = keras.random.SeedGenerator(seed)
        self.built = True
        self._plan = compiled_step(partial(plan_changes, self.settings))
        self._recolor = compiled_step(recolor)
        self._filter = compiled_step(filter_pixels)
        self._resample = compiled_step(
            partial(resample, fill_mode=self.settings.fill_mode, fill_value=self.settings.fill_value)
        )

    def call(self, pixels: Tensor, training: bool = False) -> Tensor:
        """``pixels`` of any number type; changed only in training."""
        pixels = ops.cast(pixels, "float32")
        if not training:
            return pixels
        count = len(DRAWS) + 2 * self.settings.rand_augment
        numbers = keras.random.uniform((ops.shape(pixels)[0], count), dtype="float32", seed=self.random)
        return self.change(pixels, numbers)

    def change(self, pixels: Tensor, numbers: Tensor) -> Tensor:
        """The photos changed as the numbers say; nothing is random here.

        Args:
            pixels: (n, height, width, channels) float32, 0..255.
            numbers: (n, len(DRAWS) + 2 * rand_augment) float32, 0..1; see :func:`plan_changes`.

        Returns:
            float32 of the same shape, 0..255.
        """
        pixels = ops.reshape(pixels, (-1, *self.shape))
        changes = self._plan(pixels, numbers)
        if "colors" in changes:
            pixels = self._recolor(pixels, *changes["colors"])
        if "filters" in changes:
            pixels = self._filter(pixels, *changes["filters"])
        if "sampling" in changes:
            pixels = self._resample(pixels, changes["sampling"])
        return ops.reshape(pixels, (-1, *self.shape))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The same."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What builds the layer again."""
        settings = dataclasses.asdict(self.settings)
        return {**super().get_config(), "settings": settings, "shape": self.shape, "seed": self.seed}
