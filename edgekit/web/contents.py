"""What a site consists of, as its page reads it in ``manifest.json``: its models, and the files of the page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgekit.digest import NOT_OURS, sha256_of
from edgekit.manifest import ManifestEntry

MODELS = "models"
"""The folder of a site that has its models."""

_LONGEST = 100
"""Letters, so that a file system has room for the precision, the suffix and a temporary name."""

FORMATS = ("tfjs", "tflite")
"""Those that a browser runs; targets/browser/src/engines/engine.ts has the engines."""


def file_stem(name: str) -> str:
    """What to call a model's files in a site: ASCII without anything that an address would have to encode.

    A path in the manifest is then the same text as the end of the address that a browser asks for.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-.")[:_LONGEST] or "model"


def describe_models(folder: Path, entries: Sequence[ManifestEntry]) -> list[dict[str, Any]]:
    """The list ``models`` of a site's manifest; all paths are relative to the site.

    Args:
        folder: the site, with these models.
        entries: its artifacts; ``file`` is relative to the site.

    Returns:
        Of each its ``id``, ``format``, ``precision``, ``url`` (what the library loads), ``bytes`` and ``files``. A
        file has ``path``, ``bytes`` and ``sha256`` (hex).

    Raises:
        ModelFileError: a file is missing or cannot be read.
    """
    return [_describe_model(folder, entry) for entry in entries if entry.format in FORMATS]


def files_in(folder: Path) -> list[str]:
    """All files below a folder, relative to it, sorted as text; hidden ones are left out."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.name not in NOT_OURS)
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def _describe_model(folder: Path, entry: ManifestEntry) -> dict[str, Any]:
    path = folder / entry.file
    parts = [f"{entry.file}/{name}" for name in files_in(path)] if path.is_dir() else [entry.file]
    files = [_describe_file(folder, part) for part in parts]
    return {
        "id": path.name,
        "format": entry.format,
        "precision": entry.precision,
        "url": f"{entry.file}/model.json" if entry.format == "tfjs" else entry.file,
        "bytes": sum(file["bytes"] for file in files),
        "files": files,
    }


def _describe_file(folder: Path, path: str) -> dict[str, Any]:
    digest = sha256_of(folder / path).hex()
    return {"path": path, "bytes": (folder / path).stat().st_size, "sha256": digest}
