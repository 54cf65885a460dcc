"""Paths on the command line that are nearly right: answered with what was meant."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from edgekit.data.folders import find_images
from edgekit.errors import DataError, ModelFileError, SpecError, UsageError


def refuse_folder(path: Path, suffixes: Iterable[str]) -> None:
    """Says which model files lie in a folder that was named in place of one.

    Raises:
        UsageError: ``path`` is a folder, and has none of the suffixes.
    """
    wanted = tuple(suffixes)
    if not path.is_dir() or path.suffix.lower() in wanted:
        return
    files = sorted(str(file) for file in path.iterdir() if file.suffix.lower() in wanted) or _exported(path, wanted)
    if not files:
        raise UsageError(f"{path} is a folder, and no {' or '.join(wanted)} file lies in it. Name a model file.")
    raise UsageError(f"{path} is a folder; choose one of: {', '.join(files)}")


def _exported(folder: Path, wanted: tuple[str, ...]) -> list[str]:
    """The artifacts of an export folder whose models lie deeper: of a site, of an Android project."""
    from edgekit.manifest import Manifest

    with contextlib.suppress(ModelFileError, SpecError):
        files = (folder / entry.file for entry in Manifest.read(folder).artifacts)
        return [str(file) for file in files if file.suffix.lower() in wanted]
    return []


def expand_photos(paths: Iterable[Path]) -> list[Path]:
    """Photos as they are, and for each folder all images below it.

    Raises:
        DataError: a folder has no images, or cannot be listed.
    """
    photos: list[Path] = []
    for path in paths:
        if not path.is_dir():
            photos.append(path)
            continue
        found = find_images(str(path), ()).paths
        if not found:
            raise DataError(f"{path} is a folder without images. Name photos, or a folder of them.")
        photos += map(Path, found)
    return photos
