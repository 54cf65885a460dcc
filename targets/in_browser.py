"""A browser: one that is installed here, or whatever opens the page's address.

``browser``, ``browser:wasm``, ``browser:litert-webgpu``, ``browser@remote``, ``browser:wasm@remote-https/phone``. Both
ways are one: a page that this machine serves takes jobs and sends results back (:mod:`edgekit.remote.browser`).
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelFileError, TargetError, UsageError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers
from edgekit.measure.device import Device, describe_device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.memory import PeakWatch
from edgekit.measure.validity import Conditions
from edgekit.measure.worker import Job as LocalJob
from edgekit.measure.worker import Measurement
from edgekit.outputs import class_probabilities
from edgekit.progress import SILENT, Progress
from edgekit.remote.browser.engines import BY_SUFFIX, NAMES, lacking
from edgekit.remote.browser.page import Page, open_here, open_remote
from edgekit.remote.browser.visits import Job
from edgekit.runtime.engines.base import EngineInfo
from edgekit.runtime.loading import load
from edgekit.spec import ModelSpec
from edgekit.targets import register
from edgekit.targets.base import TargetRequest
from edgekit.version import __version__

REMOTE, REMOTE_HTTPS = "remote", "remote-https"


@register("browser", variants=NAMES, address="'remote', for a browser on another device", here=True)
def open_browser(request: TargetRequest, progress: Progress = SILENT) -> Browser | BrowserEngine:
    """The browser that a request names; of one engine, where it says which.

    Raises:
        UsageError: another address than ``remote``, ``remote-https``, or one of them with ``/NAME``.
    """
    address, _, name = (request.address or "").partition("/")
    if request.address is not None and address not in (REMOTE, REMOTE_HTTPS):
        raise UsageError(
            f"A browser on another device is written browser@{REMOTE} or browser@{REMOTE_HTTPS}; of several each has a "
            f"name of its own behind it, as in browser@{REMOTE}/phone. Got: {str(request)!r}."
        )
    opened = partial(open_here, progress, graphics=request.variant is None or request.variant.endswith("webgpu"))
    if address:
        opened = partial(open_remote, progress, name or "the device", https=address == REMOTE_HTTPS)
    browser = Browser(request, opened, remote=bool(address))
    return BrowserEngine(browser, request.variant) if request.variant else browser


class Browser:
    """One page in one browser, opened when it is first needed, with all engines that work in it.

    Args:
        request: of the user.
        opened: opens the page.
        remote: whether it is on another device.
    """

    def __init__(self, request: TargetRequest, opened: Callable[[], Page], remote: bool) -> None:
        self._request = request
        self._open = opened
        self._remote = remote
        self._lock = threading.Lock()
        self._page: Page | None = None
        self._closed = False

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        return _device(self.page().device, self._remote)

    def views(self, path: Path) -> Mapping[str, BrowserEngine]:
        """See :class:`~edgekit.targets.base.ManyEngines`."""
        device = self.page().device
        address = f"@{self._request.address}" if self._request.address else ""
        return {
            f"{self._request.name}:{engine}{address}": BrowserEngine(self, engine)
            for engine in _engines_for(path)
            if lacking(engine, device) is None
        }

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`; on the first engine that works."""
        return self._first(path).measure(path, protocol, threads)

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`; on the first engine that works."""
        return self._first(path).answer(path, pixels, threads)

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""
        self._closed = True
        with self._lock:
            if self._page is not None:
                self._page.close()

    def page(self) -> Page:
        """The open page.

        Raises:
            TargetError: it cannot be opened, or nobody opened it.
        """
        with self._lock:
            if self._closed:
                raise TargetError("The browser has been closed.")
            if self._page is None:
                self._page = self._open()
            return self._page

    def _first(self, path: Path) -> BrowserEngine:
        views = list(self.views(path).values())
        if not views:
            raise TargetError(f"No engine of this browser runs {path.name}.")
        return views[0]


class BrowserEngine:
    """One engine in a browser.

    Args:
        browser: where it runs.
        engine: one of :data:`~edgekit.remote.browser.engines.NAMES`.
    """

    def __init__(self, browser: Browser, engine: str) -> None:
        self._browser = browser
        self._engine = engine

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        return self._browser.describe()

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        request = {"op": "measure", "protocol": asdict(protocol)}
        watch = PeakWatch(self._browser.page().processes())
        reply = self._run(path, request, {}, LocalJob("", protocol).seconds, threads)
        benchmark = reply["benchmark"]
        engine = _engine(benchmark["engine"])
        return Measurement(
            engine=engine,
            device=self._browser.describe(),
            load_ms=float(benchmark["load_ms"]),
            first_call_ms=float(benchmark["first_call_ms"]),
            durations=tuple(round(1e6 * float(one)) for one in benchmark["durations"]),
            peak_memory_bytes=watch.peak(),
            base_memory_bytes=watch.base,
            conditions=Conditions(doubts=tuple(map(str, reply["doubts"]))),
            versions={"edgekit": __version__, engine.name: engine.version},
            accelerator=benchmark["engine"].get("adapter"),
            download_ms=float(benchmark["download_ms"]),
            read_ms=float(benchmark["read"]["p50"]),
        )

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        spec = _classifier(path)
        request = {"op": "answer", "pixels": "pixels", "count": len(pixels), "shape": list(pixels.shape[1:])}
        content = {"pixels": np.ascontiguousarray(pixels).tobytes}
        reply = self._run(path, request, content, AnswersJob.seconds(len(pixels)), threads)
        values = np.frombuffer(base64.b64decode(reply["outputs"]), "<f4").astype(np.float32)
        return PhotoAnswers(_engine(reply["engine"]), class_probabilities(values.reshape(len(pixels), -1), spec))

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""
        self._browser.close()

    def _run(
        self,
        path: Path,
        request: Mapping[str, Any],
        content: Mapping[str, Callable[[], bytes]],
        seconds: float,
        threads: int | None,
    ) -> dict[str, Any]:
        if threads is not None:
            raise UsageError("A browser decides itself how many threads an engine has. Leave --threads away.")
        if self._engine not in _engines_for(path):
            others = ", ".join(_engines_for(path)) or "none"
            raise TargetError(f"The engine {self._engine} does not run {path.name}. Those that do: {others}.")
        page = self._browser.page()
        if (missing := lacking(self._engine, page.device)) is not None:
            raise TargetError(f"The engine {self._engine} does not work in this browser: {missing}.")
        files, model = _files(path)
        asked = {**request, "name": path.name, "model": model, "engine": self._engine}
        try:
            return page.visit.run(Job(asked, {**files, **content}, path.name, seconds))
        except (KeyError, TypeError, ValueError) as error:
            raise TargetError(f"The browser sent a result that cannot be read ({error}).") from error


def _engines_for(path: Path) -> tuple[str, ...]:
    return BY_SUFFIX.get(path.suffix.lower(), ())


def _files(path: Path) -> tuple[dict[str, Callable[[], bytes]], str]:
    """What a page fetches of an artifact, by its path, and the path of the model in it."""
    if path.is_file():
        return {path.name: path.read_bytes}, path.name
    if not path.is_dir():
        raise ModelFileError(f"There is no model at {path}. Check the path.")
    found = {file.relative_to(path).as_posix(): file.read_bytes for file in path.rglob("*") if file.is_file()}
    return dict(found), "model.json"


def _classifier(path: Path) -> ModelSpec:
    with load(path) as predictor:
        if predictor.spec is None or not predictor.spec.is_classifier:
            raise UsageError(f"{path.name} is no classifier.")
        return predictor.spec


def _engine(told: Mapping[str, Any]) -> EngineInfo:
    name, _, version = str(told["version"]).rpartition(" ")
    kernels = str(told["kernels"]) + (", software rendering" if told.get("software") else "")
    return EngineInfo(name or str(told["name"]), version, kernels, _whole(told.get("threads")))


def _device(told: Mapping[str, Any], remote: bool) -> Device:
    """Of another device only what its browser tells is known."""
    context = "secure context" if told.get("secure_context") else "insecure context"
    isolated = "isolated" if told.get("cross_origin_isolated") else "not isolated, so no threads"
    runtime = f"{_text(told.get('browser')) or 'unknown browser'} ({context}, {isolated})"
    here = describe_device()
    if not remote:
        return Device(**{**asdict(here), "runtime": runtime})
    model, platform = _text(told.get("model")), _text(told.get("platform"))
    return Device(
        name=model or platform or "unknown",
        model=model or _text(told.get("webgl")) or "unknown",
        os=platform or "unknown",
        architecture=_text(told.get("architecture")) or "unknown",
        cores=_whole(told.get("cores")) or 1,
        memory_bytes=None,  # browsers round it to a power of two, and cut it off
        runtime=runtime,
        emulated=False,
        emulation=None,
        virtual=False,
    )


def _text(value: object) -> str:
    """What another device says of itself, for a table."""
    return str(value or "")[:100]


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
