"""``edgekit bench``."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli.console import Console, console_options

EPILOG = """\b
Examples:
  edgekit bench dist/flowers.int8.tflite
  edgekit bench dist --threads 1
  edgekit bench dist/flowers.fp32.tflite dist/flowers.int8.tflite --on local --json

\b
Targets:
  local    this machine, in a process of its own

\b
A run ends when both --runs and --seconds are reached. A row with * should not be trusted; the
reason stands under the table.
"""


@click.command(epilog=EPILOG)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--on", "targets", default="local", show_default=True, metavar="TARGET", help="Where; several with commas."
)
@click.option("--threads", type=click.IntRange(1, 256), help="Of the interpreter. [default: 1]")
@click.option("--runs", type=click.IntRange(1), help="The least number of measured runs. [default: 100]")
@click.option("--seconds", type=click.FloatRange(0), help="The least time to measure. [default: 2]")
@click.option("--warmup", type=click.FloatRange(0), help="Seconds of warm-up before. [default: 0.5]")
@console_options
def command(
    models: tuple[Path, ...],
    targets: str,
    threads: int | None,
    runs: int | None,
    seconds: float | None,
    warmup: float | None,
    console: Console,
) -> None:
    """Measure how fast MODELS (files or export folders) run."""
    from edgekit.api.benchmarking import benchmark
    from edgekit.measure.latency import LatencyProtocol
    from edgekit.report.latency import latency_text

    default = LatencyProtocol()
    protocol = LatencyProtocol(
        min_runs=default.min_runs if runs is None else runs,
        min_seconds=default.min_seconds if seconds is None else seconds,
        warmup_seconds=default.warmup_seconds if warmup is None else warmup,
    )
    results = benchmark(models, targets, protocol=protocol, threads=threads, progress=console.progress)
    console.show(latency_text(results), {"results": [result.to_dict() for result in results]})
