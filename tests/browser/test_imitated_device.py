"""Devices that are broken or hostile: a client over HTTP in the place of a browser, and people who do not wait."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from edgekit.api.benchmarking import benchmark
from edgekit.errors import ModelFileError, TargetError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.progress import Silent
from edgekit.remote.browser import page as page_module
from edgekit.remote.browser import visits
from edgekit.remote.browser.server import SECRET_HEADER, TOKEN_HEADER
from edgekit.report.latency import BenchmarkReport
from edgekit.targets import get_target
from edgekit.targets.base import Target
from tests.browser.node_models import LABELS, SIZE, find, make_models
from tests.cli.conftest import heed_interrupts

SHORT = LatencyProtocol(warmup_runs=1, warmup_seconds=0, min_runs=6, min_seconds=0, max_seconds=30)
MODEL = "tflite-zoo/tflite-micro/hello_world_float.tflite"

HELLO = {"browser": "Firefox 140", "platform": "Android 16", "cores": 8, "secure_context": False}

ENGINE = {
    "name": "@litertjs/core",
    "version": "LiteRT.js 2.5.3",
    "kernels": "WebAssembly SIMD, XNNPACK, 1 thread",
    "threads": 1,
    "adapter": None,
    "software": False,
}

BENCHMARK = {
    "engine": ENGINE,
    "download_ms": 1.0,
    "load_ms": 2.0,
    "first_call_ms": 3.0,
    "durations": [1.0] * 6,
    "read": {"p50": 0.1},
}

Reply = Callable[[dict[str, Any]], Any]


def measured(**changed: Any) -> dict[str, Any]:
    return {"ok": True, "benchmark": {**BENCHMARK, **changed}, "doubts": []}


def engine(**changed: Any) -> dict[str, Any]:
    return measured(engine={**ENGINE, **changed})


class Device(Silent):
    """Comes as soon as it hears of an address, and answers every job with what it is to answer."""

    def __init__(self, reply: Reply, hello: dict[str, Any]) -> None:
        self.said = ""
        self._reply, self._hello = reply, hello

    def say(self, message: str) -> None:
        self.said += message
        for url in re.findall(r"http://\S+", message):
            threading.Thread(target=self._visit, args=(url,), daemon=True).start()

    def _visit(self, url: str) -> None:
        place = urlsplit(url)
        assert place.hostname
        assert place.port
        self._at = (place.hostname, place.port)
        secret = json.loads(self._send("hello", self._hello, {TOKEN_HEADER: place.fragment}))["secret"]
        with contextlib.suppress(OSError):  # nobody may be there any more
            while (job := json.loads(self._send("next", {}, {SECRET_HEADER: secret}) or "{}")).get("op") != "end":
                if job:
                    self._send(f"reply/{job['id']}", self._reply(job), {SECRET_HEADER: secret})

    def _send(self, action: str, body: Any, headers: dict[str, str]) -> bytes:
        connection = HTTPConnection(*self._at, timeout=30)
        try:
            connection.request("POST", f"/bench/{action}", json.dumps(body), headers)
            return connection.getresponse().read()
        finally:
            connection.close()


@pytest.fixture(autouse=True)
def everything_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No device looks at the page; and this machine may be in no network."""
    monkeypatch.setattr(page_module, "find_page", lambda progress: tmp_path)
    monkeypatch.setattr(page_module, "own_addresses", lambda: ("127.0.0.1",))
    monkeypatch.setattr(visits, "GOODBYE_SECONDS", 0.5)


@pytest.fixture
def model(shared_data: Path) -> Path:
    return shared_data / MODEL


def bench(
    model: Path, reply: Any, hello: dict[str, Any] = HELLO, on: str = "browser:litert-wasm@remote", **more: Any
) -> BenchmarkReport:
    answers = reply if callable(reply) else lambda _: reply
    return benchmark(model, on, protocol=SHORT, progress=Device(answers, hello), **more)


def test_a_sound_result_is_a_row(model: Path) -> None:
    (row,) = bench(model, measured()).results
    assert (row.latency.p50, row.load_ms, row.read_ms, row.device.cores) == (1.0, 2.0, 0.1, 8)
    assert (row.engine.name, row.engine.version, row.engine.threads) == ("LiteRT.js", "2.5.3", 1)


BROKEN = [
    {"ok": True},
    {"ok": True, "benchmark": {}},
    {"ok": True, "benchmark": None, "doubts": []},
    {**measured(), "doubts": None},
    measured(durations=[math.nan] * 6),
    measured(durations=[math.inf] * 6),
    measured(durations=[-1.0] * 6),
    measured(durations=[1e300] * 6),
    measured(durations=[10**400]),
    measured(durations=[900.0] * 6),
    measured(durations=["1"] * 6),
    measured(durations=[]),
    measured(durations=None),
    measured(read=None),
    measured(read={}),
    measured(load_ms=math.nan),
    measured(load_ms=-1),
    measured(first_call_ms=True),
    measured(download_ms=[]),
    measured(engine=[]),
    engine(threads=math.inf),
    engine(threads=0),
    engine(threads=1.5),
    engine(version=7),
    engine(kernels=[]),
]


