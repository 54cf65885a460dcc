"""What a benchmark found: a row for each artifact and device, and the tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgekit.measure.result import BenchmarkFailure, BenchmarkResult
from edgekit.report.table import format_ms, format_percent, format_size, format_table, name_group
from edgekit.runtime.engines.base import EngineInfo


@dataclass(frozen=True)
class BenchmarkReport:
    """What came of all artifacts on all devices.

    Attributes:
        rows: one for each artifact and target, in the order in which they were measured.
    """

    rows: tuple[BenchmarkResult | BenchmarkFailure, ...]

    @property
    def results(self) -> tuple[BenchmarkResult, ...]:
        """Those that were measured; :attr:`~BenchmarkResult.valid` says whether to trust one."""
        return tuple(row for row in self.rows if isinstance(row, BenchmarkResult))

    @property
    def failures(self) -> tuple[BenchmarkFailure, ...]:
        """Those that could not be."""
        return tuple(row for row in self.rows if isinstance(row, BenchmarkFailure))

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``edgekit bench --json``."""
        return {
            "results": [result.to_dict() for result in self.results],
            "failures": [failure.to_dict() for failure in self.failures],
        }

    def to_text(self) -> str:
        """The tables for a terminal: the times, what failed, why not to trust a row, how each ran, the devices."""
        named = list(zip(_names(self.rows), self.rows, strict=True))
        results = [(name, row) for name, row in named if isinstance(row, BenchmarkResult)]
        failures = [(name, row) for name, row in named if isinstance(row, BenchmarkFailure)]
        blocks = [
            _times(self.rows),
            "\n".join(f"FAILED {name}: {failure.reason}" for name, failure in failures),
            _doubts(results),
            _circumstances(results) if results else "",
            _accuracies(results),
            "\n".join(dict.fromkeys(f"{result.target}: {_machine(result)}" for _, result in results)),
        ]
        return "\n\n".join(block for block in blocks if block)


def _times(rows: Sequence[BenchmarkResult | BenchmarkFailure]) -> str:
    header = ("model", "on", "p50", "p90", "p99", "first call", "size")
    return format_table(header, [_cells(row) for row in rows], right=(2, 3, 4, 5, 6))


def _cells(row: BenchmarkResult | BenchmarkFailure) -> tuple[str, ...]:
    if isinstance(row, BenchmarkFailure):
        return (row.artifact, row.target, "FAILED", "–", "–", "–", "–")
    return (
        row.artifact,
        row.target + (" simulated" if row.engine.simulated else "") + ("" if row.valid else " *"),
        f"mean {format_ms(row.latency.mean)}" if row.latency.p50 is None else format_ms(row.latency.p50),
        format_ms(row.latency.p90),
        format_ms(row.latency.p99),
        format_ms(row.first_call_ms),
        format_size(row.size_bytes),
    )


def _doubts(results: Sequence[tuple[str, BenchmarkResult]]) -> str:
    """A line for each reason that several rows share, then one for each row with what is its own."""
    names: dict[str, list[str]] = {}
    for name, result in results:
        for reason in result.reasons:
            names.setdefault(reason, []).append(name)
    shared = [f"* {name_group(group, len(results))}: {reason}" for reason, group in names.items() if len(group) > 1]
    own = [(name, [reason for reason in result.reasons if len(names[reason]) == 1]) for name, result in results]
    return "\n".join([*shared, *(f"* {name}: {' '.join(reasons)}" for name, reasons in own if reasons)])


def _circumstances(results: Sequence[tuple[str, BenchmarkResult]]) -> str:
    header = ("model", "load", "peak memory", "kernels")
    rows = [(name, format_ms(result.load_ms), _memory(result), _kernels(result.engine)) for name, result in results]
    return format_table(header, rows, right=(1, 2))


def _accuracies(results: Sequence[tuple[str, BenchmarkResult]]) -> str:
    """Of labelled photos, beside what the same file answers on this machine."""
    rows = [(name, result.accuracy) for name, result in results if result.accuracy is not None]
    if not rows:
        return ""
    header = ("model", "photos", "top-1", "here", "same answer", "same bits", "largest difference")
    cells = [
        (
            name,
            f"{found.photos:,}",
            format_percent(found.accuracy),
            format_percent(found.accuracy_here),
            format_percent(found.agreement),
            format_percent(found.identical),
            f"{found.max_difference:.1e}" if found.max_difference else "0",
        )
        for name, found in rows
    ]
    return format_table(header, cells, right=range(1, 7))


def _machine(result: BenchmarkResult) -> str:
    """What a result ran on, with the device beside the processor and its heat."""
    parts = [result.device.summary()]
    if result.accelerator:
        parts.append(result.accelerator)
    readings = result.conditions.readings
    if readings and readings.chip_temperature_before is not None and readings.chip_temperature_max is not None:
        parts.append(f"the chip at {readings.chip_temperature_before:.0f} to {readings.chip_temperature_max:.0f} °C")
    return "; ".join(parts)


def _memory(result: BenchmarkResult) -> str:
    if not result.peak_memory_bytes:
        return "–"
    size = format_size(result.peak_memory_bytes)
    return size if result.processes == 1 else f"{size} in {result.processes} processes"


def _kernels(engine: EngineInfo) -> str:
    if engine.threads is None:
        return f"{engine.kernels}, the engine's own threads"
    count = f"{engine.threads} thread" if engine.threads == 1 else f"{engine.threads} threads"
    return engine.kernels if count in engine.kernels.split(", ") else f"{engine.kernels}, {count}"


def _names(rows: Sequence[BenchmarkResult | BenchmarkFailure]) -> list[str]:
    """The files, with their targets where there are several."""
    if len({row.target for row in rows}) == 1:
        return [row.artifact for row in rows]
    return [f"{row.artifact} on {row.target}" for row in rows]
