"""An Android device at the end of a cable, by the system's ``adb``.

``android``, ``android:gpu``, ``android@SERIAL``, ``android:nnapi@192.168.1.20:5555``. It is measured by an EdgeKit app
that is installed there (``edgekit export --to android``), or by LiteRT's own ``benchmark_model``. What is sent is
removed at the end; nothing is downloaded.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, TargetError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers
from edgekit.measure.device import Device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.told import Told, ToldError
from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Job, Measurement
from edgekit.progress import SILENT, Progress
from edgekit.remote.android.adb import SERIAL_VARIABLE, Adb
from edgekit.remote.android.app import App, find_apps
from edgekit.remote.android.app_request import AppRequest
from edgekit.remote.android.app_result import read_app_result, read_engine, reading
from edgekit.remote.android.facts import FACTS, STATE, find_emulation, parse_properties, read_device, read_state
from edgekit.remote.android.look import PhoneLook
from edgekit.remote.android.phone import FOLDER, Phone, open_phone
from edgekit.remote.android.tool import ON_DEVICE, VARIABLE, Tool, ToolRun, find_tool
from edgekit.runtime.engines.base import EngineInfo
from edgekit.targets import register
from edgekit.targets.base import Limits, TargetRequest
from edgekit.targets.library import read_probabilities, read_spec
from edgekit.version import __version__

VARIANTS = ("cpu", "gpu", "nnapi")
_SUFFIX = ".tflite"
_LIMITS = Limits((_SUFFIX,))


@register("android", variants=VARIANTS, address="the device's serial number in adb's list", here=True)
class AndroidDevice:
    """A device that adb lists, opened at the first call.

    Args:
        request: of the user; without an address the only device, or that of ``ANDROID_SERIAL``.
        progress: told what takes long, and what could not be removed.
        environment: as ``os.environ``.
    """

    def __init__(
        self, request: TargetRequest, progress: Progress = SILENT, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._request = request
        self._progress = progress
        self._environment = environment
        self._lock = threading.Lock()
        self._adb: Adb | None = None
        self._phone: Phone | None = None
        self._way: App | Tool | None = None
        self._closed = False

    @property
    def limits(self) -> Limits:
        """See :class:`~edgekit.targets.base.Limited`."""
        return _LIMITS

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        phone = self._open()
        return read_device(phone.script(FACTS).output, phone.serial, self._runtime())

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        _check_model(path)
        way = self._find_way()
        if isinstance(way, App):
            return self._measure_by_app(way, path, protocol, threads)
        return self._measure_by_tool(way, path, protocol, threads)

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        _check_model(path)
        spec = read_spec(path)
        way = self._find_way()
        if not isinstance(way, App):
            raise TargetError(
                "benchmark_model answers no photos. Install an EdgeKit app on the device (edgekit export MODEL --to "
                "android), or measure without --data."
            )
        file = way.send(np.ascontiguousarray(pixels).tobytes(), ".bin")
        photos = (file, len(pixels), pixels.shape[1:])
        brief = LatencyProtocol(warmup_runs=0, warmup_seconds=0.0, min_runs=1, min_seconds=0.0)
        seconds = AnswersJob.seconds(len(pixels))
        found = way.run(AppRequest(path, brief, self._delegate, threads or 1, seconds, photos))
        with reading():
            told = Told(found)
            engine, name = read_engine(told.part("engine")), told.text("answers")
            if not name:
                raise ToldError(f"it has no answers to the photos for {path.name}")
            content = way.pull(name)
            if len(content) % 4:
                raise ToldError(f"its answers have {len(content)} bytes, which are no numbers")
            values = np.frombuffer(content, "<f4").astype(np.float32)
            return PhotoAnswers(engine, read_probabilities(values, len(pixels), spec))

    def look_at_phone(self) -> PhoneLook:
        """What there is on it, and how it is. Nothing is sent."""
        phone = self._open()
        tool = find_tool(phone, self._environment)
        return PhoneLook(
            serial=phone.serial,
            adb=Adb(self._environment).version(),
            state=read_state(phone.script(STATE).output),
            apps=tuple(find_apps(phone)),
            tool=None if tool is None else str(tool),
            free_bytes=phone.free_bytes(FOLDER),
        )

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`. What was sent is removed; said where that cannot be done."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            adb, phone = self._adb, self._phone
        if adb is not None:
            adb.stop()
        if phone is not None and (problem := phone.tidy()) is not None:
            self._progress.warn(problem)

    @property
    def _delegate(self) -> str:
        return self._request.variant or "cpu"

    def _open(self) -> Phone:
        with self._lock:
            if self._closed:
                raise TargetError("The connection to the device has been closed.")
            if self._phone is None:
                self._adb = self._adb or Adb(self._environment)
                usual = None if self._request.address else self._environment.get(SERIAL_VARIABLE) or None
                try:
                    self._phone = open_phone(self._adb, self._request.address or usual)
                except TargetError as error:
                    raise TargetError(f"{error} {SERIAL_VARIABLE} names it." if usual else str(error)) from error
            return self._phone

    def _find_way(self) -> App | Tool:
        """The app, or the tool; the tool first where the user has named one."""
        phone = self._open()
        if self._way is None:
            apps = [] if self._environment.get(VARIABLE) else find_apps(phone)
            if apps:
                if len(apps) > 1:
                    self._progress.say(f"{phone.name}: measuring by {apps[0]}, the first of {', '.join(apps)}")
                self._way = App(phone, apps[0])
            elif (program := find_tool(phone, self._environment)) is not None:
                self._way = Tool(phone, program)
            else:
                raise TargetError(
                    f"{phone.name} has no EdgeKit app, and no benchmark_model. Install an app (edgekit export MODEL "
                    f"--to android), or give LiteRT's benchmark_model: its path here in {VARIABLE}, or the program "
                    f"there as {ON_DEVICE} (docs/android.md)."
                )
        return self._way

    def _measure_by_app(self, app: App, path: Path, protocol: LatencyProtocol, threads: int | None) -> Measurement:
        seconds = Job("", protocol).seconds
        begin = time.monotonic()
        found = app.run(AppRequest(path, protocol, self._delegate, threads or 1, seconds))
        seconds = time.monotonic() - begin
        emulation = self._emulation
        with reading():
            return read_app_result(found, emulation, seconds)

    @functools.cached_property
    def _emulation(self) -> str | None:
        return find_emulation(parse_properties(self._open().script("getprop").output))

    def _measure_by_tool(self, tool: Tool, path: Path, protocol: LatencyProtocol, threads: int | None) -> Measurement:
        phone = self._open()
        device = self.describe()
        run = ToolRun(tool.send(path), path.name, protocol, self._delegate, threads or 1)
        before = read_state(phone.script(STATE).output)
        found = tool.run(run)
        state = before.joined(read_state(phone.script(STATE).output))
        return Measurement(
            engine=EngineInfo("benchmark_model", "unknown", found.kernels, run.threads),
            device=device,
            load_ms=found.init_ms,
            first_call_ms=found.first_ms,
            durations=(),
            told=(found.times,),
            peak_memory_bytes=found.peak_bytes,
            base_memory_bytes=None,
            conditions=Conditions(phone=state),
            versions={"edgekit": __version__},
            accelerator=", ".join(found.delegates) or None,
        )

    def _runtime(self) -> str:
        return "LiteRT's benchmark_model" if isinstance(self._way, Tool) else "adb"


def _check_model(path: Path) -> None:
    if not path.exists():
        raise ModelFileError(f"There is no model at {path}. Check the path.")
    if path.suffix.lower() != _SUFFIX or not path.is_file():
        raise TargetError(
            f"{path.name} does not run on Android: the interpreter there runs {_SUFFIX} files. Export one with: "
            "edgekit export MODEL --to tflite:int8"
        )
