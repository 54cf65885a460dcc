from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from edgekit.applications import APPLICATIONS
from edgekit.kerasfile import import_keras
from edgekit.tflite.model import read_model
from edgekit.training.normalization import Normalization, normalize, to_three_channels

keras = import_keras()

FAMILIES = {app.module: app for app in APPLICATIONS}.values()


@pytest.mark.parametrize("app", FAMILIES, ids=lambda app: app.module)
def test_layers_do_what_the_family_does(app: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3)).astype(np.float32)
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    family = importlib.import_module(f"keras.applications.{app.module}")
    expected = np.asarray(family.preprocess_input(pixels.copy()))
    image = keras.Input((5, 7, 3))
    actual = keras.Model(image, normalize(keras, image, app.way)).predict(pixels, verbose=0)
    np.testing.assert_allclose(actual, expected, atol=1e-5 if app.way == "torch" else 2e-5, rtol=0)


def test_a_family_with_its_own_rescaling_gets_none() -> None:
    image = keras.Input((64, 64, 3))
    assert normalize(keras, image, "built-in") is image


def test_caffe_weights_are_never_trained() -> None:
    image = keras.Input((4, 4, 3))
    model = keras.Model(image, normalize(keras, image, "caffe"))
    assert not model.trainable_weights
    assert model.layers[-1].name == "rgb_to_bgr_minus_mean"


@pytest.mark.parametrize(
    ("way", "operators"), [("tf", ["MUL", "ADD"]), ("torch", ["MUL", "ADD"]), ("caffe", ["CONV_2D"])]
)
def test_each_way_becomes_plain_tflite(way: Normalization, operators: list[str]) -> None:
    tf = pytest.importorskip("tensorflow")
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    image = keras.Input((4, 4, 3))
    model = keras.Model(image, normalize(keras, image, way))
    traced = tf.function(lambda x: model(x), input_signature=[tf.TensorSpec((1, 4, 4, 3), tf.float32)])
    frozen = convert_variables_to_constants_v2(traced.get_concrete_function())
    converted = read_model(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
    assert [operator.name for operator in converted.subgraphs[0].operators] == operators


def test_grayscale_is_repeated() -> None:
    image = keras.Input((4, 4, 1))
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 4, 4, 1)).astype(np.float32)
    actual = keras.Model(image, to_three_channels(keras, image)).predict(pixels, verbose=0)
    np.testing.assert_array_equal(actual, np.repeat(pixels, 3, axis=-1))
