"""``edgekit bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgekit.cli.console import Console, console_options
from edgekit.cli.parameters import TableColumns

EPILOG = """\b
Examples:
  edgekit bench dist/flowers.int8.tflite
  edgekit bench dist --threads 1
  edgekit bench dist/flowers.fp32.tflite dist/flowers.int8.tflite --on local --json
  edgekit bench dist/*.tflite --on local,pi@pi@raspberrypi.local
  edgekit bench dist/flowers.int8.tflite --on pi@kitchen --data flowers --photos 100
  edgekit bench dist/flowers.int8_edgetpu.tflite --on edgetpu,edgetpu@kitchen
  edgekit bench dist/flowers.int8.tflite --on android,android:gpu

\b
Targets:
  local         this machine, in a process of its own
  pi@ADDRESS    a Raspberry Pi or any Linux device, by ssh: [user@]host[:port], or a host of ~/.ssh/config.
                Nothing has to be installed there; what is sent stays in ~/.cache/edgekit for the next time
                (edgekit doctor --on pi@ADDRESS --remove)
  edgetpu, edgetpu@ADDRESS
                a Coral Edge TPU, plugged into this machine or into one behind ssh; edgetpu:usb:1 takes the second
                on USB, edgetpu:usb:Performance=Low gives libedgetpu an option
  android, android@SERIAL
                a phone that adb lists; android:gpu and android:nnapi ask for that delegate. It takes an EdgeKit app
                there (edgekit export --to android), or LiteRT's benchmark_model
  browser, browser:ENGINE, browser@remote
                a browser that is installed here, or whatever opens the address that is shown
  node, node:ENGINE
                Node.js on this machine

\b
A run ends when both --runs and --seconds are reached. A row with * should not be trusted; the
reason stands under the table. Exit code 1 where a file could not be measured; the others are. What
lies in a folder and an engine does not run is left out, and said.
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
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Labelled photos to be answered on each device, and here for comparison.",
)
@click.option("--photos", type=click.IntRange(1), help="How many of them at most. [default: all]")
@click.option("--columns", type=TableColumns(), help="Of a CSV file: image=NAME,label=NAME,split=NAME.")
@console_options
def command(
    models: tuple[Path, ...],
    targets: str,
    threads: int | None,
    runs: int | None,
    seconds: float | None,
    warmup: float | None,
    data: Path | None,
    photos: int | None,
    columns: Any,
    console: Console,
) -> int:
    """Measure how fast MODELS (files or export folders) run."""
    from edgekit.api.benchmarking import benchmark
    from edgekit.measure.latency import LatencyProtocol

    default = LatencyProtocol()
    protocol = LatencyProtocol(
        min_runs=default.min_runs if runs is None else runs,
        min_seconds=default.min_seconds if seconds is None else seconds,
        warmup_seconds=default.warmup_seconds if warmup is None else warmup,
    )
    report = benchmark(
        models,
        targets,
        protocol=protocol,
        threads=threads,
        data=data,
        photos=photos,
        columns=columns,
        progress=console.progress,
    )
    console.show(report.to_text(), report.to_dict())
    return 1 if report.failures else 0
