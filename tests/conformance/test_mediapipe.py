"""The same answers as MediaPipe Tasks, for images of the model's own size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.preprocess import prepare
from tests.conformance.mediapipe_process import MediaPipe, install_mediapipe

TOP = 5
TOLERANCE = 1e-5
"""Of a float model's scores: MediaPipe has another version of the kernels. Measured: 2.2e-6; 0 for integers."""

MODELS = (
    "edge-tpu/test_data/mobilenet_v1_0.25_128_quant.tflite",
    "edge-tpu/test_data/mobilenet_v1_0.5_160_quant.tflite",
    "edge-tpu/test_data/mobilenet_v1_0.75_192_quant.tflite",
    "edge-tpu/test_data/mobilenet_v2_1.0_224_quant.tflite",
    "edge-tpu/test_data/tf2_mobilenet_v2_1.0_224_ptq.tflite",
    "tflite-zoo/tflite-support/automl_labeler_model.tflite",
    "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite",
    "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_quant.tflite",
)
"""Every one in the shared data whose metadata both read."""


@pytest.fixture(scope="session")
def packages() -> Path:
    return install_mediapipe()


@pytest.fixture(scope="session")
def photos(shared_data: Path) -> list[Path]:
    flowers = sorted((shared_data / "flowers-original" / "val").rglob("*.jpg"))[::3]
    return [*sorted((shared_data / "tflite-zoo" / "tflite-support").glob("*.jpg")), *flowers]


@pytest.mark.parametrize("model", MODELS)
def test_the_same_top_five(model: str, packages: Path, photos: list[Path], shared_data: Path) -> None:
    compared = 0
    with edgekit.load(shared_data / model) as ours, MediaPipe(packages) as theirs:
        assert ours.spec is not None
        assert ours.spec.image is not None
        theirs.load(shared_data / model, TOP)
        for photo in photos:
            pixels = prepare(photo, ours.spec.image)
            theirs.take(pixels)
            mine = [(best.index, best.probability) for best in ours.classify(pixels, top=TOP + 1)]
            other = [(index, score) for index, _, score in theirs.classify()]
            scores = [score for _, score in mine]
            np.testing.assert_allclose([score for _, score in other], scores[:TOP], atol=TOLERANCE)
            # Equal scores, common in 8 bits, come in any order from MediaPipe.
            if min(-np.diff(scores)) > TOLERANCE:
                assert [index for index, _ in other] == [index for index, _ in mine[:TOP]], photo
                compared += 1
            else:
                places = dict(mine)
                assert all(abs(places.get(index, scores[-1]) - score) <= TOLERANCE for index, score in other), photo
    assert compared >= 3, "too few photos whose scores all differ"
