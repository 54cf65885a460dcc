"""Models in an installed Chromium, started here or opening the address from elsewhere: real pages, real engines."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.api.benchmarking import benchmark
from edgekit.errors import EdgeKitError, TargetError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.processes import family
from edgekit.progress import SILENT, Silent
from edgekit.remote.browser import page as page_module
from edgekit.remote.browser.engines import NAMES, lacking
from edgekit.remote.browser.installed import COMMANDS, VARIABLE, find_browser
from edgekit.runtime import load
from edgekit.targets import get_target
from edgekit.web.page import find_page
from tests.conftest import missing

SHORT = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=12, min_seconds=0, max_seconds=30)
LABELS = ("circle", "square", "triangle")


@pytest.fixture(scope="module")
def program() -> Path:
    """An installed browser, with the page that it is to show."""
    pytest.importorskip("playwright", reason="needs the extra 'browser'")
    try:
        find_page(SILENT)
        return find_browser()
    except EdgeKitError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One small network with random weights as .tflite and as TF.js model."""
    pytest.importorskip("tensorflow", reason="needs the extra 'tensorflow'")
    import keras

    keras.utils.set_random_seed(5)
    pixels = keras.Input((16, 24, 3))
    x = keras.layers.Conv2D(8, 3, 2, activation="relu")(keras.layers.Rescaling(1 / 127.5, -1)(pixels))
    x = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    wide = keras.initializers.RandomNormal(stddev=8)
    model = keras.Model(pixels, keras.layers.Dense(3, "softmax", kernel_initializer=wide)(x))
    folder = tmp_path_factory.mktemp("dist")
    edgekit.export(
        model, "tflite:fp32,tflite:int8,tfjs:fp32", folder, labels=LABELS, calibration=photos(8), progress=SILENT
    )
    return folder


def photos(count: int) -> Any:
    shade = np.random.default_rng(1).integers(1, 256, (count, 1, 1, 3))
    return (np.random.default_rng(2).random((count, 16, 24, 3)) * shade).astype(np.uint8)


def one(dist: Path, ending: str) -> Path:
    (found,) = dist.glob(f"*{ending}")
    return found


@pytest.fixture
def opened() -> Iterator[list[Any]]:
    """Targets that are closed at the end."""
    targets: list[Any] = []
    yield targets
    for target in targets:
        target.close()


def test_every_engine_that_works_has_a_row(program: Path, dist: Path) -> None:
    files = [one(dist, ".fp32.tfjs"), one(dist, ".fp32.tflite")]
    report = benchmark(files, "browser", protocol=SHORT)
    assert report.failures == ()
    rows = {(row.artifact, row.target) for row in report.results}
    assert {(files[0].name, f"browser:{name}") for name in ("wasm", "webgl", "cpu")} <= rows
    assert (files[1].name, "browser:litert-wasm") in rows
    for row in report.results:
        assert row.latency.runs >= 12
        assert min(row.load_ms, row.first_call_ms, row.latency.p50) > 0
        assert row.download_ms is not None
        assert row.read_ms is not None
        assert re.search(r"\d+\.\d+.*\(secure context, isolated\)", row.device.runtime)
        gpu = row.target.endswith(("webgl", "webgpu"))
        assert (row.accelerator is not None) == gpu
        if gpu and re.search("swiftshader|llvmpipe", row.accelerator or "", re.IGNORECASE):
            assert not row.valid
            assert "software rendering" in row.engine.kernels
            assert any("A processor imitates the graphics adapter" in reason for reason in row.reasons)
        if sys.platform == "linux":
            assert row.peak_memory_bytes is not None
            assert row.base_memory_bytes is not None
            assert 20e6 < row.base_memory_bytes <= row.peak_memory_bytes < 2e9


