"""Models measured in Node: real processes, real engines."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.api.benchmarking import benchmark
from edgekit.errors import MissingExtraError, ModelFileError, TargetError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.processes import family
from edgekit.progress import SILENT
from edgekit.runtime import load
from edgekit.runtime.engines import node_process
from edgekit.targets import get_target, in_node
from tests.browser.node_models import SIZE, built_for_node, find, make_models

SHORT = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=12, min_seconds=0, max_seconds=30)
LONG = LatencyProtocol(min_runs=10**9, min_seconds=60, max_seconds=60)


@pytest.fixture(scope="module")
def models(node: Path) -> Path:
    built_for_node()
    return make_models()


@pytest.fixture
def opened() -> Iterator[Any]:
    """``opened("node:wasm")``: a target that is closed at the end."""
    targets: list[Any] = []

    def open_target(text: str) -> Any:
        targets.append(get_target(text, SILENT))
        return targets[-1]

    yield open_target
    for target in targets:
        target.close()


def photos(count: int) -> NDArray[np.uint8]:
    shade = np.random.default_rng(3).integers(1, 256, (count, 1, 1, 3))
    return (np.random.default_rng(4).random((count, *SIZE, 3)) * shade).astype(np.uint8)


def test_every_engine_has_a_row(models: Path) -> None:
    files = [find(models, "fp32.tfjs"), find(models, "int8.tflite")]
    report = benchmark(files, "node", protocol=SHORT)
    assert report.failures == ()
    rows = {(row.artifact, row.target) for row in report.results}
    assert rows == {
        (files[0].name, "node:wasm"),
        (files[0].name, "node:cpu"),
        (files[1].name, "node:litert-wasm"),
    }
    for row in report.results:
        assert row.latency.runs >= 12
        assert min(row.load_ms, row.first_call_ms, row.latency.p50, row.latency.p99) > 0
        assert row.download_ms is None, "nothing is fetched over a network"
        assert re.fullmatch(r"Node \d+\.\d+\.\d+", row.device.runtime)
        assert row.engine.threads == 1
        assert row.engine.kernels.startswith("JavaScript" if row.target == "node:cpu" else "WebAssembly")
        assert row.versions[row.engine.name] == row.engine.version
        assert row.processes == 1
        if sys.platform == "linux":
            assert row.peak_memory_bytes is not None
            assert row.base_memory_bytes is not None
            assert 20e6 < row.base_memory_bytes < row.peak_memory_bytes < 1e9


@pytest.mark.parametrize(
    ("engine", "ending", "tolerance"),
    [
        ("wasm", "fp32.tfjs", 1e-4),
        ("cpu", "fp32.tfjs", 1e-4),
        ("litert-wasm", "fp32.tflite", 1e-4),
        ("litert-wasm", "int8.tflite", 1.01 / 256),
    ],
)
def test_its_answers_are_those_of_this_machine(
    models: Path, opened: Any, engine: str, ending: str, tolerance: float
) -> None:
    path, pixels = find(models, ending), photos(12)
    answers = opened(f"node:{engine}").answer(path, pixels)
    with load(path) as predictor:
        expected = predictor.predict(pixels)
    assert len(set(expected.argmax(axis=1))) > 1, "one class for all proves nothing"
    np.testing.assert_allclose(answers.probabilities, expected, atol=tolerance)
    assert (answers.probabilities.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_without_an_engine_the_first_answers(models: Path, opened: Any) -> None:
    answers = opened("node").answer(find(models, "fp32.tfjs"), photos(2))
    assert answers.engine.kernels.startswith("WebAssembly")


def test_what_an_engine_does_not_run_is_told(models: Path, opened: Any, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"The engine wasm does not run .*\.tflite\. Those that do: litert-wasm\."):
        opened("node:wasm").measure(find(models, "fp32.tflite"), SHORT)
    with pytest.raises(UsageError, match="Leave --threads away"):
        opened("node:wasm").measure(find(models, "fp32.tfjs"), SHORT, 2)
    with pytest.raises(ModelFileError, match="There is no model at"):
        opened("node:wasm").measure(tmp_path / "none.tfjs", SHORT)
    with pytest.raises(TargetError, match=r"No engine in Node runs model\.onnx"):
        opened("node").measure(tmp_path / "model.onnx", SHORT)
    with pytest.raises(UsageError, match="Known: wasm, cpu, litert-wasm"):
        get_target("node:webgl", SILENT)
    with pytest.raises(UsageError, match="takes no address"):
        get_target("node@kitchen", SILENT)


def test_a_broken_model_is_a_sentence_and_a_failed_row(models: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(find(models, "fp32.tflite").read_bytes()[:3000])
    with pytest.raises(TargetError, match=r"^broken\.tflite does not run in Node: .+\.$"):
        get_target("node", SILENT).measure(broken, SHORT)
    report = benchmark([broken, find(models, "fp32.tflite")], "node", protocol=SHORT)
    assert [row.artifact for row in report.failures] == ["broken.tflite"]
    assert len(report.results) == 1


def test_without_node_or_its_library_that_is_named(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(in_node, "find_built", lambda part: None)
        report = benchmark(find(models, "fp32.tfjs"), "node", protocol=SHORT)
        assert [row.target for row in report.failures] == ["node"], "one row says it"
        assert "The library for Node is not here." in report.failures[0].reason
    monkeypatch.setattr(node_process, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="Measuring in Node needs the extra 'tfjs'"):
        get_target("node:wasm", SILENT).measure(find(models, "fp32.tfjs"), SHORT)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a_process_that_is_killed_is_a_sentence(models: Path, opened: Any) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(opened("node:wasm").measure, find(models, "fp32.tfjs"), LONG)
        os.kill(wait_for_node(), signal.SIGKILL)
        with pytest.raises(TargetError, match=r"fp32\.tfjs: Node ended while it worked \(.*SIGKILL.*\)"):
            asked.result(40)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_closing_ends_what_runs(models: Path, opened: Any) -> None:
    target = opened("node:wasm")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(target.measure, find(models, "fp32.tfjs"), LONG)
        wait_for_node()
        target.close()
        target.close()
        with pytest.raises(TargetError):
            asked.result(40)
    assert not nodes()
    with pytest.raises(TargetError, match="closed"):
        target.describe()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_what_takes_too_long_is_ended(models: Path, opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_node, "seconds_for", lambda protocol: 1.0)
    with pytest.raises(TargetError, match="it took longer than 1 s"):
        opened("node:wasm").measure(find(models, "fp32.tfjs"), LONG)
    assert not nodes()


def nodes() -> list[int]:
    """Processes of this test that measure in Node."""
    return [process for process in family() if b"bench.cjs" in command_of(process)]


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_for_node() -> int:
    end = time.monotonic() + 30
    while not nodes():
        assert time.monotonic() < end
        threading.Event().wait(0.02)
    return nodes()[0]
