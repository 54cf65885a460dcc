"""Which way a camera or a video is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.arguments import as_path, check_kind, check_whole
from edgekit.camera.address import is_address, without_password
from edgekit.camera.ffmpeg import FfmpegVideo, find_ffmpeg
from edgekit.camera.frames import FrameSource
from edgekit.camera.opencv import has_opencv, open_opencv_camera, open_opencv_video
from edgekit.camera.rpicam import CameraFormat, RpicamCamera, find_program
from edgekit.errors import CameraError, NoCameraError, UsageError, install_command

_VIDEOS = "mp4 m4v mov avi mkv webm mpg mpeg mjpg mjpeg ts m2ts wmv 3gp ogv flv"

VIDEO_SUFFIXES = frozenset(f".{suffix}" for suffix in _VIDEOS.split())


@dataclass(frozen=True)
class Tools:
    """What is there to open cameras with.

    Attributes:
        rpicam: path of ``rpicam-vid``, or ``None``.
        opencv: whether OpenCV is installed.
    """

    rpicam: str | None
    opencv: bool


def find_tools() -> Tools:
    """Looks them up."""
    return Tools(find_program(), has_opencv())


def ways_to_open(camera: int | str, tools: Tools) -> tuple[str, ...]:
    """The ways that are tried, in this order: ``rpicam``, ``opencv``.

    Where ``rpicam-vid`` is installed, a number is one of the cameras that it lists first of all: those on the Pi's own
    connector, which OpenCV cannot read. A USB camera beside none of those is found by OpenCV then.
    """
    ways = []
    if isinstance(camera, int) and tools.rpicam:
        ways.append("rpicam")
    if tools.opencv:
        ways.append("opencv")
    return tuple(ways)


def is_video(path: Path) -> bool:
    """Whether a file's name says that it is a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def open_camera(
    camera: int | str | os.PathLike[str] = 0, width: int = 640, height: int = 480, fps: float | None = None
) -> FrameSource:
    """Opens a camera and waits for its first frame.

    Args:
        camera: its number, its path (``/dev/video2``), the address of a network camera (``rtsp://...``), or a video
            file, which then plays as fast as it is looked at.
        width: pixels that are asked for; the camera delivers the nearest that it can.
        height: likewise.
        fps: frames per second that are asked for; ``None`` for the camera's own choice.

    Raises:
        NoCameraError: there is no such camera.
        CameraError: it is in use, may not be used, sends nothing, or nothing here can open cameras.
        UsageError: an argument of the wrong type.
    """
    check_whole(width, "width")
    check_whole(height, "height")
    if fps is not None:
        check_kind(fps, "fps", (int, float), "a number")
    if not isinstance(camera, int):
        camera = os.fspath(camera) if isinstance(camera, os.PathLike) else camera
        check_kind(camera, "The camera", str, "a number, a path such as /dev/video0, or an address")
        if camera.isdecimal():
            camera = int(camera)
    if isinstance(camera, str):
        path = Path(camera)
        if not is_address(camera) and not camera.startswith("/dev/"):
            if not camera.strip() or (not path.exists() and not is_video(path)):
                raise UsageError(
                    f"{without_password(camera)!r} is no camera. Give its number (0, 1, ...), its path (/dev/video0), "
                    "or an address (rtsp://...)."
                )
            return open_video(path)
    elif camera < 0:
        raise UsageError(f"Cameras are counted from 0. Got: {camera}.")
    return _try_ways(camera, CameraFormat(width, height, fps), find_tools())


def open_video(path: str | os.PathLike[str]) -> FrameSource:
    """Opens a video file, with OpenCV, or with ``ffmpeg`` where that is installed and OpenCV is not.

    Raises:
        CameraError: it is missing, is no readable video, or nothing here can read videos.
    """
    path = as_path(path, "The video")
    if not path.is_file():
        raise CameraError(f"There is no file {path}." if not path.exists() else f"{path} is no regular file.")
    if not os.access(path, os.R_OK):
        raise CameraError(f"{path} may not be read by this user.")
    if path.stat().st_size == 0:
        raise CameraError(f"{path} is not a readable video (the file is empty).")
    if has_opencv():
        return open_opencv_video(path)
    if (program := find_ffmpeg()) is not None:
        return FfmpegVideo(program, path)
    raise CameraError(
        f"Videos are read with OpenCV or with the program ffmpeg, and neither is installed. Install one of them: "
        f"{install_command('camera')}, or sudo apt install ffmpeg."
    )


def _try_ways(camera: int | str, wanted: CameraFormat, tools: Tools) -> FrameSource:
    ways: Sequence[str] = ways_to_open(camera, tools)
    if not ways:
        pi = (
            ""
            if isinstance(camera, str)
            else " A Raspberry Pi's own camera needs rpicam-vid only: sudo apt install rpicam-apps."
        )
        raise CameraError(
            f"A camera is read with OpenCV, which is not installed. Install it with: {install_command('camera')}.{pi}"
        )
    missing: list[str] = []
    for way in ways:
        try:
            if way == "rpicam":
                assert isinstance(camera, int)
                return RpicamCamera(str(tools.rpicam), camera, wanted)
            return open_opencv_camera(camera, wanted)
        except NoCameraError as error:
            missing.append(str(error))
    if ways == ("rpicam",):
        missing.append(f"A USB camera is read with OpenCV: {install_command('camera')}.")
    raise NoCameraError(" ".join(missing))
