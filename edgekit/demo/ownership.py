"""What in a folder the demo made itself, so that ``--force`` removes nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from edgekit.errors import EdgeKitError, OutputError
from edgekit.manifest import Manifest

MARKER = ".edgekit-demo"
"""Hidden, so that it is no part of the data set."""


def mark(photos: Path) -> None:
    """Leaves the sign that the demo drew these photos."""
    (photos / MARKER).write_text("Drawn by edgekit demo, which may replace this folder.\n", encoding="utf-8")


def refuse_foreign(photos: Path, model: Path, dist: Path) -> None:
    """Stops before anything is removed that may be a person's own.

    The demo's photos carry its marker, and are drawn before the model; its export folder holds the
    exports of a model of that name, or, after an export that failed, at most logs.

    Raises:
        OutputError: one of the three exists and is not the demo's.
    """
    drawn = (photos / MARKER).is_file()
    for path, ours in ((photos, drawn), (model, drawn), (dist, _is_export_of(dist, model.stem))):
        if os.path.lexists(path) and not ours:
            raise OutputError(
                f"{path} was not made by edgekit demo, so --force does not replace it. "
                "Choose another folder with --output."
            )


def _is_export_of(dist: Path, name: str) -> bool:
    try:
        if {path.name for path in dist.iterdir()} <= {"logs"}:
            return True
        return Manifest.read(dist).name == name
    except (OSError, EdgeKitError):
        return False
