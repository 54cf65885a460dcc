"""A Raspberry Pi's camera through ``rpicam-vid``, which Raspberry Pi OS has; no Python package of the system is needed.

The program writes Motion JPEG and not raw YUV 4:2:0, because that is cheapest to read with Pillow and NumPy alone:
640x480 takes 0.9 ms to decode from a JPEG of quality 90; from YUV it takes Pillow 2.0 ms and NumPy 15.6 ms
(x86-64, Pillow 12). A frame that nobody looks at costs next to nothing, for it is not decoded; and the stream finds
back into step after damage, which raw frames without any mark never would.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgekit.camera.frames import ClosesItself, Frame
from edgekit.camera.mjpeg import JpegSplitter
from edgekit.camera.process import PipedProcess
from edgekit.errors import CameraError, NoCameraError

PROGRAMS = ("rpicam-vid", "libcamera-vid")
"""The second is its name until Raspberry Pi OS 12."""

_QUALITY = 90
"""Of the JPEGs; the program's default of 50 shows blocks that no training photo has."""

START_SECONDS = 10.0
"""Until the first frame: a camera starts within two."""

STALL_SECONDS = 5.0
"""Between two frames."""


@dataclass(frozen=True)
class CameraFormat:
    """What a camera is asked for; it delivers what it can.

    Attributes:
        width: pixels of a frame.
        height: likewise.
        fps: frames per second; ``None`` for the camera's own choice.
    """

    width: int = 640
    height: int = 480
    fps: float | None = None


def find_program(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The path of ``rpicam-vid``, or ``None``."""
    return next((path for name in PROGRAMS if (path := which(name))), None)


def rpicam_command(program: str, index: int, wanted: CameraFormat) -> list[str]:
    """What is run for the camera with this number."""
    command = [program, "--camera", str(index), "--codec", "mjpeg", "--quality", str(_QUALITY)]
    command += ["--width", str(wanted.width), "--height", str(wanted.height)]
    if wanted.fps is not None:
        command += ["--framerate", f"{wanted.fps:g}"]
    # No end, no window, every frame at once.
    return [*command, "--timeout", "0", "--nopreview", "--flush", "--output", "-"]


def explain(log: str, ending: str, index: int) -> CameraError:
    """What the program's last words mean for a person.

    Args:
        log: its standard error (messages: core/rpicam_app.cpp of rpicam-apps, camera.cpp of libcamera).
        ending: how it ended, as in ``exit code 255``.
        index: of the camera.
    """
    text = log.lower()
    if "permission denied" in text:
        return CameraError(
            f"Camera {index} may not be used by this user. "
            "Join its group, and log in again: sudo usermod -aG video $USER"
        )
    if "in use by another process" in text or "failed to acquire camera" in text or "resource busy" in text:
        return CameraError(f"Camera {index} is in use by another program. End that one first.")
    if "selected camera is not available" in text:
        return NoCameraError(f"There is no camera {index}. rpicam-hello --list-cameras shows which there are.")
    if "no cameras available" in text:
        return NoCameraError(
            "rpicam-vid finds no camera. Check both ends of its cable, and what rpicam-hello --list-cameras shows."
        )
    if "legacy camera stack" in text:
        return CameraError("The camera is set to the legacy stack. Turn that off in sudo raspi-config, and restart.")
    if "only supports the raspberry pi" in text:
        return NoCameraError("rpicam-vid runs on a Raspberry Pi only.")
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE)] or lines
    said = f": {errors[-1].strip('* ')[:300]}" if errors else ""
    return CameraError(f"Camera {index}: rpicam-vid ended ({ending}){said.rstrip('.')}.")


class RpicamCamera(ClosesItself):
    """One camera, delivering JPEGs. Opening it waits for the first frame.

    Args:
        program: its path.
        index: of the camera.
        wanted: size and rate.
        start_seconds: to wait for the first frame.
        stall_seconds: to wait for any other.

    Raises:
        NoCameraError: there is no such camera.
        CameraError: it is in use, may not be used, or sends nothing.
    """

    live = True

    def __init__(
        self,
        program: str,
        index: int,
        wanted: CameraFormat,
        start_seconds: float = START_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self.name = f"camera {index}"
        self._index = index
        self._seconds = stall_seconds
        self._closed = False
        self._splitter = JpegSplitter()
        self._process = PipedProcess(rpicam_command(program, index, wanted))
        try:
            self._first = self._wait_for_first(start_seconds)
        except BaseException:
            self.close()
            raise
        self._started = time.monotonic()

    @property
    def damaged(self) -> int:
        return self._splitter.damaged

    def __iter__(self) -> Iterator[Frame]:
        pictures, self._first = self._first, []
        while True:
            for picture in pictures:
                yield Frame(picture, time.monotonic() - self._started)
            if self._closed:
                return
            pictures = self._read(self._seconds)

    def close(self) -> None:
        self._closed = True
        self._process.close()

    def _wait_for_first(self, seconds: float) -> list[bytes]:
        pictures: list[bytes] = []
        deadline = time.monotonic() + seconds
        while not pictures:
            pictures = self._read(max(deadline - time.monotonic(), 0.0), seconds)
        return pictures

    def _read(self, seconds: float, stated: float | None = None) -> list[bytes]:
        try:
            data = self._process.read(seconds)
        except TimeoutError:
            log, _ = self._process.ending()
            last = log.strip().rpartition("\n")[2].strip()
            raise CameraError(
                f"Camera {self._index} sent no picture for {stated or seconds:g} s. Check its cable, and that "
                f"rpicam-hello shows a picture{f' (rpicam-vid said last: {last[:200]})' if last else ''}."
            ) from None
        if data:
            return self._splitter.feed(data)
        if self._closed:
            return []
        raise explain(*self._process.ending(), self._index)
