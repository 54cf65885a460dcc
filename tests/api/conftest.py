"""One tiny model of each task, exported once a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.api.exporting import ExportResult, export
from edgekit.api.model import Model
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier, tensor_classifier

SIZE = 16


@dataclass(frozen=True)
class Exported:
    """A model and its files.

    Attributes:
        model: the Keras model with its spec.
        result: of the export.
        samples: (n, ...), some inputs.
    """

    model: Model
    result: ExportResult
    samples: NDArray[Any]

    def path(self, precision: str) -> Path:
        """The file of a precision."""
        (found,) = (path for path in self.result.paths if path.name.endswith(f".{precision}.tflite"))
        return found


Export = Callable[[Any, ModelSpec, Sequence[str], NDArray[Any]], Exported]


@pytest.fixture(scope="session")
def keras() -> Any:
    """Keras on TensorFlow."""
    pytest.importorskip("tensorflow", reason="exporting needs the extra 'tensorflow'")
    import keras

    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(scope="session")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """Exports a Keras model with a spec to TFLite."""

    def run(keras_model: Any, spec: ModelSpec, precisions: Sequence[str], samples: NDArray[Any]) -> Exported:
        folder = tmp_path_factory.mktemp(spec.name) / "dist"
        requests = [f"tflite:{precision}" for precision in precisions]
        model = Model(keras_model, spec)
        return Exported(model, export(model, requests, folder, calibration=samples, progress=SILENT), samples)

    return run


def _photos(channels: int) -> NDArray[np.uint8]:
    """Of many brightnesses, so that the answers differ."""
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (24, SIZE, SIZE, channels))
    return (noise * generator.random((24, 1, 1, 1))).astype(np.uint8)


def _network(keras: Any, channels: int, units: int) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, channels)),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(24, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(units, activation="sigmoid", kernel_initializer=keras.initializers.RandomNormal(stddev=2)),
        ]
    )


@pytest.fixture(scope="session")
def binary(keras: Any, exporter: Export) -> Exported:
    """Cat or dog: one output."""
    keras.utils.set_random_seed(0)  # whatever ran before
    labels = (Label("cat", {"en": "Cat", "de": "Katze"}, {"de": "Ein Haustier.", "en": "A pet."}), Label("dog"))
    spec = image_classifier("binary", labels, ImageFormat(SIZE, SIZE), "sigmoid")
    return exporter(_network(keras, 3, 1), spec, ("fp32", "int8"), _photos(3))


@pytest.fixture(scope="session")
def multi_label(keras: Any, exporter: Export) -> Exported:
    """Any of three labels of a greyscale photo."""
    keras.utils.set_random_seed(0)  # whatever ran before
    labels = (Label("beach", {"en": "Beach", "fr": "Plage"}), "sea", "sunset")
    spec = image_classifier("scenes", labels, ImageFormat(SIZE, SIZE, "grayscale"), multi_label=True)
    return exporter(_network(keras, 1, 3), spec, ("int8",), _photos(1))


@pytest.fixture(scope="session")
def video(keras: Any, exporter: Export) -> Exported:
    """A class for four frames: nested Sequential, TimeDistributed, Bidirectional."""
    keras.utils.set_random_seed(0)  # whatever ran before
    layers = keras.layers
    frame = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    )
    model = keras.Sequential(
        [
            keras.Input((4, 8, 8, 3)),
            layers.TimeDistributed(layers.Conv2D(3, 1)),
            layers.TimeDistributed(frame),
            layers.Bidirectional(layers.LSTM(16)),
            keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(3, activation="softmax")]),
        ]
    )
    model.layers[-1].layers[-1].kernel.assign(model.layers[-1].layers[-1].kernel * 20)
    spec = tensor_classifier("video", (None, 4, 8, 8, 3), "float32", ("run", "sit", "walk"))
    samples = np.random.default_rng(0).normal(size=(24, 4, 8, 8, 3)).astype(np.float32)
    return exporter(model, spec, ("fp32", "int8-dynamic", "int8"), samples)


@pytest.fixture(scope="session")
def sensor(keras: Any, exporter: Export) -> Exported:
    """Numbers in, numbers out: no labels."""
    keras.utils.set_random_seed(0)  # whatever ran before
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((6, 4)), layers.Conv1D(32, 3, activation="relu"), layers.TimeDistributed(layers.Dense(2))]
    )
    inputs = (TensorSpec("readings", (None, 6, 4)),)
    spec = ModelSpec("sensor", "tensors", inputs, (TensorSpec("forecast", (None, 4, 2)),))
    samples = np.random.default_rng(0).normal(size=(24, 6, 4)).astype(np.float32)
    return exporter(model, spec, ("fp16", "int8"), samples)
