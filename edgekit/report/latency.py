"""The tables of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.measure.result import BenchmarkResult
from edgekit.report.table import format_ms, format_size, format_table, name_group
from edgekit.runtime.engines.base import EngineInfo


def latency_text(results: Sequence[BenchmarkResult]) -> str:
    """The times, why a row should not be trusted, how each ran, and the devices."""
    blocks = [_times(results), _doubts(results), _circumstances(results), _devices(results)]
    return "\n\n".join(block for block in blocks if block)


def _times(results: Sequence[BenchmarkResult]) -> str:
    header = ("model", "on", "p50", "p90", "p99", "first call", "size")
    rows = [
        (
            result.artifact,
            result.target + ("" if result.valid else " *"),
            format_ms(result.latency.p50),
            format_ms(result.latency.p90),
            format_ms(result.latency.p99),
            format_ms(result.first_call_ms),
            format_size(result.size_bytes),
        )
        for result in results
    ]
    return format_table(header, rows, right=(2, 3, 4, 5, 6))


def _doubts(results: Sequence[BenchmarkResult]) -> str:
    """A line for each reason, with the rows that it holds for."""
    names: dict[str, list[str]] = {}
    for result, name in zip(results, _names(results), strict=True):
        for reason in result.reasons:
            names.setdefault(reason, []).append(name)
    return "\n".join(f"* {name_group(group, len(results))}: {reason}" for reason, group in names.items())


def _circumstances(results: Sequence[BenchmarkResult]) -> str:
    header = ("model", "load", "peak memory", "kernels")
    rows = [
        (
            name,
            format_ms(result.load_ms),
            format_size(result.peak_memory_bytes) if result.peak_memory_bytes else "–",
            f"{result.engine.kernels}, {_threads(result.engine)}",
        )
        for result, name in zip(results, _names(results), strict=True)
    ]
    return format_table(header, rows, right=(1, 2))


def _devices(results: Sequence[BenchmarkResult]) -> str:
    return "\n".join(dict.fromkeys(f"{result.target}: {result.device.summary()}" for result in results))


def _names(results: Sequence[BenchmarkResult]) -> list[str]:
    """The files, with their targets where there are several."""
    if len({result.target for result in results}) == 1:
        return [result.artifact for result in results]
    return [f"{result.artifact} on {result.target}" for result in results]


def _threads(engine: EngineInfo) -> str:
    if engine.threads is None:
        return "the engine's own threads"
    return f"{engine.threads} thread" if engine.threads == 1 else f"{engine.threads} threads"
