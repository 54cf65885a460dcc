"""The tables of a benchmark fit a terminal and say what holds for all rows once."""

from __future__ import annotations

import dataclasses

from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol, summarize
from edgekit.measure.result import BenchmarkFailure, BenchmarkResult
from edgekit.measure.validity import Conditions
from edgekit.report.latency import BenchmarkReport
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


def text_of(*rows: BenchmarkResult | BenchmarkFailure) -> str:
    return BenchmarkReport(rows).to_text()


def test_it_fits_90_columns() -> None:
    text = text_of(*(result(f"flowers.{kind}.tflite") for kind in ("fp32", "int8", "int8-dynamic")))
    assert max(map(text_width, text.splitlines())) <= 90
    for figure in ("123 ms", "12.3 ms", "2.20 MB", "74.0 MB", "XNNPACK, 1 thread\n", "Raspberry Pi 5"):
        assert figure in text


def test_a_reason_that_several_share_is_told_once_and_others_in_one_line() -> None:
    text = text_of(result("a.tflite", "Busy."), result("b.tflite", "Busy.", "Hot.", "Slow."), result("c.tflite"))
    assert "* a.tflite, b.tflite: Busy.\n* b.tflite: Hot. Slow.\n" in text
    assert "* both: Busy.\n" in text_of(result("a.tflite", "Busy."), result("b.tflite", "Busy."))


def test_targets_are_told_apart() -> None:
    text = text_of(result("a.tflite"), dataclasses.replace(result("a.tflite", "Hot."), target="pi"))
    assert "* a.tflite on pi: Hot." in text


def test_what_failed_keeps_its_row() -> None:
    report = BenchmarkReport(
        (result("a.tflite"), BenchmarkFailure("b.onnx", "local", "It is damaged."), result("c.h5"))
    )
    lines = report.to_text().splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["a.tflite", "b.onnx", "c.h5"]
    assert lines[3].split() == ["b.onnx", "local", "FAILED", "–", "–", "–", "–"]
    assert "FAILED b.onnx: It is damaged." in lines
    assert [row.artifact for row in report.results] == ["a.tflite", "c.h5"]
    assert report.to_dict()["failures"] == [{"artifact": "b.onnx", "target": "local", "reason": "It is damaged."}]


def test_nothing_but_failures_is_a_table_and_the_reasons() -> None:
    text = text_of(*(BenchmarkFailure(f"{name}.onnx", "pi@host", "No route to host.") for name in "ab"))
    assert text.count("FAILED") == 4
    assert text.splitlines()[-1] == "FAILED b.onnx: No route to host."


def test_threads_in_words() -> None:
    assert "XNNPACK, 4 threads" in text_of(result("a.tflite", threads=4))
    assert "XNNPACK, the engine's own threads" in text_of(result("a.tflite", threads=None))
    says = EngineInfo("tfjs", "4", "WebAssembly, 1 thread, Node 24", 1)
    text = text_of(dataclasses.replace(result("a.tfjs"), engine=says))
    assert "WebAssembly, 1 thread, Node 24\n" in text  # and not twice


def test_memory_of_several_processes_is_called_so() -> None:
    assert "  74.0 MB in 2 processes  " in text_of(dataclasses.replace(result("a.tfjs"), processes=2))
