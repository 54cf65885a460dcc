"""Models of several kinds, each built by any version of Keras, with weights as training leaves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Build = Callable[[Any], Any]

CLASSES = 100


def small_cnn(keras: Any) -> Any:
    layers = keras.layers
    pixels = keras.Input((32, 32, 3), name="image")
    values = layers.Rescaling(1 / 255)(pixels)
    for filters in (16, 32):
        values = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(values)
        values = layers.ReLU()(layers.BatchNormalization()(values))
        values = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(values)
        values = layers.ReLU(6)(layers.BatchNormalization()(values))
    return keras.Model(pixels, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(values)))


def mobilenet_v2(keras: Any) -> Any:
    return keras.applications.MobileNetV2((224, 224, 3), weights=None, classes=CLASSES)


def mobilenet_v3_small(keras: Any) -> Any:
    """Hard swish, squeeze and excitation."""
    return keras.applications.MobileNetV3Small((224, 224, 3), weights=None, classes=CLASSES)


def efficientnet_b0(keras: Any) -> Any:
    """Swish, squeeze and excitation, normalization inside."""
    return keras.applications.EfficientNetB0(input_shape=(128, 128, 3), weights=None, classes=CLASSES)


def gru(keras: Any) -> Any:
    """A loop."""
    layers = keras.layers
    return keras.Sequential([keras.Input((32, 16)), layers.GRU(32), layers.Dense(4, activation="softmax")])


def lstm(keras: Any) -> Any:
    """A loop."""
    layers = keras.layers
    return keras.Sequential([keras.Input((32, 16)), layers.LSTM(32), layers.Dense(4, activation="softmax")])


MODELS: tuple[Build, ...] = (small_cnn, mobilenet_v2, mobilenet_v3_small, efficientnet_b0, gru, lstm)


def with_weights(model: Any) -> Any:
    """Fills biases and batch norms, so that each of them changes its numbers; new ones are 0 and 1."""
    random = np.random.default_rng(0)
    for layer in model.layers:
        values = dict(zip((weight.path for weight in layer.weights), layer.get_weights(), strict=True))
        for path, value in values.items():
            name = path.rpartition("/")[2]
            if name in ("bias", "beta"):
                values[path] = random.normal(0, 0.1, value.shape)
            elif name == "moving_mean":
                values[path] = random.normal(0, 0.3, value.shape)
            elif name == "gamma":
                values[path] = random.uniform(0.7, 1.3, value.shape)
            elif name == "moving_variance":
                values[path] = random.uniform(0.5, 1.5, value.shape)
        layer.set_weights(list(values.values()))
    return model
