"""Videos through the program ``ffmpeg``, where it is installed and OpenCV is not.

It writes each frame as a PPM picture into a pipe: a few bytes that tell the size, then the pixels, nothing to decode.
The times of the frames are what its filter ``showinfo`` tells on standard error.
"""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.camera.frames import ClosesItself, Frame
from edgekit.camera.process import PipedProcess
from edgekit.errors import CameraError

_HEADER = re.compile(rb"P6\n(\d+) (\d+)\n255\n")
_LONGEST_HEADER = 32
_TIME = re.compile(r"pts_time:\s*(-?[\d.]+)")
_VERSION = re.compile(r"ffmpeg version n?(\d+)\.(\d+)")
_SECONDS = 60.0
"""Without a frame; a damaged part of a long file may take a while to get over."""


def find_ffmpeg() -> str | None:
    """The path of ``ffmpeg``, or ``None``."""
    return shutil.which("ffmpeg")


def ffmpeg_command(program: str, path: Path, version: tuple[int, int] | None) -> list[str]:
    """What is run for a file.

    Args:
        program: path of ``ffmpeg``.
        path: of the video.
        version: of ``ffmpeg``; ``None`` where it does not say, as builds from its newest source.
    """
    every_frame = ["-vsync", "0"] if version is not None and version < (5, 1) else ["-fps_mode", "passthrough"]
    # An absolute path behind "file:", for a name may begin with "-" or look like an address.
    command = [program, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-i", f"file:{path.absolute()}"]
    command += ["-map", "0:V:0", "-vf", "showinfo=checksum=0", *every_frame]
    return [*command, "-pix_fmt", "rgb24", "-c:v", "ppm", "-f", "image2pipe", "-"]


class FfmpegVideo(ClosesItself):
    """The frames of one file.

    Args:
        program: path of ``ffmpeg``.
        path: of the video.

    Raises:
        CameraError: it is no video that ``ffmpeg`` can read.
    """

    live = False
    damaged = 0
    expected = 0

    def __init__(self, program: str, path: Path) -> None:
        self.name = str(path)
        self._closed = False
        self._data = bytearray()
        self._times = _Times()
        # Asked to end it would first write what it has, into a pipe that nobody reads any more.
        command = ffmpeg_command(program, path, _version(program))
        self._process = PipedProcess(command, self._times.read, grace_seconds=0)
        try:
            self._first = self._next()
        except BaseException:
            self.close()
            raise
        if self._first is None:
            log, ending = self._process.ending()
            raise CameraError(f"{path} is not a readable video ({_reason(log, path) or ending}).")

    def __iter__(self) -> Iterator[Frame]:
        pixels, self._first = self._first, None
        while pixels is not None or (pixels := self._next()) is not None:
            yield Frame(pixels, self._times.next())
            pixels = None

    def close(self) -> None:
        self._closed = True
        self._process.close()

    def _next(self) -> NDArray[np.uint8] | None:
        while (header := _HEADER.match(self._data)) is None:
            if len(self._data) > _LONGEST_HEADER:
                raise CameraError(f"{self.name}: ffmpeg sends something else than pictures.")
            if not self._more():
                return None
        width, height = int(header[1]), int(header[2])
        end = header.end() + width * height * 3
        while len(self._data) < end:
            if not self._more():
                return None
        pixels = np.frombuffer(bytes(self._data[header.end() : end]), np.uint8).reshape(height, width, 3)
        del self._data[:end]
        return pixels

    def _more(self) -> bool:
        try:
            data = self._process.read(_SECONDS)
        except TimeoutError:
            raise CameraError(f"{self.name}: ffmpeg sent no frame for {_SECONDS:g} s.") from None
        self._data += data
        return bool(data)


class _Times:
    """The times of frames, from a log in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._times: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._last = 0.0

    def read(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if b"showinfo" in line and (found := _TIME.search(line.decode("utf-8", "replace"))):
                self._times.put(float(found[1]))

    def next(self) -> float:
        # It is told before the frame is, but by another pipe.
        with contextlib.suppress(queue.Empty):
            self._last = max(self._times.get(timeout=1.0), 0.0)
        return self._last


def _version(program: str) -> tuple[int, int] | None:
    try:
        said = subprocess.run(
            [program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise CameraError(f"{program} cannot be run: {error}.") from error
    found = _VERSION.search(said)
    return (int(found[1]), int(found[2])) if found else None


def _reason(log: str, path: Path) -> str:
    """The last line that says something about the file."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in reversed(lines):
        for place in (f"file:{path.absolute()}", str(path.absolute())):
            line = line.removeprefix(f"Error opening input file {place}.").removeprefix(f"{place}: ")
        if line and not line.startswith(("Error opening input", "Conversion failed", "Exiting")):
            return re.sub(r"^(\[[^\]]*\] )+", "", line)[:200].rstrip(".")
    return ""
