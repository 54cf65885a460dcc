"""Our TF.js models against those of ``tensorflowjs``: the same answers, no larger, and how fast, in one engine.

The reference converter knows no Keras 3, so it gets the same model with the same weights from Keras 2.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converters.base import get_converter
from edgekit.errors import UnsupportedModelError
from edgekit.program import FrozenProgram, freeze
from edgekit.report.table import format_table
from edgekit.runtime.engines.tfjs import TfjsEngine
from edgekit.spec import ModelSpec, TensorSpec
from tests.conformance.environment import convert, install
from tests.conformance.models import MODELS, Build, with_weights

WARM_UP = 20
FEWEST_ROUNDS, MOST_ROUNDS = 60, 600
MEASURED_MS = 2000.0
"""Of each model: small ones run more often, since a millisecond is soon disturbed."""

TOLERANCE = {"fp32": 1e-5, "fp16": 2e-2}
"""Of probabilities; halves of weights differ where batch norm was folded into them before they were rounded."""


@dataclass(frozen=True)
class Case:
    """One model: as our converter takes it, as the reference takes it, and what Keras answers.

    Attributes:
        program: for our converter.
        saved_model: for the reference.
        rows: inputs.
        answers: of Keras 3.
    """

    name: str
    program: FrozenProgram
    saved_model: Path
    rows: NDArray[np.float32]
    answers: NDArray[np.float32]


@dataclass(frozen=True)
class Side:
    """One converter's model. ``differs`` and ``ms`` are ``None`` where TF.js cannot run it."""

    size: int
    differs: float | None
    ms: float | None = None


@dataclass(frozen=True)
class Comparison:
    """One model in one precision. Sizes in bytes, processor time in ms."""

    name: str
    precision: str
    ours: Side
    reference: Side

    def row(self) -> tuple[str, ...]:
        differences = (_text(side.differs, ".1e", "does not run") for side in (self.ours, self.reference))
        times = (_text(side.ms, ".2f") for side in (self.ours, self.reference))
        ratio = self.ours.ms / self.reference.ms if self.ours.ms and self.reference.ms else None
        return (
            *(self.name, self.precision, *differences),
            *(f"{self.ours.size:,}", f"{self.reference.size:,}", f"{self.ours.size / self.reference.size:.3f}"),
            *(*times, _text(ratio, ".2f")),
        )


HEADER = (
    *("model", "precision", "ours - Keras", "reference - Keras"),
    *("ours bytes", "reference", "ratio", "ours ms", "reference", "ratio"),
)


def _text(value: float | None, form: str, without: str = "") -> str:
    return without if value is None else format(value, form)


@pytest.fixture(scope="module")
def packages(repository: Path) -> Path:
    return install(repository / "requirements" / "tensorflowjs.txt", repository / ".cache")


@pytest.fixture(scope="module")
def table() -> Iterator[list[Comparison]]:
    rows: list[Comparison] = []
    yield rows
    print("\n\n" + format_table(HEADER, [row.row() for row in rows], right=range(2, len(HEADER))))


@pytest.fixture(scope="module", params=MODELS, ids=lambda build: build.__name__)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    import keras
    import tf_keras

    build: Build = request.param
    folder = tmp_path_factory.mktemp(build.__name__)
    keras.utils.set_random_seed(0)
    model = with_weights(build(keras))
    shape = tuple(model.input_shape[1:])
    spec = ModelSpec(
        name=build.__name__,
        task="tensors",
        inputs=(TensorSpec("image", (None, *shape)),),
        outputs=(TensorSpec("probabilities", tuple(model.output_shape)),),
    )
    twin = build(tf_keras)
    twin.set_weights(model.get_weights())
    twin.export(str(folder / "saved_model"))
    random = np.random.default_rng(0)
    rows = random.integers(0, 256, (8, *shape)) if len(shape) == 3 else random.normal(size=(8, *shape))
    rows = rows.astype(np.float32)
    answers = model.predict(rows, verbose=0)
    np.testing.assert_allclose(twin.predict(rows, verbose=0), answers, atol=TOLERANCE["fp32"])
    return Case(build.__name__, freeze(model, spec, folder / "program", None), folder / "saved_model", rows, answers)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_ours_against_the_reference(
    case: Case, precision: str, packages: Path, table: list[Comparison], tmp_path: Path
) -> None:
    tfjs = get_converter("tfjs")
    tfjs.convert(case.program, case.program.spec, precision, None, tfjs.Options(), tmp_path / "ours.tfjs")
    convert(packages, case.saved_model, tmp_path / "reference.tfjs", precision)
    row = _compare(case, precision, tmp_path / "ours.tfjs", tmp_path / "reference.tfjs")
    table.append(row)
    assert row.ours.differs is not None
    assert row.ours.differs <= max(TOLERANCE[precision], row.reference.differs or 0.0)
    assert row.ours.size <= row.reference.size


def _compare(case: Case, precision: str, ours: Path, reference: Path) -> Comparison:
    engines = (TfjsEngine(ours), TfjsEngine(reference))
    differences = (_difference(engines[0], case), _difference_if_it_runs(engines[1], case))
    runs = [engine for engine, differs in zip(engines, differences, strict=True) if differs is not None]
    times = [*_measure(runs, case.rows[:1]), None]
    sizes = (sum(file.stat().st_size for file in engine.folder.iterdir()) for engine in engines)
    for engine in engines:
        engine.close()
    sides = [Side(*values) for values in zip(sizes, differences, times[:2], strict=True)]
    return Comparison(case.name, precision, *sides)


def _difference(engine: TfjsEngine, case: Case) -> float:
    return float(np.abs(_answer(engine, case.rows) - case.answers).max())


def _difference_if_it_runs(engine: TfjsEngine, case: Case) -> float | None:
    """With today's TensorFlow the reference makes fused operations of a bias that is none, which TF.js refuses."""
    try:
        return _difference(engine, case)
    except UnsupportedModelError as error:
        print(f"\nreference, {case.name}: {error}")
        return None


def _answer(engine: TfjsEngine, rows: NDArray[Any]) -> NDArray[Any]:
    return next(iter(engine.run({engine.inputs[0].name: rows}).values()))


def _measure(engines: list[TfjsEngine], row: NDArray[Any]) -> list[float]:
    """Medians of runs that take turns: whatever else the machine does, it does to all."""
    spent: list[list[float]] = [[] for _ in engines]
    for place in range(WARM_UP + MOST_ROUNDS):
        order = range(len(engines)) if place % 2 else reversed(range(len(engines)))
        for index in order:
            before = _processor_ms(engines[index])
            _answer(engines[index], row)
            if place >= WARM_UP:
                spent[index].append(_processor_ms(engines[index]) - before)
        if place >= WARM_UP + FEWEST_ROUNDS and min(map(sum, spent)) > MEASURED_MS:
            break
    return [statistics.median(times) for times in spent]


def _processor_ms(engine: TfjsEngine) -> float:
    """What Node's main thread, where TF.js computes, has had of the processor so far; it knows no waiting.

    Field 1 of ``schedstat`` (Linux, ``Documentation/scheduler/sched-stats.rst``), in nanoseconds.
    """
    number = engine.process_id
    return int(Path(f"/proc/{number}/task/{number}/schedstat").read_text().split()[0]) / 1e6
