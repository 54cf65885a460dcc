"""Two devices on TensorFlow: virtual ones, on one processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.data import Dataset
from tests.jax.environment import Done
from tests.jax.training import Trained

TWO = """
import sys
import tensorflow as tf
processor = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * int(sys.argv.pop(1)))
"""

TRAIN = TWO + "from edgekit.cli import main\nmain()\n"

CHECKS = (
    TWO
    + """
import keras
import pytest
from edgekit.errors import UsageError
from edgekit.training.distribution import open_distribution
from tests.training.test_distribution import ONCE, fit_on_numbers

shared = open_distribution(keras, "mirrored")
assert (shared.replicas, shared.processes, shared.is_main, shared.weighted) == (2, 1, True, True)
assert shared.describe() == "2 CPUs (TensorFlow, mirrored)"
assert fit_on_numbers(shared) == [ONCE] * 3

norm = keras.layers.BatchNormalization()
model = keras.Sequential([keras.Input((2,)), norm])
with shared.synchronized(model):
    assert norm.synchronized
assert not norm.synchronized

with pytest.raises(UsageError, match="finds no TPU.*KERAS_BACKEND=jax and --distribute data"):
    open_distribution(keras, "tpu")
"""
)

# Batch norm, an odd last batch, and no dropout: each replica draws its own.
SETTINGS = (
    *("--model", "tiny_cnn", "--image-size", "32", "--weights", "none", "--augmentation", "none"),
    *("--epochs", "2", "--batch-size", "16", "--dropout", "0"),
)


@pytest.fixture
def photos(textures: Dataset, tmp_path: Path) -> Path:
    """A folder of 64 photos of 32x32 in four classes; 51 are for training."""
    part = textures.train
    for index, pixels in enumerate(part.images.take(np.arange(len(part)))):
        path = tmp_path / "photos" / textures.class_names[part.labels[index]] / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "photos"


def test_two_devices_reach_the_loss_of_one(photos: Path, tmp_path: Path) -> None:
    paths = {1: tmp_path / "one.keras", 2: tmp_path / "two.keras"}
    running = {
        devices: _start(
            TRAIN,
            str(devices),
            *(
                "train",
                str(photos),
                *SETTINGS,
                "--output",
                str(path),
                "--distribute",
                "none" if devices == 1 else "mirrored",
            ),
        )
        for devices, path in paths.items()
    }
    one, two = (Trained(paths[devices], _finish(process)).losses() for devices, process in running.items())
    np.testing.assert_allclose(two, one, rtol=0.01)


def test_what_a_strategy_does() -> None:
    done = _finish(_start(CHECKS, "2"))
    assert done.returncode == 0, done.output


def _start(program: str, *arguments: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if name != "TPU_NAME"}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**environ, "KERAS_BACKEND": "tensorflow"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finish(process: subprocess.Popen[str]) -> Done:
    output, _ = process.communicate(timeout=180)
    return Done(process.returncode, output)
