"""Small models of every kind that people bring, with random weights; each for Keras 3 and for Keras 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Build = Callable[[Any], Any]


def nested(keras: Any) -> Any:
    """A model in a model in a model, one of them used twice."""
    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(2)])
    a = keras.Input((8, 8, 3), name="a")
    middle = keras.Model(a, layers.Flatten()(inner(a)))
    b = keras.Input((8, 8, 3), name="b.1")
    both = layers.Concatenate()([middle(b), middle(layers.Rescaling(0.5)(b))])
    return keras.Model(b, layers.Dense(5)(both), name="nested")


def time_distributed(keras: Any) -> Any:
    """Convolutions and a whole network on each frame of a video."""
    layers = keras.layers
    frame = keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()])
    stack = [layers.TimeDistributed(layers.Conv2D(2, 1)), layers.TimeDistributed(frame), layers.Dense(3)]
    return keras.Sequential([keras.Input((4, 6, 6, 2)), *stack])


def bidirectional(keras: Any, unroll: bool = False) -> Any:
    """Readings of a sensor, in both directions of time."""
    layers = keras.layers
    lstm = layers.Bidirectional(layers.LSTM(6, return_sequences=True, unroll=unroll))
    return keras.Sequential([keras.Input((5, 4)), lstm, layers.GRU(5, unroll=unroll), layers.Dense(3)])


def two_inputs(keras: Any) -> Any:
    """A picture and some numbers; two outputs in a dictionary."""
    layers = keras.layers
    picture, numbers = keras.Input((8, 8, 1), name="picture"), keras.Input((3,), name="numbers")
    seen = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(picture))
    both = layers.Concatenate()([seen, layers.Dense(4)(numbers)])
    outputs = {"steering": layers.Dense(1)(both), "brake": layers.Dense(2, activation="sigmoid")(both)}
    return keras.Model({"picture": picture, "numbers": numbers}, outputs)


def preprocessing(keras: Any) -> Any:
    """Layers that prepare pictures, and those of augmentation, which do nothing here."""
    layers = keras.layers
    normalization = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.9, 1.0, 1.1])
    stack = [layers.Resizing(12, 12), layers.CenterCrop(8, 8), layers.RandomFlip(), layers.RandomRotation(0.1)]
    return keras.Sequential([keras.Input((16, 16, 3)), *stack, normalization, layers.Conv2D(3, 3), layers.Flatten()])


def words(keras: Any) -> Any:
    """A classifier of texts that are numbers of words; its input is float32, as Keras has it by default."""
    layers = keras.layers
    stack = [layers.Embedding(50, 6), layers.GRU(4), layers.Dense(2, activation="softmax")]
    return keras.Sequential([keras.Input((7,)), *stack])


def custom(keras: Any) -> Any:
    """A layer of somebody's own, registered with Keras."""
    return keras.Sequential([keras.Input((6,)), make_swish(keras)(1.5), keras.layers.Dense(3)])


def make_swish(keras: Any) -> Any:
    """The class of the layer; the same one each time, since Keras refuses to register a name twice."""
    known = keras.saving.get_registered_object("tests>ScaledSwish")
    if known is not None:
        return known

    @keras.saving.register_keras_serializable("tests")
    class ScaledSwish(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, factor: float = 1.0, **options: Any) -> None:
            super().__init__(**options)
            self.factor = factor

        def call(self, inputs: Any) -> Any:
            return inputs * keras.activations.sigmoid(self.factor * inputs)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "factor": self.factor}

    return ScaledSwish


def picture_classifier(keras: Any, end: str | None = "softmax", units: int = 3) -> Any:
    """A classifier of photos that does not say how its pixels are normalized."""
    layers = keras.layers
    stack = [layers.Conv2D(8, 3, strides=2, activation="relu"), layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((16, 16, 3)), *stack, layers.Dense(units, activation=end)], name="pictures")


BUILDERS: dict[str, Build] = {
    build.__name__: build
    for build in (nested, time_distributed, bidirectional, two_inputs, preprocessing, words, custom)
}


def randomised(model: Any, spread: float = 0.5) -> Any:
    """With the same weights each time, large enough that the answers differ from each other."""
    generator = np.random.default_rng(0)
    kept = [weight.dtype.kind != "f" for weight in model.get_weights()]  # seeds
    model.set_weights(
        [
            weight if keep else generator.normal(0, spread, weight.shape).astype(weight.dtype)
            for weight, keep in zip(model.get_weights(), kept, strict=True)
        ]
    )
    return model
