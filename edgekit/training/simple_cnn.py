"""The small network of TensorFlow's image classification tutorial, for training from scratch."""

from __future__ import annotations

from typing import Any

from edgekit.training.network import HeadSettings
from edgekit.training.scratch import ScratchNetwork

_FILTERS = (16, 32, 64)


def _layers(keras: Any, x: Any) -> Any:
    """Three blocks of convolution (16, 32, 64 filters of 3x3) and pooling.

    See https://www.tensorflow.org/tutorials/images/classification. The tutorial's photos have 180
    pixels; the default here is 96, which small devices can afford.
    """
    layers = keras.layers
    for filters in _FILTERS:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv_{filters}")(x)
        x = layers.MaxPooling2D(name=f"conv_{filters}_pool")(x)
    return layers.Flatten(name="features")(x)


SIMPLE_CNN = ScratchNetwork(
    "simple_cnn",
    _layers,
    default_size=96,
    min_size=2 ** len(_FILTERS),
    head=HeadSettings(units=128, dropout=0.2, hidden_dropout=0.0, label_smoothing=0.0),
)
