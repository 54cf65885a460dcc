"""The measurement in a clean process: ``python -m edgekit.measure.worker``.

A job comes as JSON on standard input, the measurement goes as JSON to standard output. In a process of
its own, the time to load, the first call and the peak of memory are the model's, and a crash of the
engine is one sentence.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.child import ChildResult, Reply
from edgekit.errors import EdgeKitError
from edgekit.measure.device import Device, cpu_frequency, describe_device
from edgekit.measure.inputs import random_inputs
from edgekit.measure.latency import LatencyProtocol, LatencyStats, measure_durations, summarize
from edgekit.measure.load_meter import LoadSample, other_load, sample_load
from edgekit.measure.memory import current_memory, family_peak
from edgekit.measure.told_times import ToldTimes, summarize_told
from edgekit.measure.validity import Conditions
from edgekit.measure.workers import read_reply, run_worker
from edgekit.runtime.engines import find_engine
from edgekit.runtime.engines.base import EngineInfo
from edgekit.runtime.loading import load
from edgekit.version import __version__

START_SECONDS = 120.0
"""For starting Python, importing the engine and loading the model; TensorFlow alone takes 10 s on a slow disk."""


@dataclass(frozen=True)
class Job:
    """What to measure.

    Attributes:
        path: of the artifact.
        protocol: how.
        threads: for the engine, ``None`` for its default.
        seed: of the random inputs.
        delegate: arguments of :func:`edgekit.load` for one, ``delegate`` and ``delegate_options``; empty for none.
    """

    path: str
    protocol: LatencyProtocol
    threads: int | None = None
    seed: int = 0
    delegate: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return START_SECONDS + 2 * self.protocol.max_seconds


@dataclass(frozen=True)
class Measurement:
    """What the worker saw. The fields are those of :class:`~edgekit.measure.result.BenchmarkResult`, but that there
    are ``durations`` in the place of their statistics: nanoseconds of each run, in order. Where a tool keeps them to
    itself, there is what it ``told`` of each round.
    """

    engine: EngineInfo
    device: Device
    load_ms: float
    first_call_ms: float
    durations: tuple[int, ...]
    peak_memory_bytes: int | None
    base_memory_bytes: int | None
    conditions: Conditions
    processes: int = 1
    versions: Mapping[str, str] = field(default_factory=dict)
    accelerator: str | None = None
    download_ms: float | None = None
    read_ms: float | None = None
    told: tuple[ToldTimes, ...] = ()

    @property
    def latency(self) -> LatencyStats:
        """Of the durations, or of what was told of them."""
        return summarize_told(self.told) if self.told else summarize(self.durations)


def measure_in_child(job: Job) -> Measurement:
    """Measures in a process of its own.

    Raises:
        TargetError: the model does not run, the worker crashed, ran out of time, or cannot be started.
    """
    name = Path(job.path).name
    return read_child(run_worker("edgekit.measure.worker", job.to_dict(), job.seconds, name), name, job.seconds)


def read_child(child: ChildResult, name: str, limit: float) -> Measurement:
    """What the end of a worker means, on this machine or on another.

    Args:
        child: how it ended.
        name: of the artifact.
        limit: seconds that it had.

    Raises:
        TargetError: there is no measurement; the message says why.
    """
    too_slow = f"did not finish within {limit:.0f} s. Ask for fewer runs, or a shorter time."
    reply = read_reply(child, "measurement", name, too_slow=too_slow, doing="was measured")
    return read_measurement(reply["measurement"])


def read_measurement(fields: dict[str, Any]) -> Measurement:
    """Reads what the worker wrote."""
    parts = {
        "engine": EngineInfo,
        "device": Device,
    }
    built = {name: kind(**fields[name]) for name, kind in parts.items()}
    conditions = Conditions.from_dict(fields["conditions"])
    return Measurement(**{**fields, **built, "conditions": conditions, "durations": tuple(fields["durations"])})


def measure(job: Job) -> Measurement:
    """Loads the model here and measures it."""
    path = Path(job.path)
    find_engine(path).prepare()  # the engine's import is not the model's time
    device = describe_device()
    base = current_memory()
    begin = time.perf_counter_ns()
    # No trial: this process is the one that may crash.
    with load(path, threads=job.threads, trust=True, **job.delegate) as predictor:
        loaded = time.perf_counter_ns()
        engine = predictor.engine
        inputs = random_inputs(engine.inputs, predictor.spec, job.seed)
        first = time.perf_counter_ns()
        engine.run(inputs)
        called = time.perf_counter_ns()
        watch = _Watch()
        durations = measure_durations(lambda: engine.run(inputs), job.protocol, on_start=watch.start)
        conditions = watch.stop()
        peak = family_peak()
        return Measurement(
            engine=engine.info,
            device=device,
            load_ms=(loaded - begin) / 1e6,
            first_call_ms=(called - first) / 1e6,
            durations=tuple(durations),
            peak_memory_bytes=peak.size_bytes,
            base_memory_bytes=base,
            conditions=conditions,
            processes=peak.processes,
            versions={"edgekit": __version__, "numpy": np.__version__, engine.info.name: engine.info.version},
        )


class _Watch:
    """Looks at the device before and after the measured runs."""

    def __init__(self) -> None:
        self._frequency: float | None = None
        self._load: LoadSample | None = None

    def start(self) -> None:
        self._frequency = cpu_frequency()
        self._load = sample_load()

    def stop(self) -> Conditions:
        return Conditions(self._frequency, cpu_frequency(), other_load(self._load, sample_load()))


def main() -> None:
    """Reads the job, writes the measurement or the error."""
    reply = Reply()
    fields = json.loads(sys.stdin.buffer.read())
    job = Job(**{**fields, "protocol": LatencyProtocol(**fields["protocol"])})
    try:
        document: dict[str, Any] = {"measurement": asdict(measure(job))}
    except EdgeKitError as error:
        document = {"error": str(error)}
    reply.send(document)


if __name__ == "__main__":
    main()
