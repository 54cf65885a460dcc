#!/usr/bin/env edgekit-python
"""Stands in for LiteRT's ``benchmark_model``: takes its flags, really runs the model, and prints what it prints.

The lines are those of ``tensorflow/lite/tools/benchmark/benchmark_model.cc``, ``benchmark_tflite_model.cc`` and of
``Stat::OutputToStream``. ``BENCHMARK_MODEL_PREFIX`` stands before each, as ``INFO: `` of newer versions.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

DEFAULTS = {"num_runs": "50", "min_secs": "1", "max_secs": "150", "warmup_runs": "1", "warmup_min_secs": "0.5"}


def say(text: str) -> None:
    """One line of its log."""
    print(os.environ.get("BENCHMARK_MODEL_PREFIX", "INFO: ") + text, flush=True)


def main() -> int:
    """The tool."""
    flags = dict(DEFAULTS)
    for word in sys.argv[1:]:
        name, _, value = word.removeprefix("--").partition("=")
        flags[name] = value
    say("STARTING!")
    say("Log parameter values verbosely: [0]")
    for name, title in (("num_runs", "Min num runs"), ("num_threads", "Num threads"), ("graph", "Graph")):
        say(f"{title}: [{flags[name]}]")
    begin = time.perf_counter()
    try:
        interpreter = Interpreter(
            flags["graph"],
            num_threads=int(flags["num_threads"]),
            experimental_op_resolver_type=OpResolverType.AUTO,
        )
    except ValueError:
        print(f"ERROR: Failed to mmap model {flags['graph']}", file=sys.stderr)
        print("ERROR: Benchmarking failed.", file=sys.stderr)
        return 1
    say(f"Loaded model {flags['graph']}")
    if flags.get("use_gpu") == "true":
        print("WARN: GPU acceleration is unsupported on this platform.")
    interpreter.allocate_tensors()
    print("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.")
    init = 1e6 * (time.perf_counter() - begin)
    say(f"The input model file size (MB): {Path(flags['graph']).stat().st_size / 1e6:g}")
    say(f"Initialized session in {init / 1e3:g}ms.")
    Path("/data/system/benchmark_model.started").touch()
    for tensor in interpreter.get_input_details():
        interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], tensor["dtype"]))
    warm = run(interpreter, int(flags["warmup_runs"]), float(flags["warmup_min_secs"]), float(flags["max_secs"]))
    times = run(interpreter, int(flags["num_runs"]), float(flags["min_secs"]), float(flags["max_secs"]))
    say(
        f"Inference timings in us: Init: {init:.0f}, First inference: {warm[0]}, Warmup (avg): {np.mean(warm):g}, "
        f"Inference (avg): {np.mean(times):g}"
    )
    say(
        "Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual "
        "memory footprint of the model at runtime. Take the information at your discretion."
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"Memory footprint delta from the start of the tool (MB): init={peak / 2:g} overall={peak:g}")
    say(f"Overall peak memory footprint (MB) via periodic monitoring: {peak:g}")
    return 0


def run(interpreter: Interpreter, least: int, seconds: float, most: float) -> list[int]:
    """Microseconds of each run, after the line about them."""
    say(
        f"Running benchmark for at least {least} iterations and at least {seconds:g} seconds but terminate if "
        f"exceeding {most:g} seconds."
    )
    times: list[int] = []
    start = now = time.perf_counter()
    while (len(times) < least or now < start + seconds) and now <= start + most:
        before = time.perf_counter()
        interpreter.invoke()
        now = time.perf_counter()
        times.append(round(1e6 * (now - before)))
    if len(times) == 1:
        say(f"count=1 curr={times[0]}\n")
    else:
        ends = f"first={times[0]} curr={times[-1]} min={min(times)} max={max(times)}"
        inner = f"p5={np.percentile(times, 5):.0f} median={np.median(times):.0f} p95={np.percentile(times, 95):.0f}"
        say(f"count={len(times)} {ends} avg={np.mean(times):g} std={np.std(times):.0f} {inner}\n")
    return times


if __name__ == "__main__":
    sys.exit(main())
