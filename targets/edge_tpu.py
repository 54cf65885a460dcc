"""Coral's Edge TPU, at this machine or at one behind ssh: models that its compiler made, run by libedgetpu.

``edgetpu``, ``edgetpu:usb:0``, ``edgetpu:usb:Performance=Low``, ``edgetpu@pi@raspberrypi.local``. Before a model runs,
the device and the library are looked at in a process of their own (:mod:`edgekit.runtime.edgetpu.look`), so that each
wrong state is a sentence.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.child import ChildResult
from edgekit.errors import TargetError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers, read_answers
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.throttling import CHIP_FILES
from edgekit.measure.watching import Watching
from edgekit.measure.worker import Job, Measurement, read_child
from edgekit.measure.workers import run_worker
from edgekit.modelfile import read_model_file
from edgekit.progress import SILENT, Progress
from edgekit.runtime.edgetpu.library import NAME
from edgekit.runtime.edgetpu.look import LIMIT_SECONDS, MODULE, Look, look_here, read_look, request_of
from edgekit.runtime.edgetpu.options import parse_variant
from edgekit.runtime.edgetpu.problems import explain_crash
from edgekit.runtime.edgetpu.source import read_source
from edgekit.runtime.engines.delegates import Delegate
from edgekit.runtime.engines.litert import check_compiled
from edgekit.targets import register
from edgekit.targets.base import TargetRequest
from edgekit.targets.local import LocalTarget
from edgekit.targets.raspberry_pi import WATCH, RaspberryPi, sum_up_readings
from edgekit.tflite.embed import embed
from edgekit.tflite.model import read_model
from edgekit.tflite.spec_io import read_spec


@register(NAME, variants=None, address="the address for ssh of the machine that it is plugged into", here=True)
def open_edge_tpu(request: TargetRequest, progress: Progress = SILENT) -> EdgeTpuHere | EdgeTpuBehindSsh:
    """The Edge TPU that a request names.

    Raises:
        UsageError: an unknown device or option, or no address.
    """
    options = parse_variant(request.variant)
    return EdgeTpuBehindSsh(request, options, progress) if request.address else EdgeTpuHere(request, options, progress)


class EdgeTpuHere(LocalTarget):
    """One at this machine."""

    def __init__(self, request: TargetRequest, options: Mapping[str, str], progress: Progress = SILENT) -> None:
        super().__init__(request, progress)
        self._options = dict(options)
        self._seen: Look | None = None

    def look(self) -> Look:
        """What there is. A process of its own loads the library."""
        return look_here(self._options)

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        look = self._ready(path)
        job = Job(str(path.resolve()), protocol, threads, delegate=_arguments(self._options))
        with Watching(CHIP_FILES) as watching:
            child = run_worker("edgekit.measure.worker", asdict(job), job.seconds, path.name)
        _check_crash(child, look)
        measured = read_child(child, path.name, job.seconds)
        return _complete(measured, look, replace(measured.conditions, readings=watching.readings))

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        look = self._ready(path)
        with tempfile.TemporaryDirectory() as folder:
            photos = Path(folder, "pixels.npy")
            np.save(photos, pixels)
            job = AnswersJob(str(path.resolve()), str(photos), threads, _arguments(self._options))
            limit = job.seconds(len(pixels))
            child = run_worker("edgekit.measure.answers_worker", asdict(job), limit, path.name)
        _check_crash(child, look)
        return read_answers(child, path.name, limit)

    def _ready(self, path: Path) -> Look:
        _check_model(path)
        self._seen = self._seen or self.look()
        return _working(self._seen)


class EdgeTpuBehindSsh(RaspberryPi):
    """One at a machine behind ssh."""

    def __init__(self, request: TargetRequest, options: Mapping[str, str], progress: Progress = SILENT) -> None:
        super().__init__(request, progress)
        self._options = dict(options)
        self._seen: Look | None = None

    def look(self) -> Look:
        """What there is. A process of its own loads the library there."""
        return read_look(self._run(MODULE, request_of(self._options), LIMIT_SECONDS).result, self._options)

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        look = self._ready(path)
        job = Job(self._send(path), protocol, threads, delegate=_arguments(self._options))
        child = self._run("edgekit.measure.worker", asdict(job), job.seconds, WATCH)
        _check_crash(child.result, look)
        measured = read_child(child.result, path.name, job.seconds)
        return _complete(measured, look, replace(measured.conditions, readings=sum_up_readings(child)))

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        look = self._ready(path)
        job = AnswersJob(self._send_whole(path), self._send_pixels(pixels), threads, _arguments(self._options))
        seconds = job.seconds(len(pixels))
        child = self._run("edgekit.measure.answers_worker", asdict(job), seconds)
        _check_crash(child.result, look)
        return read_answers(child.result, path.name, seconds)

    def _send_whole(self, path: Path) -> str:
        """Sends a model with its spec, which may be that of the file beside it, from which it was compiled."""
        data = read_model_file(path)
        model = read_model(data, path.name)
        source = None if read_spec(data, path.name) else read_source(model, path, trust=False)
        if source is None or source.spec is None or source.normalization is not None:
            return self._send(path)
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder, path.name)
            whole.write_bytes(embed(data, source.spec))
            return self._send(whole)

    def _ready(self, path: Path) -> Look:
        _check_model(path)
        self._seen = self._seen or self.look()
        return _working(self._seen)


def _arguments(options: Mapping[str, str]) -> dict[str, Any]:
    """Of :func:`edgekit.load`."""
    return {"delegate": NAME, "delegate_options": dict(options)}


def _check_model(path: Path) -> None:
    """Raises :class:`~edgekit.errors.ModelFileError` for a file that no Edge TPU runs; nothing is asked of one."""
    if path.suffix.lower() != ".tflite":
        raise TargetError(
            f"{path.name} does not run on an Edge TPU, which takes .tflite files of its compiler. Export one with: "
            "edgekit export MODEL --to edgetpu"
        )
    check_compiled(read_model_file(path), Path(path.name), Delegate(NAME, ""))


def _working(look: Look) -> Look:
    if look.problem is not None:
        raise TargetError(look.problem)
    return look


def _check_crash(child: ChildResult, look: Look) -> None:
    if child.crash:
        interpreter = look.trial.interpreter if look.trial else ""
        raise TargetError(explain_crash(child.crash, interpreter, look.scene, child.log))


def _complete(measured: Measurement, look: Look, conditions: Any) -> Measurement:
    versions = dict(measured.versions)
    if look.trial and look.trial.version:
        versions["libedgetpu"] = look.trial.version
    return replace(measured, conditions=conditions, versions=versions, accelerator=look.summary())
