"""What the library of ``targets/browser`` tells of its work, in a browser or in Node, in EdgeKit's words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import TargetError, UsageError
from edgekit.measure.answers_worker import PhotoAnswers
from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.memory import PeakWatch
from edgekit.measure.told import CLOCKS_DIFFER, Told, ToldError
from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Job, Measurement
from edgekit.outputs import class_probabilities
from edgekit.runtime.engines.base import EngineInfo
from edgekit.runtime.loading import load
from edgekit.spec import ModelSpec
from edgekit.targets.base import Limits
from edgekit.version import __version__

Engines = Mapping[str, tuple[str, ...]]
"""Suffix of an artifact to the engines that run it."""

_MOST_THREADS = 1024
_LARGEST_SCORE = 1e9
"""Far beyond every network's, and far from where single precision ends."""

_ROUNDING = 0.01
"""How far a probability may lie outside of 0 to 1: half precision and 8 bits round."""

COARSE = "At least half of the runs took no time by the device's clock, which is too coarse for this model."


def limits(engines: Engines, engine: str | None, threads: str) -> Limits:
    """Of a target with these engines, or of one of them.

    Args:
        engines: all of the place.
        engine: the one that is asked for, ``None`` for all.
        threads: why nobody chooses their number there.
    """
    suffixes = tuple(suffix for suffix, names in engines.items() if engine is None or engine in names)
    return Limits(suffixes, f"{threads} Leave --threads away.")


def check_engine(engine: str, path: Path, engines: Engines) -> None:
    """Raises :class:`TargetError` where an engine does not run files of this form."""
    known = engines.get(path.suffix.lower(), ())
    if engine not in known:
        others = ", ".join(known) or "none"
        raise TargetError(f"The engine {engine} does not run {path.name}. Those that do: {others}.")


def seconds_for(protocol: LatencyProtocol) -> float:
    """How long one measurement may take."""
    return Job("", protocol).seconds


def read_spec(path: Path) -> ModelSpec:
    """Of a classifier.

    Raises:
        UsageError: it is none.
    """
    with load(path) as predictor:
        if predictor.spec is None or not predictor.spec.is_classifier:
            raise UsageError(f"{path.name} is no classifier.")
        return predictor.spec


@contextlib.contextmanager
def reading(sender: str) -> Iterator[None]:
    """What cannot be read becomes a :class:`TargetError` that names its sender, as in "The browser"."""
    try:
        yield
    except ToldError as error:
        raise TargetError(f"{sender} sent a result that cannot be read: {error}.") from error


def read_engine(told: Told) -> EngineInfo:
    """An ``EngineInfo`` of ``targets/browser/src/engines/engine.ts``.

    Raises:
        ToldError: it is none.
    """
    name, _, version = told.text("version").rpartition(" ")
    kernels = (told.text("kernels") or "unknown") + (", software rendering" if told["software"] is True else "")
    return EngineInfo(name or told.text("name"), version, kernels, told.whole("threads", 1, _MOST_THREADS))


def read_measurement(
    reply: Told, device: Device, watch: PeakWatch, seconds: float, conditions: Conditions | None = None
) -> Measurement:
    """A ``Measured`` of ``targets/browser/src/bench/jobs.ts``.

    Args:
        reply: what the library sent.
        device: that it ran on.
        watch: of the memory, from before the model was loaded.
        seconds: that have passed here meanwhile; no time that was told can be longer.
        conditions: what else was seen; the library's own doubts are added.

    Raises:
        ToldError: it is none.
    """
    benchmark = reply.part("benchmark")
    told = benchmark.part("engine")
    engine = read_engine(told)
    longest = 1e3 * (seconds + CLOCKS_DIFFER)
    durations = benchmark.durations("durations", 1e3, seconds)
    doubts = reply.texts("doubts")
    if sum(one > 0 for one in durations) <= len(durations) / 2:
        doubts += (COARSE,)
    seen = asdict(conditions or Conditions())
    return Measurement(
        engine=engine,
        device=device,
        load_ms=benchmark.number("load_ms", 0, longest),
        first_call_ms=benchmark.number("first_call_ms", 0, longest),
        durations=tuple(round(1e6 * one) for one in durations),
        peak_memory_bytes=watch.peak(),
        base_memory_bytes=watch.base,
        conditions=Conditions.from_dict({**seen, "doubts": doubts}),
        versions={engine.name: engine.version, "edgekit": __version__},
        accelerator=told.text("adapter", 160) or None,
        download_ms=benchmark.number("download_ms", 0, longest),
        read_ms=benchmark.part("read").number("p50", 0, longest),
    )


def read_answers(engine: Told, values: NDArray[np.float32], photos: int, spec: ModelSpec) -> PhotoAnswers:
    """Real values of a graph's answers to so many photos, as probabilities.

    Raises:
        ToldError: they are not as many as the spec says, or no probabilities.
    """
    return PhotoAnswers(read_engine(engine), read_probabilities(values, photos, spec))


def read_probabilities(values: NDArray[np.float32], photos: int, spec: ModelSpec) -> NDArray[np.float32]:
    """(photos, classes), of real values of a graph's answers.

    Raises:
        ToldError: as of :func:`read_answers`.
    """
    outputs = spec.classes or len(spec.labels)
    if values.size != photos * outputs:
        raise ToldError(f"it has {values.size} values, where {photos} photos have {outputs} each")
    if not (np.abs(values) <= _LARGEST_SCORE).all():  # which NaN is not, either
        raise ToldError("some of its answers are no numbers, or far too large")
    probabilities = class_probabilities(values.reshape(photos, outputs), spec)
    low, high = float(probabilities.min()), float(probabilities.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise ToldError(f"its probabilities go from {low:g} to {high:g}")
    return probabilities
