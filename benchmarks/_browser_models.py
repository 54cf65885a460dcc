"""Two classifiers with real weights, exported for the browser, and photos for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

import edgekit
from edgekit.preprocess import prepare
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat, ModelSpec, image_classifier

DATA = Path(os.environ.get("EDGEKIT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
WEIGHTS = DATA / "weights"
SIZE = 224
FORMATS = ("tflite:fp32", "tflite:int8", "tfjs:fp32")
MODELS = ("mobilenet_v2_0.35", "mobilenet_v1_0.25")

PHOTOS_OF_A_CLASS = 24
"""Of which the head is made."""

FRAME = 640, 480
"""Of the photos that the times are taken with: what a camera gives."""


def export_models(folder: Path) -> None:
    """Both models in all formats: ``NAME/NAME.fp32.tflite``, ``NAME.int8.tflite`` and ``NAME.fp32.tfjs``."""
    pixels, classes, names = _read_photos()
    for name, (model, labels) in zip(MODELS, (_flowers(pixels, classes, names), _imagenet()), strict=True):
        spec: ModelSpec = image_classifier(name, labels, ImageFormat(SIZE, SIZE))
        result = edgekit.export(model, FORMATS, folder / name, spec=spec, calibration=pixels, progress=SILENT)
        assert not result.failures, result.failures


def write_photos(folder: Path) -> tuple[list[str], list[str]]:
    """The names of photos as a camera gives them, and of photos that are already as large as the models' input."""
    folder.mkdir()
    frames, small = [], []
    for kind in sorted((DATA / "flowers-original" / "val").iterdir()):
        with Image.open(sorted(kind.glob("*.jpg"))[0]) as photo:
            ImageOps.fit(photo.convert("RGB"), FRAME).save(folder / f"{kind.name}.png")
        frames.append(f"{kind.name}.png")
    for kind in sorted((DATA / "flowers-224" / "val").iterdir()):
        for place, path in enumerate(sorted(kind.glob("*.jpg"))[:2]):
            name = f"{kind.name}-{place}.png"
            Image.open(path).convert("RGB").save(folder / name)
            small.append(name)
    return frames, small


def _read_photos() -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
    kinds = sorted((DATA / "flowers-224" / "train").iterdir())
    paths = [path for kind in kinds for path in sorted(kind.glob("*.jpg"))[:PHOTOS_OF_A_CLASS]]
    pixels = np.stack([prepare(path, ImageFormat(SIZE, SIZE)) for path in paths])
    return pixels, np.repeat(np.arange(len(kinds)), PHOTOS_OF_A_CLASS), [kind.name for kind in kinds]


def _flowers(pixels: NDArray[np.uint8], classes: NDArray[np.int64], names: list[str]) -> tuple[Any, list[str]]:
    """MobileNetV2 0.35 with a linear head by least squares: good enough to tell flowers, and made in seconds."""
    import keras

    weights = WEIGHTS / "mobilenet_v2_0.35_224_no_top.weights.h5"
    image = keras.Input((SIZE, SIZE, 3))
    backbone = keras.applications.MobileNetV2((SIZE, SIZE, 3), 0.35, False, str(weights), pooling="avg")
    features = backbone(keras.layers.Rescaling(1 / 127.5, -1)(image))
    known = np.asarray(keras.Model(image, features).predict(pixels, verbose=0), np.float64)
    known = np.hstack([known, np.ones((len(known), 1))])
    wanted = 8 * (np.eye(len(names))[classes] - 1 / len(names))
    head = np.linalg.solve(known.T @ known + 10 * np.eye(known.shape[1]), known.T @ wanted)
    dense = keras.layers.Dense(len(names), "softmax")
    model = keras.Model(image, dense(features))
    dense.set_weights([head[:-1], head[-1]])
    return model, names


def _imagenet() -> tuple[Any, list[str]]:
    import keras

    weights = WEIGHTS / "mobilenet_2_5_224_tf.weights.h5"
    image = keras.Input((SIZE, SIZE, 3))
    network = keras.applications.MobileNet((SIZE, SIZE, 3), 0.25, weights=str(weights))
    return keras.Model(image, network(keras.layers.Rescaling(1 / 127.5, -1)(image))), [f"n{i}" for i in range(1000)]
