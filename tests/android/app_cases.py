"""Requests as ``edgekit bench --on android`` writes them, with all that may be wrong, for the app's tests on a JVM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import edgekit
from edgekit.measure.latency import LatencyProtocol
from edgekit.remote.android.app import AppRequest
from edgekit.spec import ImageFormat, image_classifier
from edgekit.tflite.embed import embed

CLASSIFIER = "edge-tpu/test_data/mobilenet_v1_0.25_128_quant.tflite"
"""Of the tests' data: a network for photos of ImageNet's labels."""

SHORT = LatencyProtocol(2, 0, 5, 0, 20)
PHOTOS = 3

ODD: Mapping[str, str] = {
    "broken": "{",
    "newer": json.dumps({"schema": 2, "id": "newer", "models": []}),
    "incomplete": json.dumps({"schema": 1, "id": "incomplete", "models": ["flowers.tflite"]}),
}
"""Requests that are none, by their ids."""


def make_classifier(shared_data: Path, path: Path) -> Path:
    """A real network of photos, quantized, with a spec. That it is right is not asked here."""
    labels = [f"label {number}" for number in range(1001)]
    model = (shared_data / CLASSIFIER).read_bytes()
    path.write_bytes(embed(model, image_classifier("flowers", labels, ImageFormat(128, 128))))
    return path


def write_app_cases(folder: Path, model: Path, plain: Path, photo: Path) -> None:
    """What is pushed to the app, in ``pushed``; and what Python answers to a photo.

    Args:
        folder: an empty one.
        model: a classifier with a spec.
        plain: a model without one.
        photo: of any size.
    """
    pushed = folder / "pushed"
    pushed.mkdir()
    (pushed / "flowers.tflite").write_bytes(model.read_bytes())
    (pushed / "plain.tflite").write_bytes(plain.read_bytes())
    (pushed / "broken.tflite").write_bytes(model.read_bytes()[:1000])
    with edgekit.load(model, threads=1) as predictor:
        assert predictor.spec is not None
        assert predictor.spec.image is not None
        image = predictor.spec.image
        shape = (image.height, image.width, 3)
        pixels = np.random.default_rng(1).integers(0, 256, (PHOTOS, *shape), np.uint8)
        predictor.predict(pixels).astype("<f4").tofile(folder / "answers.bin")
        # Without losses: that two decoders make the same pixels of a JPEG is not asked here.
        Image.open(photo).convert("RGB").save(folder / "photo.png")
        best = predictor.classify(folder / "photo.png", top=1)[0]
        answer = {"name": best.name, "percent": f"{round(100 * best.probability):d}%"}
        (folder / "photo.json").write_text(json.dumps(answer))
    pixels.tofile(pushed / "photos.bin")
    asked: dict[str, tuple[list[str], str, Any]] = {
        "sound": (["flowers.tflite", "plain.tflite"], "cpu", None),
        "some": (["gone.tflite", "broken.tflite", "flowers.tflite"], "cpu", None),
        "answers": (["flowers.tflite"], "auto", ("photos.bin", PHOTOS, shape)),
        "shape": (["flowers.tflite"], "cpu", ("photos.bin", PHOTOS, (shape[1], shape[2], shape[0]))),
        "short": (["flowers.tflite"], "cpu", ("photos.bin", PHOTOS + 1, shape)),
        "gpu": (["flowers.tflite"], "gpu", None),
        "nnapi": (["flowers.tflite"], "nnapi", None),
        "outside": (["../../flowers.tflite"], "cpu", None),
    }
    for number, (models, delegate, photos) in asked.items():
        document = AppRequest(model, SHORT, delegate, 1, 60, photos).to_dict(number, "")
        document["models"] = models
        (pushed / f"{number}.request.json").write_text(json.dumps(document))
    for number, text in ODD.items():
        (pushed / f"{number}.request.json").write_text(text)
