"""Node.js on this machine: ``node``, ``node:wasm``, ``node:litert-wasm``, ``node:cpu``.

The library for Node measures itself there (``targets/browser/src/node/bench``), in a process for each measurement, so
that nothing on the way to Node is in the times.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.bundle import find_built, how_to_get
from edgekit.errors import ModelFileError, TargetError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers
from edgekit.measure.device import Device, cpu_frequency, describe_device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.load_meter import other_load, sample_load
from edgekit.measure.memory import PeakWatch
from edgekit.measure.told import Told
from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Measurement
from edgekit.progress import SILENT, Progress
from edgekit.runtime.engines.node_process import NodeDiedError, NodeProcess, find_node
from edgekit.targets import register
from edgekit.targets.base import Limits, Target, TargetRequest
from edgekit.targets.library import (
    check_engine,
    limits,
    read_answers,
    read_measurement,
    read_spec,
    reading,
    seconds_for,
)

ENGINES: Mapping[str, tuple[str, ...]] = {".tfjs": ("wasm", "cpu"), ".tflite": ("litert-wasm",)}
"""Suffix of an artifact to the engines that run it in Node; names as in ``targets/browser/src/engines/engine.ts``."""

NAMES = tuple(name for names in ENGINES.values() for name in names)

_THREADS = "In Node each engine has one thread."

_START_SECONDS = 60.0
"""For starting Node alone."""


@register("node", variants=NAMES)
def open_node(request: TargetRequest, progress: Progress = SILENT) -> Target:
    """Node on this machine; of one engine, where the request says which."""
    return NodeEngine(request.variant) if request.variant else Node()


class Node:
    """Node with all engines that it has."""

    def __init__(self) -> None:
        self._views: list[NodeEngine] = []

    @property
    def limits(self) -> Limits:
        """See :class:`~edgekit.targets.base.Limited`."""
        return limits(ENGINES, None, _THREADS)

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        return NodeEngine(NAMES[0]).describe()

    def views(self, path: Path) -> Mapping[str, NodeEngine]:
        """See :class:`~edgekit.targets.base.ManyEngines`."""
        _find_programs()  # what is missing is missing for all of them
        found = {f"node:{engine}": NodeEngine(engine) for engine in ENGINES.get(path.suffix.lower(), ())}
        self._views += found.values()
        return found

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`; on the first engine that takes the artifact."""
        return self._first(path).measure(path, protocol, threads)

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`; on the first engine that takes the artifact."""
        return self._first(path).answer(path, pixels, threads)

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""
        for view in self._views:
            view.close()

    def _first(self, path: Path) -> NodeEngine:
        views = list(self.views(path).values())
        if not views:
            raise TargetError(f"No engine in Node runs {path.name}. They run .tflite and .tfjs.")
        return views[0]


class NodeEngine:
    """One engine in Node.

    Args:
        engine: one of :data:`NAMES`.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._process: NodeProcess | None = None
        self._closed = False

    @property
    def limits(self) -> Limits:
        """See :class:`~edgekit.targets.base.Limited`."""
        return limits(ENGINES, self._engine, _THREADS)

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        with self._running() as process:
            return _describe(process)

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        header = {"op": "measure", "protocol": asdict(protocol), **self._name(path, threads)}
        with self._running(path) as process:
            device = _describe(process, path)
            watch = PeakWatch([process.process_id])
            frequency, load = cpu_frequency(), sample_load()
            begin = time.monotonic()
            reply, _ = _ask(process, header, (), seconds_for(protocol), path)
            passed = time.monotonic() - begin
            conditions = Conditions(frequency, cpu_frequency(), other_load(load, sample_load()))
            with reading("Node"):
                measured = read_measurement(Told(reply), device, watch, passed, conditions)
        # Reading a file is part of loading it, as on this machine.
        return replace(measured, load_ms=measured.load_ms + (measured.download_ms or 0), download_ms=None)

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        photos = np.ascontiguousarray(pixels, np.uint8)
        tensor = {"name": "photos", "dtype": "uint8", "shape": photos.shape}
        header = {"op": "answer", "tensors": [tensor], **self._name(path, threads)}
        spec = read_spec(path)
        with self._running(path) as process:
            reply, (values,) = _ask(process, header, (photos,), AnswersJob.seconds(len(photos)), path)
        with reading("Node"):
            return read_answers(Told(reply).part("engine"), values, len(photos), spec)

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                # Whoever waits for it finds that it has ended, and cleans up.
                with contextlib.suppress(OSError):
                    os.kill(self._process.process_id, getattr(signal, "SIGKILL", signal.SIGTERM))

    def _name(self, path: Path, threads: int | None) -> dict[str, Any]:
        self.limits.check_threads(threads)
        if not path.exists():
            raise ModelFileError(f"There is no model at {path}. Check the path.")
        check_engine(self._engine, path, ENGINES)
        file = path / "model.json" if path.is_dir() else path
        return {"path": str(file.resolve()), "engine": self._engine}

    @contextlib.contextmanager
    def _running(self, path: Path | None = None) -> Iterator[NodeProcess]:
        """A process that may read one model and nothing else."""
        node, program = _find_programs()
        allowed = [program.parent, *([path.resolve()] if path else [])]
        flags = ["--permission", "--allow-worker", *(f"--allow-fs-read={one}" for one in allowed)]
        with self._lock:
            if self._closed:
                raise TargetError("Node has been closed.")
            try:
                self._process = NodeProcess([str(node), *flags, str(program)])
            except NodeDiedError as error:
                raise TargetError(f"Node does not run here: {error}.") from error
        try:
            yield self._process
        finally:
            with self._lock:
                process, self._process = self._process, None
            process.close()


def _find_programs() -> tuple[Path, Path]:
    """Node, and what measures in it, as a real path: Node's permissions are for these."""
    node = find_node("Measuring in Node")
    folder = find_built("node")
    if folder is None or not (folder / "bench.cjs").is_file():
        raise TargetError(f"The library for Node is not here. {how_to_get()}")
    return node, (folder / "bench.cjs").resolve()


def _describe(process: NodeProcess, path: Path | None = None) -> Device:
    reply, _ = _ask(process, {"op": "describe"}, (), _START_SECONDS, path)
    with reading("Node"):
        return replace(describe_device(), runtime=f"Node {Told(reply).text('node')}")


def _ask(
    process: NodeProcess,
    header: Mapping[str, Any],
    tensors: tuple[NDArray[Any], ...],
    seconds: float,
    path: Path | None = None,
) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    try:
        reply, answers = process.request(header, tensors, seconds)
    except NodeDiedError as error:
        where = f"{path.name}: " if path else ""
        raise TargetError(f"{where}Node ended while it worked ({error}).") from error
    if "error" in reply:
        raise TargetError(f"{path.name if path else 'It'} does not run in Node: {reply['error']}")
    return reply, answers
