"""Models for the tests of ``edgekit.tflite``: all there are in the shared data, and small ones made here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.spec import ImageFormat, Label, ModelSpec, image_classifier
from edgekit.tflite.checks import PRECISIONS

SIZE = 24


@pytest.fixture(scope="session")
def zoo(shared_data: Path) -> dict[str, Path]:
    """Every ``.tflite`` of the shared data, by its path relative to them."""
    return {path.relative_to(shared_data).as_posix(): path for path in sorted(shared_data.rglob("*.tflite"))}


@pytest.fixture
def spec() -> ModelSpec:
    """What the converted models take and answer, with labels in two more languages."""
    labels = (
        Label("daisy", {"de": "Gänseblümchen", "en": "Daisy"}),
        Label("rose", {"de": "Rose"}),
        Label("tulip\nred"),
    )
    return image_classifier("blümchen", labels, ImageFormat(SIZE, SIZE), confidence_threshold=0.25)


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One small Keras classifier as TensorFlow's converter writes it, by precision."""
    pytest.importorskip("tensorflow", reason="converting needs the extra 'tensorflow'")
    folder = tmp_path_factory.mktemp("converted")
    _save(folder)
    return {precision: _convert(folder, precision) for precision in PRECISIONS}


@pytest.fixture(scope="session")
def two_inputs(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of two inputs, ``left`` and ``right``, and the output ``sum``."""
    tf = pytest.importorskip("tensorflow", reason="converting needs the extra 'tensorflow'")
    folder = tmp_path_factory.mktemp("two_inputs")
    row = tf.TensorSpec((1, 4), tf.float32)
    module = tf.Module()
    module.serve = tf.function(lambda right, left: {"sum": left + 2.0 * right}, input_signature=[row, row])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})
    return _convert(folder, "fp32")


def _save(folder: Path) -> None:
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(8, 3, strides=2, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.DepthwiseConv2D(3),
            layers.Conv2D(128, 1, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    pixels = tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32, "image")
    traced = tf.function(lambda image: model(image, training=False)).get_concrete_function(pixels)
    frozen = convert_variables_to_constants_v2(traced)
    module = tf.Module()
    module.serve = tf.function(lambda image: {"probabilities": frozen(image)[0]}, input_signature=[pixels])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.serve})


def _convert(folder: Path, precision: str) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = _photos
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    return bytes(converter.convert())


def _photos() -> Iterator[list[np.ndarray[Any, Any]]]:
    generator = np.random.default_rng(0)
    for _ in range(8):
        photo = generator.integers(0, 256, (1, SIZE, SIZE, 3)).astype(np.float32)
        photo[0, 0, 0], photo[0, 0, 1] = 0, 255
        yield [photo]


def _run(data: bytes) -> list[np.ndarray[Any, Any]]:
    """The outputs of LiteRT (with XNNPACK, as it comes) for inputs from a seeded generator."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    generator = np.random.default_rng(1)
    for detail in interpreter.get_input_details():
        values = generator.integers(0, 128, detail["shape"]).astype(detail["dtype"])
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


@pytest.fixture(scope="session")
def run_model() -> Callable[[bytes], list[np.ndarray[Any, Any]]]:
    """Runs a model once; see :func:`_run`."""
    return _run
