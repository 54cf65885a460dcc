"""The small network of TensorFlow's image classification tutorial, for training from scratch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError
from edgekit.progress import Progress
from edgekit.spec import ImageFormat
from edgekit.training.network import Body, HeadSettings

_FILTERS = (16, 32, 64)
_MIN_SIZE = 2 ** len(_FILTERS)
_HEAD = HeadSettings(units=128, dropout=0.2, hidden_dropout=0.0, label_smoothing=0.0)


@dataclass(frozen=True)
class SimpleCnn:
    """Three blocks of convolution (16, 32, 64 filters of 3x3) and pooling.

    See https://www.tensorflow.org/tutorials/images/classification. The tutorial's photos have 180
    pixels; the default here is 96, which small devices can afford.
    """

    name: str = "simple_cnn"
    default_size: int = 96
    default_weights: str = "none"
    head: HeadSettings = _HEAD

    def check(self, image: ImageFormat, weights: str) -> None:
        """See :class:`~edgekit.training.network.Network`."""
        if weights != "none":
            raise UsageError(f"simple_cnn is trained from scratch: its weights are none. Got: {weights}.")
        if min(image.height, image.width) < _MIN_SIZE:
            raise UsageError(
                f"simple_cnn takes images of at least {_MIN_SIZE}x{_MIN_SIZE} pixels. "
                f"Got: {image.height}x{image.width}. Pass a larger --image-size."
            )

    def build(self, keras: Any, pixels: Any, image: ImageFormat, weights: str, progress: Progress) -> Body:
        """See :class:`~edgekit.training.network.Network`."""
        layers = keras.layers
        x = layers.Rescaling(1 / 255, name="rescaling")(pixels)
        for filters in _FILTERS:
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv_{filters}")(x)
            x = layers.MaxPooling2D(name=f"conv_{filters}_pool")(x)
        return Body(layers.Flatten(name="features")(x), ())