@pytest.mark.parametrize("engine", ["wasm", "cpu", "litert-wasm"])
def test_its_answers_are_those_of_this_machine(program: Path, dist: Path, engine: str, opened: list[Any]) -> None:
    path = one(dist, ".fp32.tflite" if engine.startswith("litert") else ".fp32.tfjs")
    target = get_target(f"browser:{engine}", SILENT)
    opened.append(target)
    pixels = photos(20)
    answers = target.answer(path, pixels)
    with load(path) as predictor:
        expected = predictor.predict(pixels)
    assert len(set(expected.argmax(axis=1))) > 1, "one class for all proves nothing"
    np.testing.assert_allclose(answers.probabilities, expected, atol=1e-4)
    assert answers.engine.name in ("TensorFlow.js", "LiteRT.js", "@tensorflow/tfjs-core", "@litertjs/core")


def test_quantized_answers_are_real_values(program: Path, dist: Path, opened: list[Any]) -> None:
    target = get_target("browser:litert-wasm", SILENT)
    opened.append(target)
    path, pixels = one(dist, ".int8.tflite"), photos(20)
    answers = target.answer(path, pixels).probabilities
    with load(path) as predictor:
        expected = predictor.predict(pixels)
    assert np.abs(answers - expected).max() <= 4 / 256
    assert answers.max() <= 1


def test_an_engine_for_another_format_is_told(program: Path, dist: Path, opened: list[Any]) -> None:
    target = get_target("browser:wasm", SILENT)
    opened.append(target)
    with pytest.raises(TargetError, match=r"The engine wasm does not run .*\.tflite\. Those that do: litert-wasm"):
        target.measure(one(dist, ".fp32.tflite"), SHORT)
    with pytest.raises(UsageError, match="Leave --threads away"):
        target.measure(one(dist, ".fp32.tfjs"), SHORT, 2)


def test_a_broken_model_is_a_sentence(program: Path, dist: Path, tmp_path: Path, opened: list[Any]) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(one(dist, ".fp32.tflite").read_bytes()[:3000])
    target = get_target("browser:litert-wasm", SILENT)
    opened.append(target)
    with pytest.raises(TargetError, match=r"broken\.tflite does not run in this browser: .+\.$"):
        target.measure(broken, SHORT)
    assert target.measure(one(dist, ".fp32.tflite"), SHORT).durations, "the next one runs in the same page"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a_lost_graphics_processor_ends_the_run(program: Path, dist: Path, opened: list[Any]) -> None:
    """TensorFlow.js itself would wait for it for ever."""
    target = get_target("browser:webgl", SILENT)
    opened.append(target)
    target.measure(one(dist, ".fp32.tfjs"), SHORT)
    long = LatencyProtocol(min_runs=10**6, min_seconds=60, max_seconds=60)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(target.measure, one(dist, ".fp32.tfjs"), long)
        time.sleep(3)
        killed = [process for process in family() if b"--type=gpu-process" in command_of(process)]
        assert killed
        for process in killed:
            os.kill(process, signal.SIGKILL)
        with pytest.raises(TargetError, match="lost the graphics processor"):
            asked.result(40)


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


class Listening(Silent):
    """Hears the address that a person would type."""

    def __init__(self) -> None:
        self.said = ""
        self.heard = threading.Event()

    def say(self, message: str) -> None:
        self.said += message
        if "#" in message:
            self.heard.set()

    @property
    def url(self) -> str:
        assert self.heard.wait(60), "no address was told"
        (found,) = re.findall(r"https?://\S+", self.said)
        return str(found)


class OtherBrowser:
    """A process of its own that knows nothing but an address."""

    def __init__(self, program: Path, url: str, profile: Path) -> None:
        words = [program, "--headless", "--no-sandbox", "--no-first-run", "--disable-background-networking"]
        words += ["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"]
        words += ["--ignore-certificate-errors", f"--user-data-dir={profile}", url]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self, how: int = signal.SIGTERM) -> None:
        self._process.send_signal(how)
        self._process.wait(30)


