"""The programs in an export folder's README run as they are printed, and answer as EdgeKit does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.api.exporting import ExportResult, export
from edgekit.api.model import Model
from edgekit.progress import SILENT
from edgekit.runtime import load
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier
from tests.api.conftest import Exported

BOTH = ("tflite:fp32", "onnx:fp32")


def programs(folder: Path) -> dict[str, str]:
    """The Python of each section, by its title."""
    sections = (folder / "README.md").read_text(encoding="utf-8").split("\n## ")[1:]
    return {
        text.splitlines()[0]: text.split("```python\n")[1].split("```")[0] for text in sections if "```python" in text
    }


def run(program: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colourful photo that is wider than high and lies on its side."""
    across, down = np.meshgrid(np.linspace(0, 255, 96), np.linspace(0, 255, 64))
    pixels = np.stack([across, down, 255 - across], axis=-1).astype(np.uint8)
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(path, quality=95, exif=exif)
    return path


def exported(keras: Any, image: ImageFormat, folder: Path, requests: tuple[str, ...], **about: Any) -> ExportResult:
    """A classifier whose answer depends on where in the photo the colours are."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input(image.shape),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    spec = image_classifier('it\'s "näme"', ("daisy", "große Rose", 'a"b', "tulip"), image)
    return export(Model(model, spec), requests, folder, progress=SILENT, **about)


@pytest.mark.parametrize(
    "image",
    [ImageFormat(24, 16, "rgb", "crop"), ImageFormat(16, 24, "grayscale", "letterbox", 114)],
    ids=["crop", "grey letterbox"],
)
def test_photos_get_the_same_answers_without_edgekit(
    keras: Any, image: ImageFormat, photo: Path, tmp_path: Path
) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (16, *image.shape), np.uint8)
    folder = tmp_path / "dist"
    result = exported(keras, image, folder, (*BOTH, "tflite:int8"), calibration=samples)
    assert not result.failures
    shutil.copy(photo, folder / "photo.jpg")
    with load(result.paths[0]) as model:
        best = model.classify(photo, top=3)
    found = programs(folder)
    assert set(found) == {
        "In Python, with EdgeKit",
        "LiteRT in Python, without EdgeKit",
        "onnxruntime in Python, without EdgeKit",
    }
    litert = found["LiteRT in Python, without EdgeKit"]
    found["int8"] = litert.replace(".fp32.tflite", ".int8.tflite")
    assert found["int8"] != litert
    for title, program in found.items():
        lines = run(program, folder).splitlines()
        assert len(lines) == 3, title
        share, label = lines[0].split(maxsplit=1)
        assert label == best[0].label, title
        assert abs(float(share.rstrip("%")) / 100 - best[0].probability) < 0.05, title


def test_binary_and_several_labels(binary: Exported, multi_label: Exported, photo: Path, tmp_path: Path) -> None:
    title = "LiteRT in Python, without EdgeKit"
    for model in (binary, multi_label):
        folder = tmp_path / model.model.spec.name
        shutil.copytree(model.result.folder, folder)
        shutil.copy(photo, folder / "photo.jpg")
        with load(model.result.paths[0]) as predictor:
            answers = predictor.classify(photo)
            probability = {one.label: one.probability for one in answers if not one.is_none}
        lines = [line.split(maxsplit=1) for line in run(programs(folder)[title], folder).splitlines()]
        named = {label: float(share.rstrip("%")) / 100 for share, label in lines}
        if model is binary:
            probability = {"dog": probability["dog"]}
        assert named == pytest.approx(probability, abs=0.05)


def test_tensors(keras: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    left, right = keras.Input((4,), name="left"), keras.Input((3,), name="right")
    joined = keras.layers.Concatenate()([left, right])
    model = keras.Model([left, right], [keras.layers.Dense(2)(joined), keras.layers.Dense(5)(joined)])
    spec = ModelSpec(
        "pair",
        "tensors",
        (TensorSpec("left", (None, 4)), TensorSpec("right", (None, 3))),
        (TensorSpec("two", (None, 2)), TensorSpec("five", (None, 5))),
    )
    folder = tmp_path / "dist"
    assert not export(Model(model, spec), BOTH, folder, progress=SILENT).failures
    found = programs(folder)
    run(found["In Python, with EdgeKit"], folder)
    for title in ("LiteRT in Python, without EdgeKit", "onnxruntime in Python, without EdgeKit"):
        lines = run(found[title], folder).splitlines()
        assert sorted(lines) == ["five (1, 5) float32", "two (1, 2) float32"], title
