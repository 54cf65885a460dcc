"""What ``edgekit predict`` is given: photos, videos, and folders of photos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgekit.camera.address import is_address, without_password
from edgekit.camera.opening import is_video
from edgekit.cli.paths import expand_photos
from edgekit.data.folders import find_images
from edgekit.errors import DataError, UsageError


@dataclass(frozen=True)
class Input:
    """A file, and whether it is a video."""

    path: Path
    video: bool


def expand_inputs(paths: Iterable[Path]) -> tuple[list[Input], list[str]]:
    """Files as they are, and of each folder all photos below it.

    Returns:
        The files, and notes about what was left out: videos in folders, whose every frame would be recognized.

    Raises:
        DataError: a folder has no photos, or cannot be listed.
        UsageError: an address among them.
    """
    inputs: list[Input] = []
    notes: list[str] = []
    for path in paths:
        if is_address(str(path)) and not path.exists():
            shown = without_password(str(path))
            raise UsageError(f"{shown} is an address. A network camera is named with --camera; photos are files here.")
        if not path.is_dir():
            inputs.append(Input(path, is_video(path)))
            continue
        videos = sorted(file for file in path.rglob("*") if is_video(file) and file.is_file())
        named = f"{videos[0]}{' ...' if len(videos) > 1 else ''}" if videos else ""
        if videos and not find_images(str(path), ()).paths:
            raise DataError(f"{path} is a folder without photos, but with videos. Name the videos themselves: {named}")
        inputs += [Input(photo, False) for photo in expand_photos([path])]
        if videos:
            notes.append(
                f"{len(videos)} of the files in {path} are videos, and left out. "
                f"Name them to have them recognized: {named}"
            )
    return inputs, notes