@pytest.fixture
def visitors() -> Iterator[list[OtherBrowser]]:
    browsers: list[OtherBrowser] = []
    yield browsers
    for browser in browsers:
        browser.close(signal.SIGKILL)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any network still has itself."""
    if not page_module.own_addresses():
        monkeypatch.setattr(page_module, "own_addresses", lambda: ("127.0.0.1",))


def test_another_browser_measures_and_says_what_it_is(
    program: Path, dist: Path, tmp_path: Path, visitors: list[OtherBrowser], network: None
) -> None:
    progress, path = Listening(), one(dist, ".fp32.tfjs")
    target = get_target("browser:wasm@remote/phone", progress)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(target.measure, path, SHORT)
        visitors.append(OtherBrowser(program, progress.url, tmp_path / "profile"))
        measured = asked.result(120)
        assert "on phone" in progress.said
        assert len(measured.durations) >= 12
        assert re.search(r"\((in)?secure context", measured.device.runtime)
        assert measured.device.memory_bytes is None
        visitors.append(OtherBrowser(program, progress.url, tmp_path / "second"))
        assert target.measure(path, SHORT).durations, "a second browser with the same address disturbs nobody"
    target.close()


def test_a_browser_that_goes_away_ends_it(
    program: Path, dist: Path, tmp_path: Path, visitors: list[OtherBrowser], network: None, monkeypatch: Any
) -> None:
    monkeypatch.setattr("edgekit.remote.browser.visits.SILENCE_SECONDS", 8.0)
    progress = Listening()
    target = get_target("browser:wasm@remote", progress)
    long = LatencyProtocol(min_runs=10**6, min_seconds=60, max_seconds=60)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(target.measure, one(dist, ".fp32.tfjs"), long)
        visitors.append(OtherBrowser(program, progress.url, tmp_path / "profile"))
        target.describe()
        visitors.pop().close(signal.SIGKILL)
        with pytest.raises(TargetError, match=r"fell silent|closed the page"):
            asked.result(60)
    target.close()


def test_nobody_opens_the_address(program: Path, network: None) -> None:
    progress = Listening()
    with pytest.raises(TargetError, match="No browser opened the page within 1 s"):
        page_module.open_remote(progress, "the device", seconds=1).device()
    assert progress.url.startswith("http://")


@pytest.mark.parametrize("text", ["browser@phone", "browser@remotely", "browser:netscape", "browser:wasm@"])
def test_what_no_browser_is_called(text: str) -> None:
    with pytest.raises(UsageError):
        get_target(text, SILENT)


def test_what_a_browser_lacks() -> None:
    poor = {"webgl": None, "webgpu": None, "secure_context": False}
    assert [name for name in NAMES if lacking(name, poor) is None] == ["wasm", "cpu", "litert-wasm"]
    assert "secure context" in str(lacking("webgpu", poor))
    assert lacking("webgpu", {**poor, "secure_context": True}) == "it has no WebGPU adapter"
    rich = {"webgl": "ANGLE", "webgpu": "apple", "secure_context": True}
    assert all(lacking(name, rich) is None for name in NAMES)


def test_a_program_that_is_no_browser_is_told(
    program: Path, dist: Path, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, shutil.which("true") or "")
    opened.append(target := get_target("browser:wasm", SILENT))
    with pytest.raises(TargetError, match=rf"/true does not start as a browser \(.+\)\. {VARIABLE} must name"):
        target.measure(one(dist, ".fp32.tfjs"), SHORT)


def test_how_a_browser_is_found(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="apt install chromium"):
        find_browser({"PATH": str(tmp_path)}, "linux")
    with pytest.raises(TargetError, match=f"{VARIABLE} names 'nothing'"):
        find_browser({"PATH": str(tmp_path), VARIABLE: "nothing"}, "linux")
    for name in reversed(COMMANDS):
        shutil.copy("/bin/true", tmp_path / name)
        assert find_browser({"PATH": str(tmp_path)}, "linux").name == name
    chrome = tmp_path / "Google/Chrome/Application/chrome.exe"
    chrome.parent.mkdir(parents=True)
    chrome.touch()
    assert find_browser({"PATH": "", "ProgramFiles": str(tmp_path)}, "win32") == chrome
