"""Small models for the tests in Node, and what Python answers."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import edgekit
from edgekit.bundle import find_built
from edgekit.progress import SILENT
from tests.conftest import missing
from tests.once import kept_folder

LABELS = ("circle", "square", "triangle", "star")
SIZE = (48, 40)
FILES = ("fp32.tfjs", "fp32.tflite", "int8.tflite")


@functools.cache
def make_models() -> Path:
    """One network with random weights, whose answers depend on the photo, in every format. Made once."""
    pytest.importorskip("tensorflow", reason="needs the extra 'tensorflow'")
    import keras

    keras.utils.set_random_seed(8)
    pixels = keras.Input((*SIZE, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    x = keras.layers.Conv2D(8, 3, 2, activation="relu")(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    wide = keras.initializers.RandomNormal(stddev=8)
    model = keras.Model(pixels, keras.layers.Dense(len(LABELS), "softmax", kernel_initializer=wide)(x), name="shapes")
    shade = np.random.default_rng(1).integers(1, 256, (16, 1, 1, 3))
    photos = (np.random.default_rng(2).random((16, *SIZE, 3)) * shade).astype(np.uint8)
    folder = kept_folder() / "dist"
    formats = "tflite:fp32,tflite:int8,tfjs:fp32"
    edgekit.export(model, formats, folder, labels=LABELS, calibration=photos, progress=SILENT)
    return folder


def find(models: Path, ending: str) -> Path:
    """The one of this precision and format."""
    (found,) = models.glob(f"*.{ending}")
    return found


def some_photos(shared_data: Path, count: int) -> list[NDArray[np.uint8]]:
    """Validation photos of all classes, in sizes that they have and in odd ones."""
    paths = sorted((shared_data / "flowers-224" / "val").glob("*/*.jpg"))[:: 550 // count][:count]
    photos = [Image.open(path).convert("RGB") for path in paths]
    odd = [photo.resize((150 + 37 * place, 301 - 11 * place)) for place, photo in enumerate(photos[: count // 2])]
    return [np.asarray(photo) for photo in (*odd, *photos[count // 2 :])]


def write_expected(models: Path, photos: list[NDArray[np.uint8]], folder: Path) -> None:
    """Pixels of the photos as they are, and what each file answers here, for the tests that run in Node."""
    for place, photo in enumerate(photos):
        (folder / f"{place}.rgb").write_bytes(photo.tobytes())
    answers = {}
    for ending in FILES:
        with edgekit.load(find(models, ending)) as model:
            classified = [model.classify(photo, top=len(LABELS)) for photo in photos]
        answers[ending] = [[[one.label, one.probability] for one in some] for some in classified]
    document = {
        "models": {ending: str(find(models, ending)) for ending in FILES},
        "sizes": [photo.shape[1::-1] for photo in photos],
        "answers": answers,
    }
    (folder / "expected.json").write_text(json.dumps(document), encoding="utf-8")


def built_for_node() -> Path:
    """``targets/browser/dist/node``."""
    folder = find_built("node")
    if folder is None:
        missing("the library for Node has not been built; run make setup")
    return folder
