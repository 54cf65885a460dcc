"""Cameras and videos through OpenCV, imported when the first one is opened (extra ``camera``)."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgekit.camera.address import is_address, without_password
from edgekit.camera.frames import ClosesItself, Frame
from edgekit.camera.rpicam import CameraFormat
from edgekit.errors import CameraError, NoCameraError

ANSWER_SECONDS = 10.0
"""For a network camera to open, and for each picture of it; OpenCV's own limit is 30 s."""

_CLOSE_SECONDS = 2.0
"""For a read that is on its way. OpenCV cannot interrupt one, and must not be released meanwhile."""


def has_opencv() -> bool:
    """Whether OpenCV is installed; nothing is imported."""
    return find_spec("cv2") is not None


class OpenCVSource(ClosesItself):
    """What ``cv2.VideoCapture`` reads.

    Args:
        capture: an open ``cv2.VideoCapture``.
        name: for a person.
        live: whether it is a camera.
        seconds: after which OpenCV gives up a picture that does not come; ``None`` where that is not known.
    """

    damaged = 0

    def __init__(self, capture: Any, name: str, live: bool, seconds: float | None = None) -> None:
        self.name = name
        self.live = live
        self._seconds = seconds
        self._silent = False
        self.expected = 0 if live else int(capture.get(import_module("cv2").CAP_PROP_FRAME_COUNT))
        """Frames that a video's file announces, roughly; 0 where it does not."""
        self._capture = capture
        self._closed = False
        self._reading = threading.Lock()
        self._first = self._read()
        if self._first is None:
            self.close()
            if self._silent:
                raise _silence(name, seconds)
            raise CameraError(f"{name} is open, but sends no picture. Does another program use it, or is it damaged?")

    def __iter__(self) -> Iterator[Frame]:
        frame, self._first = self._first, None
        while frame is not None or (frame := self._read()) is not None:
            yield frame
            frame = None
        if self.live and not self._closed:
            if self._silent:
                raise _silence(self.name, self._seconds)
            raise CameraError(f"{self.name} stopped sending pictures. Was it unplugged?")

    def close(self) -> None:
        self._closed = True
        if self._reading.acquire(timeout=_CLOSE_SECONDS):
            self._capture.release()
            self._reading.release()

    def _read(self) -> Frame | None:
        with self._reading:
            if self._closed:
                self._capture.release()  # by the thread whose read was on its way when it was closed
                return None
            begin = time.monotonic()
            read, pixels = self._capture.read()
            self._silent = self._seconds is not None and time.monotonic() - begin >= self._seconds
            if not read or pixels is None:
                return None
            if self.live:
                self._started = getattr(self, "_started", time.monotonic())
                seconds = time.monotonic() - self._started
            else:
                seconds = max(self._capture.get(import_module("cv2").CAP_PROP_POS_MSEC), 0.0) / 1000
        # OpenCV has blue first.
        return Frame(pixels[:, :, ::-1] if pixels.ndim == 3 else pixels, seconds)


def open_opencv_camera(device: int | str, wanted: CameraFormat) -> OpenCVSource:
    """A camera by its number, its path (``/dev/video2``), or the address of a network camera.

    Raises:
        NoCameraError: there is none.
        CameraError: it is in use, may not be used, or sends nothing.
    """
    cv2 = _import()
    name = f"camera {device if isinstance(device, int) else without_password(device)}"
    if isinstance(device, str) and is_address(device):
        return _open_address(cv2, device, name)
    path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
    if sys.platform == "linux":
        _check_device(path, name if isinstance(device, str) else f"{name} ({path})")
        capture = cv2.VideoCapture(str(path), cv2.CAP_V4L2)
    else:
        capture = cv2.VideoCapture(device)
    if not capture.isOpened():
        raise CameraError(f"{name} cannot be opened by OpenCV. Is it there, and does no other program use it?")
    with contextlib.suppress(Exception):  # wishes; what a driver refuses stays as it is
        # Few USB cameras have 30 uncompressed frames a second; and no more than one frame should wait.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
        if wanted.fps is not None:
            capture.set(cv2.CAP_PROP_FPS, wanted.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return OpenCVSource(capture, name, live=True)


def _open_address(cv2: Any, address: str, name: str) -> OpenCVSource:
    """A network camera, by the first of OpenCV's ways that can."""
    limit = int(ANSWER_SECONDS * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit]
    begin = time.monotonic()
    able = [way for way in (cv2.CAP_FFMPEG, cv2.CAP_GSTREAMER) if cv2.videoio_registry.hasBackend(way)]
    for way in able or [cv2.CAP_ANY]:
        capture = cv2.VideoCapture(address, way, limits) if able else cv2.VideoCapture(address)
        if capture.isOpened():
            return OpenCVSource(capture, name, live=True, seconds=ANSWER_SECONDS)
        if time.monotonic() - begin >= ANSWER_SECONDS:  # the next way would only wait, too
            raise _silence(name, ANSWER_SECONDS)
    raise CameraError(
        f"{name} cannot be opened by OpenCV. Is it switched on, and are the address and the password right?"
    )


def _silence(name: str, seconds: float | None) -> CameraError:
    return CameraError(f"{name} sent no picture for {seconds:g} s. Is it switched on, and is its address right?")


def open_opencv_video(path: Path) -> OpenCVSource:
    """A video file.

    Raises:
        CameraError: it is no video that OpenCV can read.
    """
    cv2 = _import()
    # Absolute: a name like "a:b.mp4" would be taken for an address. FFmpeg first: others take "100%1d.mp4" for many
    # files.
    for backend in (cv2.CAP_FFMPEG, cv2.CAP_ANY):
        capture = cv2.VideoCapture(str(path.absolute()), backend)
        if capture.isOpened():
            return OpenCVSource(capture, str(path), live=False)
    raise CameraError(f"{path} is not a readable video (OpenCV {cv2.__version__} cannot open it).")


def _check_device(path: Path, name: str) -> None:
    """Says why a device of Linux cannot be opened, which OpenCV does not tell."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except FileNotFoundError:
        others = sorted(str(other) for other in Path("/dev").glob("video*"))
        there = f"There are: {', '.join(others)}." if others else "This machine has no /dev/video device at all."
        raise NoCameraError(f"There is no {name}. {there}") from None
    except PermissionError:
        raise CameraError(
            f"{name} may not be used by this user. Join its group, and log in again: sudo usermod -aG video $USER"
        ) from None
    except OSError as error:
        raise CameraError(f"{name} cannot be opened: {(error.strerror or str(error)).lower()}.") from error


def _import() -> Any:
    # Read when it is imported: what it cannot open is told here, in one sentence.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        return import_module("cv2")
    except ImportError as error:  # as where a library of the system is missing
        raise CameraError(f"OpenCV is installed, but cannot be imported: {error}.") from error
