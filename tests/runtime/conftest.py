"""Tiny real models, converted once a session by TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.spec import ImageFormat, Label, ModelSpec, image_classifier
from edgekit.tflite.embed import embed

HEIGHT, WIDTH, CLASSES = 24, 32, 4


@dataclass(frozen=True)
class TinyModels:
    """Where they lie, and what TensorFlow itself answers.

    Attributes:
        fp32: a classifier with EdgeKit's spec inside; takes float32 pixels.
        int8: the same with uint8 input and output.
        bare: the classifier as the converter left it, without a spec.
        pair: two inputs and two outputs, with a signature.
        resizable: takes any number of rows.
        text: looks strings up.
        wide: takes 256 MiB at once.
        spec: of the classifiers.
        images: (n, h, w, c) uint8.
        probabilities: (n, classes), of the classifiers.
    """

    fp32: Path
    int8: Path
    bare: Path
    pair: Path
    resizable: Path
    text: Path
    wide: Path
    spec: ModelSpec
    images: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """All tiny models."""
    tf = pytest.importorskip("tensorflow")
    folder = tmp_path_factory.mktemp("tiny")
    images = np.random.default_rng(1).integers(0, 256, (12, HEIGHT, WIDTH, 3), np.uint8)
    images[1:] = images[1:] // 4 * np.arange(1, 12, dtype=np.uint8)[:, None, None, None] // 3
    images[-1, 0, 0], images[-1, 0, 1] = 0, 255
    classify = _make_classifier(tf)
    names = ("lily", "rose", "tulip", "sunflower")
    image = ImageFormat(width=WIDTH, height=HEIGHT)
    spec = image_classifier("tiny", tuple(Label(name, {"en": name.title()}) for name in names), image)

    def calibration() -> Any:
        for photo in images:
            yield [photo[None].astype(np.float32)]

    pixels = tf.TensorSpec((1, HEIGHT, WIDTH, 3), tf.float32, name="image")
    bare = _convert(tf, classify, pixels)
    whole = _convert(tf, classify, pixels, calibration=calibration)
    files = {
        "fp32.tflite": embed(bare, spec),
        "int8.tflite": embed(whole, spec),
        "bare.tflite": bare,
        "pair.tflite": _convert(
            tf,
            lambda left, right: {"total": left + tf.cast(right, tf.float32), "largest": tf.reduce_max(left)},
            tf.TensorSpec((2, 3), tf.float32, name="left"),
            tf.TensorSpec((2, 3), tf.int32, name="right"),
        ),
        "resizable.tflite": _convert(
            tf, lambda rows: {"doubled": rows * 2.0}, tf.TensorSpec((None, 5), tf.float32, name="rows")
        ),
        "text.tflite": _convert(
            tf, lambda words: {"chosen": tf.gather(words, [1])}, tf.TensorSpec((3,), tf.string, name="words")
        ),
        "wide.tflite": _convert(
            tf, lambda many: {"first": many[:1]}, tf.TensorSpec((64, 1024, 1024), tf.float32, name="many")
        ),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return TinyModels(
        **{name.removesuffix(".tflite"): folder / name for name in files},
        spec=spec,
        images=images,
        probabilities=np.concatenate([classify(photo[None].astype(np.float32))["probabilities"] for photo in images]),
    )


def _make_classifier(tf: Any) -> Callable[[Any], dict[str, Any]]:
    generator = np.random.default_rng(0)
    kernel = generator.normal(0, 0.3, (3, 3, 3, 8)).astype(np.float32)
    head = generator.normal(0, 3, (8, CLASSES)).astype(np.float32)

    def classify(image: Any) -> dict[str, Any]:
        features = tf.nn.relu(tf.nn.conv2d(image / 255.0, kernel, 2, "SAME"))
        return {"probabilities": tf.nn.softmax(tf.reduce_mean(features, (1, 2)) @ head)}

    return classify


def _convert(tf: Any, function: Any, *inputs: Any, calibration: Any = None) -> bytes:
    module = tf.Module()
    module.serve = tf.function(function, input_signature=inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = calibration
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    return bytes(converter.convert())
