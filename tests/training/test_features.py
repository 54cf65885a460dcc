from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data import Dataset
from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.training.features import compile_inference, run_network

keras = import_keras()


@pytest.fixture(scope="module")
def network() -> Any:
    """A small MobileNetV2 whose batch norm has statistics that matter."""
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2((32, 32, 3), 0.35, include_top=False, weights=None, pooling="avg")
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, weights.shape) for weights in layer.get_weights()])
    return model


def test_the_fast_way_answers_what_predict_answers(network: Any, textures: Dataset) -> None:
    part = textures.train
    fast = run_network(network, part, SILENT, "features")
    plain = network.predict(part.images.take(np.arange(len(part))).astype(np.float32), verbose=0)
    assert fast.shape == (64, 1280)
    assert fast.dtype == np.float32
    assert np.ptp(plain) > 0.1
    np.testing.assert_allclose(fast, plain, atol=1e-4 * np.abs(plain).max())


def test_tensors_are_not_taken_for_photos(textures: Dataset) -> None:
    values = np.random.default_rng(0).normal(size=(70, 5)).astype(np.float32)
    inputs = keras.Input((5,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))

    class Tensors:
        shape = (5,)

        def __len__(self) -> int:
            return len(values)

        def take(self, indices: NDArray[np.integer]) -> NDArray[np.float32]:
            return values[indices]

    names = tuple(map(str, range(70)))
    part = replace(textures.train, images=Tensors(), labels=np.zeros(70, np.int64), files=names)  # type: ignore[arg-type]
    np.testing.assert_allclose(run_network(model, part, SILENT, ""), model.predict(values, verbose=0), atol=1e-5)


def test_training_does_not_change_a_compiled_function(textures: Dataset) -> None:
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    samples = textures.train.images.take(np.arange(5))
    infer = compile_inference(model, 8)
    before = infer(samples)
    model.set_weights([weights + 1 for weights in model.get_weights()])
    np.testing.assert_array_equal(infer(samples), before)
    assert np.abs(infer(samples.astype(np.float32)) - before).min() > 0.5  # another type is traced when it comes


def test_half_precision_answers_in_float32(textures: Dataset) -> None:
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.GlobalAveragePooling2D(dtype="mixed_float16")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, dtype="mixed_float16")(x))
    assert compile_inference(model, 4)(textures.train.images.take(np.arange(3))).dtype == np.float32
