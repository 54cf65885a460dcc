"""The tables of a benchmark fit a terminal and say what holds for all rows once."""

from __future__ import annotations

import dataclasses

from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol, summarize
from edgekit.measure.result import BenchmarkResult
from edgekit.measure.validity import Conditions
from edgekit.report.latency import latency_text
from edgekit.report.table import text_width
from edgekit.runtime.engines.base import EngineInfo

DEVICE = Device(
    name="pi", model="Raspberry Pi 5", os="Linux 6.6", architecture="aarch64", cores=4, memory_bytes=8 * 10**9,
    runtime="Python 3.11.2", emulated=False, emulation=None, virtual=False,
)  # fmt: skip


def result(name: str, *reasons: str, threads: int | None = 1, target: str = "local") -> BenchmarkResult:
    return BenchmarkResult(
        artifact=name,
        digest="ab" * 32,
        size_bytes=2_200_000,
        target=target,
        device=DEVICE,
        engine=EngineInfo("ai-edge-litert", "2.3.0", "XNNPACK", threads),
        protocol=LatencyProtocol(),
        load_ms=12.3,
        first_call_ms=123.4,
        latency=summarize([123_000_000] * 9),
        peak_memory_bytes=74_000_000,
        base_memory_bytes=None,
        conditions=Conditions(),
        valid=not reasons,
        reasons=reasons,
    )


def test_it_fits_90_columns() -> None:
    text = latency_text([result(f"flowers.{kind}.tflite") for kind in ("fp32", "int8", "int8-dynamic")])
    assert max(map(text_width, text.splitlines())) <= 90
    for figure in ("123 ms", "12.3 ms", "2.20 MB", "74.0 MB", "XNNPACK, 1 thread\n", "Raspberry Pi 5"):
        assert figure in text


def test_a_reason_that_all_share_is_told_once() -> None:
    text = latency_text([result("a.tflite", "Busy."), result("b.tflite", "Busy.", "Hot.")])
    assert "* both: Busy.\n* b.tflite: Hot." in text


def test_targets_are_told_apart() -> None:
    text = latency_text([result("a.tflite"), dataclasses.replace(result("a.tflite", "Hot."), target="pi")])
    assert "* a.tflite on pi: Hot." in text


def test_threads_in_words() -> None:
    assert "XNNPACK, 4 threads" in latency_text([result("a.tflite", threads=4)])
    assert "XNNPACK, the engine's own threads" in latency_text([result("a.tflite", threads=None)])
