"""The whole way without the chip: the real interpreter, a model of the real compiler, a simulated libedgetpu."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.api.benchmarking import benchmark
from edgekit.api.devices import EdgeTpuReport, look_at
from edgekit.errors import UnsupportedModelError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkFailure, BenchmarkResult
from edgekit.runtime import load
from edgekit.runtime.delegate_trial import try_delegate
from edgekit.runtime.engines.delegates import find_delegate
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec
from edgekit.tflite.embed import embed
from tests.cli.conftest import command
from tests.cli.test_json_documents import Checker, assert_documented, read_tables
from tests.edgetpu_device.conftest import Build

QUICK = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=6, min_seconds=0)
MARK = "The Edge TPU is simulated by the library that was loaded"


@pytest.fixture
def checker(repository: Path) -> Checker:
    """Of the documents that docs/json.md describes."""
    return Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))


def expected(array: np.ndarray[Any, Any], size: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """What the simulator's head says that it answers."""
    total = seed + 13 * int(array.view(np.uint8).sum(dtype=np.int64))
    return ((7 * np.arange(size) + total) % 256).astype(np.uint8)


def test_the_model_runs_and_is_marked(use: Build, compiled: Path) -> None:
    use()
    pixels = np.random.default_rng(1).integers(0, 256, (1, 128, 128, 3), np.uint8)
    with load(compiled, delegate="edgetpu") as model:
        info = model.engine.info
        (answer,) = model.engine.run({model.engine.inputs[0].name: pixels}).values()
        assert any("the Edge TPU is simulated" in sentence for sentence in model.assumptions)
    np.testing.assert_array_equal(answer.reshape(-1), expected(pixels, 1001))
    assert info.simulated == "Edge TPU"
    assert info.kernels == "edgetpu simulated (1 of 1 operators)"
    assert "simulated" in str(info)


def test_options_reach_the_library(use: Build, compiled: Path) -> None:
    use()
    pixels = np.zeros((1, 128, 128, 3), np.uint8)
    for given, seed in (
        ({}, 0),
        ({"performance": "low"}, ord("L")),
        ({"device": "usb", "Performance": "High"}, ord("H")),
    ):
        with load(compiled, delegate="edgetpu", delegate_options=given) as model:
            (answer,) = model.engine.run({model.engine.inputs[0].name: pixels}).values()
        np.testing.assert_array_equal(answer.reshape(-1), expected(pixels, 1001, seed))
    with pytest.raises(UsageError, match="Performance is one of Low, Medium, High, Max"):
        load(compiled, delegate="edgetpu", delegate_options={"Performance": "9"})


def test_the_mark_is_not_the_names(build: Build, compiled: Path) -> None:
    """Whoever gives the library's path gets it, too: it is read from what was loaded."""
    with load(compiled, delegate=build()) as model:
        assert model.engine.info.simulated == "Edge TPU"


def test_what_is_not_simulated_is_not_marked(plain: Path) -> None:
    with load(plain) as model:
        assert model.engine.info.simulated is None
        assert "simulated" not in str(model.engine.info)
        assert not any("simulated" in sentence for sentence in model.assumptions)


def test_models_at_the_wrong_place(use: Build, compiled: Path, plain: Path) -> None:
    use()
    with pytest.raises(
        UnsupportedModelError, match=r"not compiled for the Edge TPU.*edgekit export MODEL --to edgetpu"
    ):
        load(plain, delegate="edgetpu")
    with pytest.raises(UnsupportedModelError, match=r"compiled for a Coral Edge TPU and runs only there.*--on edgetpu"):
        load(compiled)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("no device", "No Edge TPU is connected"),
        (
            "crash",
            r"crashes while it opens the Edge TPU \(signal 11, SIGSEGV\)\. .*\(runtime 14\) is most likely built for",
        ),
        ("old", "it was compiled for Edge TPU runtime 14, and libedgetpu here has 12"),
        ("lost", "the Edge TPU was lost while it worked"),
        ("abort", r"ended the process \(signal 6, SIGABRT\): the Edge TPU was lost while it worked"),
    ],
)
def test_wrong_states(use: Build, compiled: Path, state: str, sentence: str) -> None:
    """In this very process, which lives on."""
    use(state)
    with pytest.raises(UnsupportedModelError, match=sentence):
        load(compiled, delegate="edgetpu")


def test_a_library_of_an_older_interpreter(use: Build, compiled: Path) -> None:
    """With the structs of TensorFlow 2.5 it takes the interpreter down, as users of Google's own build report."""
    library = use(registration=1)
    with pytest.raises(UnsupportedModelError) as caught:
        load(compiled, delegate="edgetpu")
    assert f"{library} crashed the interpreter (signal " in str(caught.value)
    assert "most likely built for another version of the interpreter" in str(caught.value)
    (row,) = benchmark(compiled, "edgetpu", protocol=QUICK).rows
    assert isinstance(row, BenchmarkFailure)
    assert "crashed the interpreter (signal " in row.reason