@pytest.mark.parametrize("reply", BROKEN, ids=lambda reply: json.dumps(reply)[:60])
def test_what_cannot_be_read_is_a_failed_row(model: Path, reply: Any, recwarn: pytest.WarningsRecorder) -> None:
    report = bench(model, reply)
    (failure,) = report.failures
    assert failure.reason.startswith("The browser sent a result that cannot be read: ")
    assert len(report.to_text()) < 1000
    assert not recwarn.list


def test_the_rows_of_others_stay(model: Path) -> None:
    report = bench(model, {"ok": True}, on="local,browser:litert-wasm@remote")
    assert [row.target for row in report.results] == ["local"]
    assert [row.target for row in report.failures] == ["browser:litert-wasm@remote"]
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize("cores", [math.nan, math.inf, -1, 1e300, "8", 0])
def test_a_device_that_says_nonsense_of_itself_fails_its_rows(model: Path, cores: Any) -> None:
    for on in ("browser:litert-wasm@remote", "browser@remote"):
        (failure,) = bench(model, measured(), {**HELLO, "cores": cores}, on).failures
        assert failure.reason.startswith("The browser sent a result that cannot be read: cores is ")


def test_a_clock_that_is_too_coarse_is_a_doubt(model: Path) -> None:
    (row,) = bench(model, measured(durations=[0, 1, 0, 0, 1, 0])).results
    assert not row.valid
    assert any("too coarse" in reason for reason in row.reasons)


EVIL = "x\n\nFAILED other.tflite: hacked\r\x1b[2J\u202e\ud800" + "y" * 3000


def test_a_device_writes_no_lines_of_its_own(model: Path) -> None:
    hello = {**HELLO, "browser": EVIL, "platform": EVIL, "model": EVIL, "architecture": EVIL, "webgl": EVIL}
    told = {**ENGINE, "version": EVIL, "kernels": EVIL, "adapter": EVIL, "name": EVIL}
    for reply in (
        {**measured(engine=told), "doubts": [EVIL] * 30},
        {"ok": False, "error": EVIL},
        measured(durations=[EVIL]),
    ):
        text = bench(model, reply, hello).to_text()
        lines = text.splitlines()
        assert not any(line.startswith("FAILED other") for line in lines)
        assert all(line.isprintable() for line in lines)
        assert max(map(len, lines)) < 8000
        assert max(map(len, lines[:2])) < 200
        text.encode()


@pytest.fixture(scope="module")
def classifier() -> Path:
    return find(make_models(), "fp32.tflite")


def encoded(*values: float) -> str:
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


GOOD = [1.0, 0.0, 0.0, 0.0] * 4


def with_photos(classifier: Path, outputs: Any) -> BenchmarkReport:
    pixels = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), np.uint8)
    data = (pixels, np.arange(4) % len(LABELS))
    answers = {"ok": True, "engine": ENGINE, "outputs": outputs}
    return bench(classifier, lambda job: measured() if job["op"] == "measure" else answers, data=data)


def test_sound_answers_are_compared(classifier: Path) -> None:
    (row,) = with_photos(classifier, encoded(*GOOD)).results
    assert row.accuracy is not None
    assert row.accuracy.accuracy == 0.25


@pytest.mark.parametrize(
    "outputs",
    [
        encoded(*GOOD[:-1]),
        encoded(*GOOD, 0, 0, 0, 0),
        encoded(*[0.2] * 20),
        encoded(math.nan, *GOOD[1:]),
        encoded(math.inf, *GOOD[1:]),
        encoded(1e30, *GOOD[1:]),
        encoded(1.5, *GOOD[1:]),
        encoded(-0.5, *GOOD[1:]),
        encoded(*GOOD)[:-3],
        "",
        None,
        7,
        [],
        "no Base64 ~~",
        "ä",
    ],
)
def test_answers_that_are_none_are_a_failed_row(
    classifier: Path, outputs: Any, recwarn: pytest.WarningsRecorder
) -> None:
    (failure,) = with_photos(classifier, outputs).failures
    assert failure.reason.startswith("The browser sent a result that cannot be read: ")
    assert not [warning for warning in recwarn.list if warning.category is RuntimeWarning]


class Unasked(Silent):
    """Nobody is asked to open anything."""

    def say(self, message: str) -> None:
        assert "http" not in message


