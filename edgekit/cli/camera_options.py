"""The flags of a camera: ``--camera``, ``--resolution``, ``--fps``, ``--frames``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


class Resolution(click.ParamType):  # type: ignore[type-arg]  # generic only in newer clicks
    """``640x480``: width and height, as cameras call it."""

    name = "WIDTHxHEIGHT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", str(value))
        if not match:
            self.fail(f"{value!r} is no resolution. Write width and height, as in 640x480.", param, ctx)
        return int(match[1]), int(match[2])


@dataclass(frozen=True)
class CameraOptions:
    """What the command line says about a camera.

    Attributes:
        camera: number, path or address; ``None`` where none is wanted.
        width: pixels of a frame.
        height: likewise.
        fps: frames per second; ``None`` for the camera's own choice.
        frames: after how many results to end; ``None`` for never.
    """

    camera: str | None
    width: int
    height: int
    fps: float | None
    frames: int | None


def camera_options(function: Function) -> Function:
    """Adds the flags, given to the command as the argument ``camera``."""

    @click.option("--camera", metavar="CAMERA", help="A number (0), a path (/dev/video2), or an address (rtsp://...).")
    @click.option("--resolution", type=Resolution(), help="Of the camera's frames. [default: 640x480]")
    @click.option("--fps", type=click.FloatRange(0, min_open=True), help="Of the camera. [default: its own choice]")
    @click.option("--frames", type=click.IntRange(1), help="End after so many frames of a camera or video.")
    @wraps(function)
    def command(
        *args: Any,
        camera: str | None,
        resolution: tuple[int, int] | None,
        fps: float | None,
        frames: int | None,
        **options: Any,
    ) -> Any:
        from edgekit.errors import UsageError

        if camera is None and (resolution is not None or fps is not None):
            raise UsageError("--resolution and --fps are a camera's: give --camera, too.")
        width, height = resolution or (640, 480)
        return function(*args, camera=CameraOptions(camera, width, height, fps, frames), **options)

    return command  # type: ignore[return-value]
