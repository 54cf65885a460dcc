"""Opening a model, converting it in this process, and comparing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.api.export_inputs import make_reference
from edgekit.api.model import Model
from edgekit.artifact import Check, parse_request
from edgekit.converters.base import artifact_name, get_converter
from edgekit.converters.reference import Reference, compare
from edgekit.program import FrozenProgram
from edgekit.quantization.calibration import Calibration
from edgekit.sourcemodel import SourceModel

FORMATS = ("tflite", "savedmodel", "tfjs", "onnx", "coreml")


class Prover:
    """Freezes a model once for each batch size, and converts it as often as asked for."""

    def __init__(self, source: SourceModel, folder: Path, inputs: dict[str, NDArray[Any]] | None = None) -> None:
        self._source = source
        self._folder = folder
        self._model = Model(None, source.spec, source=source)
        self._programs: dict[int | None, FrozenProgram] = {}
        self.reference = make_reference(self._model, None)
        if inputs is not None:
            self.reference = Reference(inputs, self._model.predictor().answers(inputs), "the test's own")

    def prove(self, text: str, calibration: NDArray[Any] | None = None) -> Check:
        """Converts and compares; raises where the artifact does not agree."""
        format = text.partition(":")[0]
        converter = get_converter(format)
        request = parse_request(text, {format: converter.precisions})
        batch = converter.batch
        if batch not in self._programs:
            self._programs[batch] = self._source.freeze(self._folder / f"program-{batch}", batch)
        sample = None
        if calibration is not None:
            sample = Calibration(calibration, np.zeros(len(calibration), np.int64), "test")
        artifact = converter.convert(
            self._programs[batch],
            self._programs[batch].spec,
            request.precision,
            sample,
            converter.Options(),
            self._folder / artifact_name(self._source.spec.name, request),
        )
        return compare(artifact, self.reference, text)


Prove = Callable[..., Prover]


@pytest.fixture
def prover(tmp_path: Path) -> Prove:
    return lambda source, inputs=None: Prover(source, tmp_path, inputs)


@pytest.fixture(scope="session")
def tf() -> Any:
    return pytest.importorskip("tensorflow")


@pytest.fixture(scope="session")
def keras(tf: Any) -> Any:
    import keras

    return keras


@pytest.fixture(scope="session")
def tf_keras(keras: Any) -> Any:
    return pytest.importorskip("tf_keras")


@pytest.fixture(scope="session")
def mlperf(shared_data: Path) -> Path:
    """The reference models of MLPerf Tiny."""
    return shared_data / "mlperf-tiny"


@pytest.fixture(autouse=True)
def _same_weights_every_time(request: pytest.FixtureRequest) -> None:
    """Whatever ran before: quantization, and where a model is sure, depend on the weights."""
    if "keras" in request.fixturenames:
        request.getfixturevalue("keras").utils.set_random_seed(0)
