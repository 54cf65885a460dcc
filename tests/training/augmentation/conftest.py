"""Photos to change, and a layer told which numbers to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.training.augmentation import resolve_augmentation

Change = Callable[..., NDArray[np.float32]]


@contextmanager
def not_compiled() -> Iterator[None]:
    """On TensorFlow, functions run as they are: compiling takes ten times as long as calling once."""
    import keras

    if keras.config.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def photo() -> NDArray[np.float64]:
    """A smooth, colorful photo of 20x28 without any symmetry, 0..255 in whole numbers."""
    y, x = np.mgrid[:20, :28].astype(np.float64)
    red = 40 + 6 * x + 2 * y
    green = 128 + 90 * np.sin(x / 4) * np.cos(y / 3)
    blue = 30 + 9 * y + 20 * np.cos(x / 2)
    return np.rint(np.clip(np.stack([red, green, blue], axis=-1), 0, 255))


@pytest.fixture(scope="session")
def change() -> Change:
    """``change(photo, "rotation=30", rotation=1.0)``: the photo, where all draws are 0.5 but those named."""
    from edgekit.training.augmentation.changes import DRAWS
    from edgekit.training.augmentation.layers import build_augmenter

    def apply(
        photo: NDArray[np.float64], text: str, operations: tuple[float, ...] = (), **draws: float
    ) -> NDArray[np.float32]:
        layer = build_augmenter(resolve_augmentation(text), photo.shape, 0)
        assert layer is not None
        numbers = np.array([[draws.get(name, 0.5) for name in DRAWS] + list(operations)], np.float32)
        with not_compiled():
            return np.asarray(layer.change(photo[None].astype(np.float32), numbers))[0]

    return apply