def test_a_library_that_hangs(use: Build) -> None:
    use("hang")
    assert try_delegate(find_delegate("edgetpu"), seconds=0.5).outcome == "timeout"


def test_a_benchmark_beside_the_processor(
    use: Build, compiled: Path, plain: Path, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    use()
    report = benchmark([compiled, plain], "local,edgetpu:usb:0", protocol=QUICK)
    rows = {(row.target, row.artifact): row for row in report.rows}
    assert [type(row) for row in report.rows] == [BenchmarkFailure, BenchmarkResult, BenchmarkResult, BenchmarkFailure]
    result = rows["edgetpu:usb:0", compiled.name]
    assert isinstance(result, BenchmarkResult)
    assert (result.valid, result.engine.simulated) == (False, "Edge TPU")
    assert any(MARK in reason for reason in result.reasons)
    assert (result.accelerator or "").startswith("Edge TPU simulated by ")
    assert result.versions["libedgetpu"] == "BuildLabel(simulator), RuntimeVersion(14)"
    assert result.latency.runs == 6
    assert result.first_call_ms > 0
    other = rows["local", plain.name]
    assert isinstance(other, BenchmarkResult)
    assert (other.engine.simulated, other.accelerator) == (None, None)
    assert not any(MARK in reason for reason in other.reasons)
    text = report.to_text()
    assert "edgetpu:usb:0 simulated *" in text
    assert "edgetpu simulated (1 of 1 operators)" in text
    assert MARK in text
    assert "runs only there" in text
    assert "not compiled for the Edge TPU" in text
    assert_documented(checker, json.loads(json.dumps(report.to_dict())), "bench")
    assert BenchmarkResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_photos_are_compared_with_the_file_it_was_compiled_from(
    use: Build, compiled: Path, plain: Path, shared_data: Path, tmp_path: Path
) -> None:
    use()
    flowers = sorted(path.name for path in (shared_data / "flowers-224" / "val").iterdir())
    labels = tuple(Label(name) for name in (*flowers, *(f"other {n}" for n in range(1001 - len(flowers)))))
    spec = ModelSpec(
        "flowers",
        "image-classification",
        (TensorSpec("input", (None, 128, 128, 3), image=ImageFormat(128, 128)),),
        (TensorSpec("MobilenetV1/Predictions/Reshape_1", (None, 1001)),),
        labels=labels,
        activation="softmax",
    )
    (tmp_path / plain.name).write_bytes(embed(plain.read_bytes(), spec))
    own = tmp_path / compiled.name
    own.write_bytes(embed(compiled.read_bytes(), spec))
    (row,) = benchmark(own, "edgetpu", protocol=QUICK, data=shared_data / "flowers-224", photos=4).rows
    assert isinstance(row, BenchmarkResult), row
    assert row.accuracy is not None
    assert (row.accuracy.photos, row.accuracy.identical) == (4, 0)
    assert "simulated" not in row.accuracy.engine_here
    assert row.engine.simulated
    (tmp_path / plain.name).unlink()
    (row,) = benchmark(own, "edgetpu", protocol=QUICK, data=shared_data / "flowers-224", photos=4).rows
    assert isinstance(row, BenchmarkFailure)
    assert "from which it was compiled, lies beside it" in row.reason


def test_the_doctor_says_what_is_there(use: Build, checker: Checker) -> None:
    use()
    report = look_at("edgetpu")
    assert isinstance(report, EdgeTpuReport)
    assert report.passed
    assert "that library only simulates the Edge TPU" in report.to_text()
    assert_documented(checker, json.loads(json.dumps(report.to_dict())), "edge-tpu-here")
    use("no device")
    ended = subprocess.run(command("doctor", "--on", "edgetpu", "--json"), capture_output=True, text=True, check=False)
    found = json.loads(ended.stdout)
    assert ended.returncode == 1
    assert_documented(checker, found, "edge-tpu-here")
    assert found["edgetpu"]["problem"].startswith("No Edge TPU is connected")
    assert (found["edgetpu"]["installed"], found["edgetpu"]["works"]) == (True, False)


def test_without_any_library(compiled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGEKIT_LIBEDGETPU", str(tmp_path / "libedgetpu.so.1"))
    (row,) = benchmark(compiled, "edgetpu", protocol=QUICK).rows
    assert isinstance(row, BenchmarkFailure)
    assert "which does not exist" in row.reason
    with pytest.raises(UsageError, match=r"EDGEKIT_LIBEDGETPU names .*which does not exist"):
        load(compiled, delegate="edgetpu")