def test_what_cannot_be_is_told_before_anything_is_opened(model: Path, tmp_path: Path) -> None:
    for on in ("browser:webgl@remote", "browser:webgl"):
        (failure,) = benchmark(model, on, progress=Unasked()).failures
        assert "The engine webgl does not run hello_world_float.tflite. Those that do: litert-wasm" in failure.reason
    other = tmp_path / "model.onnx"
    other.touch()
    (failure,) = benchmark(other, "browser@remote", progress=Unasked()).failures
    assert failure.reason == "No engine in a browser runs model.onnx. They run .tfjs and .tflite."
    for on in ("browser", "browser@remote", "browser:wasm", "node", "node:litert-wasm", "local,browser@remote"):
        with pytest.raises(UsageError, match="Leave --threads away"):
            benchmark(model, on, threads=2, progress=Unasked())
    target = get_target("browser:wasm@remote", Unasked())
    with pytest.raises(ModelFileError, match="There is no model at"):
        target.measure(tmp_path / "none.tfjs", SHORT)


def test_of_a_folder_what_an_engine_does_not_run_is_left_out(model: Path) -> None:
    folder = make_models()
    device = Device(lambda _: measured(), HELLO)
    report = benchmark(folder, "browser:litert-wasm@remote", protocol=SHORT, progress=device)
    assert {row.artifact for row in report.rows} == {path.name for path in folder.glob("*.tflite")}
    assert report.failures == ()
    left_out = find(folder, "fp32.tfjs")
    assert f"Left out: {left_out.name}, which browser:litert-wasm@remote does not run." in device.said
    named = [find(folder, "fp32.tflite"), left_out]
    both = benchmark(named, "browser:litert-wasm@remote", protocol=SHORT, progress=device)
    assert [row.artifact for row in both.failures] == [left_out.name], "it was named itself"


def test_a_folder_without_anything_to_run_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    document = json.loads((make_models() / "manifest.json").read_text())
    document["artifacts"] = [one for one in document["artifacts"] if one["format"] == "tfjs"]
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(UsageError, match=r"browser:litert-wasm runs nothing but \.tflite, and there is only .*tfjs\."):
        benchmark(folder, "browser:litert-wasm", progress=Unasked())


def measuring(target: Target, model: Path) -> tuple[threading.Thread, list[Exception]]:
    """A thread that measures, and what it fails with once it has ended."""
    found: list[Exception] = []

    def wait() -> None:
        try:
            target.measure(model, SHORT)
        except TargetError as error:
            found.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, found


def test_closing_ends_who_waits_for_a_device(model: Path) -> None:
    heard = threading.Event()

    class Waiting(Silent):
        def say(self, message: str) -> None:
            heard.set()

    target = get_target("browser:litert-wasm@remote", Waiting())
    thread, found = measuring(target, model)
    assert heard.wait(20)
    target.close()
    target.close()
    thread.join(20)
    assert not thread.is_alive()
    with pytest.raises(TargetError, match="has been closed"):
        target.describe()
    assert [str(error) for error in found] == ["The browser has been closed."]


def test_closing_ends_who_waits_for_a_result(model: Path) -> None:
    asked, answer = threading.Event(), threading.Event()

    def never(job: dict[str, Any]) -> Any:
        asked.set()
        answer.wait(60)
        return {}

    target = get_target("browser:litert-wasm@remote", Device(never, HELLO))
    thread, found = measuring(target, model)
    assert asked.wait(20)
    target.close()
    thread.join(20)
    answer.set()
    assert not thread.is_alive()
    assert [str(error) for error in found] == ["The browser has been closed."]


CLI = (
    "import sys, pathlib; from edgekit.remote.browser import page; from edgekit.cli.main import cli; "
    "folder = pathlib.Path(sys.argv.pop(1)); page.find_page = lambda progress: folder; "
    "page.own_addresses = lambda: ('127.0.0.1',); cli()"
)


@pytest.fixture
def waiting(model: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """``edgekit bench`` that has told two addresses, which nobody opens."""
    on = "browser:litert-wasm@remote/one,browser:litert-wasm@remote/two"
    words = [sys.executable, "-c", CLI, str(tmp_path), "bench", str(model), "--on", on]
    process = subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=heed_interrupts,
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_ends_who_waits_for_devices(waiting: subprocess.Popen[str]) -> None:
    assert waiting.stderr is not None
    seen = ""
    while len(ports := re.findall(r"http://127\.0\.0\.1:(\d+)", seen)) < 2:
        seen += (line := waiting.stderr.readline())
        assert line, seen
    waiting.send_signal(signal.SIGINT)
    rest = waiting.communicate(timeout=60)[1]  # far below the ten minutes that a device has
    assert waiting.returncode == 130, seen + rest
    assert "Interrupted." in rest
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            HTTPConnection("127.0.0.1", int(port), timeout=5).connect()
