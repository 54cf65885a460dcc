"""``edgekit predict`` with a camera or videos: each frame is answered while the source runs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from edgekit.camera import CameraError, FrameSource, open_camera, open_video
from edgekit.cli.camera_options import CameraOptions
from edgekit.cli.console import Console
from edgekit.cli.frame_screen import FrameScreen
from edgekit.cli.inputs import Input
from edgekit.cli.shown import write_json, write_text
from edgekit.errors import ImageError
from edgekit.report.predictions import predictions_text
from edgekit.runtime import Predictor

CAMERA_SECONDS = 12.0
"""Without a frame, after which a camera that says nothing has failed. The cameras' own limits, of at most 10 s, come
first: they know more about the reason."""

_WHOLE = 0.9
"""A video of fewer of the frames that it announces is worth a warning. Some files announce a few too many."""


@dataclass(frozen=True)
class FrameShow:
    """How frames are recognized and shown.

    Attributes:
        predictor: a classifier of photos.
        top: labels of a frame.
        language: of their names.
        frames: after how many results to end a source.
        console: where it goes.
        model: its name.
    """

    predictor: Predictor
    top: int
    language: str | None
    frames: int | None
    console: Console
    model: str


def show_camera(options: CameraOptions, show: FrameShow) -> None:
    """Until the camera ends, or somebody presses Ctrl-C: that is how one has seen enough of a camera.

    Raises:
        CameraError: it cannot be opened, or broke off.
        KeyboardInterrupt: of a file that was given as a camera, since that has an end of its own; after the summary.
    """
    assert options.camera is not None
    with open_camera(options.camera, options.width, options.height, options.fps) as source:
        if source.live:
            show.console.progress.say(f"Recognizing what {source.name} sees. Ctrl-C ends it.")
        screen = FrameScreen(show.console, "camera" if source.live else "video", source.name)
        try:
            _run(source, show, screen)
        except KeyboardInterrupt:
            if not source.live:
                screen.end(show.model)
                raise
    screen.end(show.model)


def show_files(inputs: Sequence[Input], show: FrameShow) -> int:
    """Photos and videos, each as soon as it is recognized; 1 where one could not be read."""
    failed = False
    for number, one in enumerate(inputs):
        if number and not show.console.as_json:
            click.echo()
        try:
            _show_video(one, show) if one.video else _show_photo(one, show)
        except (ImageError, CameraError) as error:
            failed = True
            show.console.progress.warn(str(error))
            if show.console.as_json:
                write_json({"video" if one.video else "photo": str(one.path), "error": str(error)})
    return 1 if failed else 0


def _show_photo(one: Input, show: FrameShow) -> None:
    predictions = show.predictor.classify(one.path, show.top, show.language)
    if show.console.as_json:
        write_json({"photo": str(one.path), "predictions": [each.to_dict() for each in predictions]})
    else:
        write_text(predictions_text(str(one.path), predictions, shutil.get_terminal_size().columns))


def _show_video(one: Input, show: FrameShow) -> None:
    with open_video(one.path) as source:
        if not show.console.as_json:
            write_text(str(one.path))
        screen = FrameScreen(show.console, "video", str(one.path))
        try:
            whole = _run(source, show, screen)
        except KeyboardInterrupt:
            screen.end(show.model)
            raise
    frames, expected = screen.totals.frames, int(getattr(source, "expected", 0))
    if whole and frames < _WHOLE * expected:
        show.console.progress.warn(f"{one.path} ended after {frames} of some {expected} frames. It may be damaged.")
    screen.end(show.model)


def _run(source: FrameSource, show: FrameShow, screen: FrameScreen) -> bool:
    """Shows results until the source ends (true), or there were enough (false)."""
    timeout = CAMERA_SECONDS if source.live else None
    options: dict[str, Any] = {"top": show.top, "language": show.language, "timeout": timeout}
    try:
        with show.predictor.classify_stream(source, **options) as stream:
            for result in stream:
                screen.take(result)
                if screen.totals.frames == show.frames:
                    return False
            return True
    finally:
        screen.clear()
