"""Our TF.js models against those of ``tensorflowjs``: the same answers, no larger, and how fast, in one engine."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converters.base import get_converter
from edgekit.program import freeze
from edgekit.report.table import format_table
from edgekit.runtime.engines.tfjs import TfjsEngine
from edgekit.spec import ModelSpec, TensorSpec
from tests.conformance.environment import convert, install

ROUNDS = 40
WARM_UP = 10
TOLERANCE = {"fp32": 1e-5, "fp16": 2e-2}
"""Of probabilities; halves of weights differ where batch norm was folded into them before they were rounded."""


@dataclass(frozen=True)
class Comparison:
    """One model in one precision. Sizes in bytes, times in ms."""

    name: str
    precision: str
    ours_differ: float
    reference_differs: float
    ours_bytes: int
    reference_bytes: int
    ours_ms: float
    reference_ms: float

    def row(self) -> tuple[str, ...]:
        return (
            self.name,
            self.precision,
            f"{self.ours_differ:.1e}",
            f"{self.reference_differs:.1e}",
            f"{self.ours_bytes:,}",
            f"{self.reference_bytes:,}",
            f"{self.ours_bytes / self.reference_bytes:.3f}",
            f"{self.ours_ms:.2f}",
            f"{self.reference_ms:.2f}",
            f"{self.ours_ms / self.reference_ms:.2f}",
        )


HEADER = (
    *("model", "precision", "ours - Keras", "reference - Keras"),
    *("ours bytes", "reference", "ratio", "ours ms", "reference", "ratio"),
)


@pytest.fixture(scope="module")
def packages(repository: Path) -> Path:
    return install(repository / "requirements" / "tensorflowjs.txt", repository / ".cache")


@pytest.fixture(scope="module")
def table() -> Any:
    rows: list[Comparison] = []
    yield rows
    print("\n\n" + format_table(HEADER, [row.row() for row in rows], right=range(2, len(HEADER))))


def small_cnn(keras: Any) -> Any:
    layers = keras.layers
    pixels = keras.Input((32, 32, 3), name="image")
    values = layers.Rescaling(1 / 255)(pixels)
    for filters in (16, 32):
        values = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(values)
        values = layers.ReLU()(layers.BatchNormalization()(values))
        values = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(values)
        values = layers.ReLU(6)(layers.BatchNormalization()(values))
    return keras.Model(pixels, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(values)))


def mobilenet_v2(keras: Any) -> Any:
    return keras.applications.MobileNetV2((224, 224, 3), weights=None, classes=100)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("build", [small_cnn, mobilenet_v2])
def test_ours_against_the_reference(
    build: Callable[[Any], Any], precision: str, packages: Path, table: list[Comparison], tmp_path: Path
) -> None:
    import keras

    keras.utils.set_random_seed(0)
    model = _with_statistics(build(keras))
    shape = tuple(model.input_shape[1:])
    spec = ModelSpec(
        name=build.__name__,
        task="tensors",
        inputs=(TensorSpec("image", (None, *shape)),),
        outputs=(TensorSpec("probabilities", tuple(model.output_shape)),),
    )
    program = freeze(model, spec, tmp_path / "program", None)
    tfjs = get_converter("tfjs")
    tfjs.convert(program, spec, precision, None, tfjs.Options(), tmp_path / "ours.tfjs")
    model.export(tmp_path / "saved_model", verbose=False)
    convert(packages, tmp_path / "saved_model", tmp_path / "reference.tfjs", precision)

    pixels = np.random.default_rng(0).integers(0, 256, (8, *shape)).astype(np.float32)
    expected = model.predict(pixels, verbose=0)
    ours, reference = TfjsEngine(tmp_path / "ours.tfjs"), TfjsEngine(tmp_path / "reference.tfjs")
    row = Comparison(
        build.__name__,
        precision,
        *(float(np.abs(_answer(engine, pixels) - expected).max()) for engine in (ours, reference)),
        *(sum(file.stat().st_size for file in engine.folder.iterdir()) for engine in (ours, reference)),
        *_measure(ours, reference, pixels[:1]),
    )
    ours.close()
    reference.close()
    table.append(row)
    assert row.ours_differ <= max(TOLERANCE[precision], row.reference_differs)
    assert row.ours_bytes <= row.reference_bytes


def _with_statistics(model: Any) -> Any:
    """Fills batch norms with what training would leave, so that each of them changes its numbers."""
    random = np.random.default_rng(0)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            gamma, beta, mean, variance = layer.get_weights()
            layer.set_weights(
                [
                    random.uniform(0.7, 1.3, gamma.shape),
                    random.normal(0, 0.1, beta.shape),
                    random.normal(0, 0.3, mean.shape),
                    random.uniform(0.5, 1.5, variance.shape),
                ]
            )
    return model


def _answer(engine: TfjsEngine, rows: NDArray[Any]) -> NDArray[Any]:
    return next(iter(engine.run({engine.inputs[0].name: rows}).values()))


def _measure(ours: TfjsEngine, reference: TfjsEngine, row: NDArray[Any]) -> tuple[float, float]:
    """Medians of the time in Node, of runs that take turns: whatever else the machine does, it does to both."""
    times: tuple[list[float], list[float]] = ([], [])
    for place in range(WARM_UP + ROUNDS):
        for engine, spent in zip((ours, reference), times, strict=True):
            _answer(engine, row)
            if place >= WARM_UP:
                spent.append(engine.invoke_ms or 0.0)
    return statistics.median(times[0]), statistics.median(times[1])
