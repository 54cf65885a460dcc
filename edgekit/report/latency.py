"""The table of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.measure.result import BenchmarkResult
from edgekit.report.table import format_ms, format_size, format_table


def latency_text(results: Sequence[BenchmarkResult]) -> str:
    """One row a result, the device under the table, and why a row should not be trusted."""
    header = ("model", "on", "p50", "p90", "p99", "load", "first call", "peak memory", "size", "kernels")
    rows = [
        (
            result.artifact,
            result.target + ("" if result.valid else " *"),
            format_ms(result.latency.p50),
            format_ms(result.latency.p90),
            format_ms(result.latency.p99),
            format_ms(result.load_ms),
            format_ms(result.first_call_ms),
            format_size(result.peak_memory_bytes) if result.peak_memory_bytes else "-",
            format_size(result.size_bytes),
            f"{result.engine.kernels}, {result.engine.threads} threads",
        )
        for result in results
    ]
    lines = [format_table(header, rows, right=(2, 3, 4, 5, 6, 7, 8))]
    lines += [f"\n* {result.artifact}: {reason}" for result in results for reason in result.reasons]
    devices = dict.fromkeys(f"{result.target}: {result.device.summary()}" for result in results)
    lines += ["", *devices]
    return "\n".join(lines)
