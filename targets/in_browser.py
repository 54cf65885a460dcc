"""A browser: one that is installed here, or whatever opens the page's address.

``browser``, ``browser:wasm``, ``browser:litert-webgpu``, ``browser@remote``, ``browser:wasm@remote-https/phone``. Both
ways are one: a page that this machine serves takes jobs and sends results back (:mod:`edgekit.remote.browser`).
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import EdgeKitError, ModelFileError, TargetError, UsageError
from edgekit.measure.answers_worker import AnswersJob, PhotoAnswers
from edgekit.measure.device import Device, describe_device
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.memory import PeakWatch
from edgekit.measure.told import Told, ToldError
from edgekit.measure.worker import Measurement
from edgekit.progress import SILENT, Progress
from edgekit.remote.browser.engines import BY_SUFFIX, NAMES, lacking
from edgekit.remote.browser.page import Page, open_here, open_remote
from edgekit.remote.browser.visits import Job
from edgekit.targets import register
from edgekit.targets.base import Limits, TargetRequest
from edgekit.targets.library import (
    check_engine,
    limits,
    read_answers,
    read_measurement,
    read_spec,
    reading,
    seconds_for,
)

REMOTE, REMOTE_HTTPS = "remote", "remote-https"

_THREADS = "A browser decides itself how many threads an engine has."

_MOST_CORES = 4096


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
        self._opening = threading.Lock()  # held while the page is opened, which close() must not wait for
        self._state = threading.Lock()
        self._page: Page | None = None
        self._failure: EdgeKitError | None = None
        self._closed = False

    @property
    def limits(self) -> Limits:
        """See :class:`~edgekit.targets.base.Limited`."""
        return limits(BY_SUFFIX, None, _THREADS)

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        with reading("The browser"):
            return _device(Told(self.page().device()), self._remote)

    def views(self, path: Path) -> Mapping[str, BrowserEngine]:
        """See :class:`~edgekit.targets.base.ManyEngines`."""
        if not self.limits.runs(path):
            raise TargetError(f"No engine in a browser runs {path.name}. They run {' and '.join(BY_SUFFIX)}.")
        device = self.page().device()
        address = f"@{self._request.address}" if self._request.address else ""
        return {
            f"{self._request.name}:{engine}{address}": BrowserEngine(self, engine)
            for engine in BY_SUFFIX.get(path.suffix.lower(), ())
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
        with self._state:
            self._closed, page = True, self._page
        if page is not None:
            page.close()

    def page(self) -> Page:
        """The open page. One that did not open once is not waited for again.

        Raises:
            EdgeKitError: it cannot be opened, or nobody opened it.
        """
        with self._opening:
            if self._failure is not None:
                raise self._failure
            try:
                page = self._page or self._opened()
                page.device()
            except EdgeKitError as error:
                self._failure = error
                raise
            return page

    def _opened(self) -> Page:
        if self._closed:
            raise TargetError("The browser has been closed.")
        page = self._open()
        with self._state:
            self._page, closed = page, self._closed
        if closed:  # meanwhile, by another thread
            page.close()
        return page

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

    @property
    def limits(self) -> Limits:
        """See :class:`~edgekit.targets.base.Limited`."""
        return limits(BY_SUFFIX, self._engine, _THREADS)

    def describe(self) -> Device:
        """See :class:`~edgekit.targets.base.Target`."""
        return self._browser.describe()

    def measure(self, path: Path, protocol: LatencyProtocol, threads: int | None = None) -> Measurement:
        """See :class:`~edgekit.targets.base.Target`."""
        self._check(path, threads)
        page, device = self._open()
        watch = PeakWatch(page.processes())
        begin = time.monotonic()
        reply = self._run(page, path, {"op": "measure", "protocol": asdict(protocol)}, {}, seconds_for(protocol))
        with reading("The browser"):
            return read_measurement(Told(reply), device, watch, time.monotonic() - begin)

    def answer(self, path: Path, pixels: NDArray[np.uint8], threads: int | None = None) -> PhotoAnswers:
        """See :class:`~edgekit.targets.base.Target`."""
        self._check(path, threads)
        spec = read_spec(path)
        page, _ = self._open()
        request = {"op": "answer", "pixels": "pixels", "count": len(pixels), "shape": list(pixels.shape[1:])}
        content = {"pixels": np.ascontiguousarray(pixels).tobytes}
        reply = Told(self._run(page, path, request, content, AnswersJob.seconds(len(pixels))))
        with reading("The browser"):
            return read_answers(reply.part("engine"), _floats(reply["outputs"]), len(pixels), spec)

    def close(self) -> None:
        """See :class:`~edgekit.targets.base.Target`."""
        self._browser.close()

    def _check(self, path: Path, threads: int | None) -> None:
        """What needs no browser: nobody shall fetch a phone for nothing."""
        self.limits.check_threads(threads)
        check_engine(self._engine, path, BY_SUFFIX)
        if not path.exists():
            raise ModelFileError(f"There is no model at {path}. Check the path.")

    def _open(self) -> tuple[Page, Device]:
        page = self._browser.page()
        if (missing := lacking(self._engine, page.device())) is not None:
            raise TargetError(f"The engine {self._engine} does not work in this browser: {missing}.")
        return page, self._browser.describe()

    def _run(
        self,
        page: Page,
        path: Path,
        request: Mapping[str, Any],
        content: Mapping[str, Callable[[], bytes]],
        seconds: float,
    ) -> dict[str, Any]:
        files, model = _files(path)
        asked = {**request, "name": path.name, "model": model, "engine": self._engine}
        return page.visit.run(Job(asked, {**files, **content}, path.name, seconds))


def _files(path: Path) -> tuple[dict[str, Callable[[], bytes]], str]:
    """What a page fetches of an artifact, by its path, and the path of the model in it."""
    if path.is_file():
        return {path.name: path.read_bytes}, path.name
    found = {file.relative_to(path).as_posix(): file.read_bytes for file in path.rglob("*") if file.is_file()}
    return dict(found), "model.json"


def _floats(outputs: object) -> NDArray[np.float32]:
    """Single precision in Base64, little-endian."""
    try:
        return np.frombuffer(base64.b64decode(outputs, validate=True), "<f4").astype(np.float32)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ToldError("outputs is no Base64 of single precision numbers") from None


def _device(told: Told, remote: bool) -> Device:
    """Of another device only what its browser tells is known."""
    context = "secure context" if told["secure_context"] is True else "insecure context"
    isolated = "isolated" if told["cross_origin_isolated"] is True else "not isolated, so no threads"
    runtime = f"{told.text('browser') or 'unknown browser'} ({context}, {isolated})"
    here = describe_device()
    if not remote:
        return Device(**{**asdict(here), "runtime": runtime})
    model, platform = told.text("model"), told.text("platform")
    return Device(
        name=model or platform or "unknown",
        model=model or told.text("webgl") or "unknown",
        os=platform or "unknown",
        architecture=told.text("architecture") or "unknown",
        cores=told.whole("cores", 1, _MOST_CORES) or 1,
        memory_bytes=None,  # browsers round it to a power of two, and cut it off
        runtime=runtime,
        emulated=False,
        emulation=None,
        virtual=False,
    )
