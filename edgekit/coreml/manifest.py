"""A Core ML package's ``Manifest.json``: which of its files is the model, and which are its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import ModelFileError
from edgekit.modelfile import check_regular

MANIFEST = "Manifest.json"
DATA = "Data"
WEIGHTS = "weights"
_LARGEST = 1 << 20
"""Bytes; a manifest has some six hundred."""


@dataclass(frozen=True)
class Layout:
    """Where the parts of a package lie.

    Attributes:
        model: the file of the model.
        weights: the folder of its weights; ``None`` for a model that has none apart.
    """

    model: Path
    weights: Path | None


def read_layout(package: Path) -> Layout:
    """Reads and checks a package's manifest; nothing that it names lies outside of the package.

    Raises:
        ModelFileError: missing, no package, or its manifest is broken or leads out of it.
    """
    if not package.exists():
        raise ModelFileError(f"There is no Core ML package at {package}. Check the path.")
    if not package.is_dir():
        raise ModelFileError(f"{package} is a file. A Core ML package (.mlpackage) is a folder; give the whole folder.")
    if not (package / MANIFEST).exists():
        raise ModelFileError(f"{package} is no Core ML package: it has no {MANIFEST}.")
    items, root = _read_items(package)
    if root not in items:
        raise _broken(package, "it does not say which item is the model")
    model = _inside(package, items[root])
    check_regular(model)
    folders = [_inside(package, path) for key, path in items.items() if key != root]
    weights = next((folder for folder in folders if folder.name == WEIGHTS), None)
    if weights is not None and not weights.is_dir():
        raise ModelFileError(f"{package} is not complete: its folder {weights.relative_to(package)} is missing.")
    return Layout(model, weights)


def _read_items(package: Path) -> tuple[dict[str, str], str]:
    """The path of each item by its identifier, and the model's identifier."""
    path = package / MANIFEST
    check_regular(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise _broken(package, "it is too large")
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(package, str(error)) from error
    if not isinstance(document, dict) or not isinstance(document.get("itemInfoEntries"), dict):
        raise _broken(package, "it lists no items")
    items: dict[str, str] = {}
    for key, item in document["itemInfoEntries"].items():
        if not isinstance(item, dict) or not isinstance(item.get("path"), str):
            raise _broken(package, "an item has no path")
        items[key] = item["path"]
    return items, str(document.get("rootModelIdentifier"))


def _inside(package: Path, name: str) -> Path:
    """A path in the package's folder of data; links that lead out of it are refused, too."""
    path = package / DATA / name
    try:
        inside = path.resolve().is_relative_to((package / DATA).resolve()) and ".." not in Path(name).parts
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        inside = False
    if not inside or path.resolve() == (package / DATA).resolve():
        raise ModelFileError(f"{package / MANIFEST} names {name!r}, which lies outside of the package. Do not use it.")
    return path


def _broken(package: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{package / MANIFEST} is not a readable manifest ({reason}). Export the model again.")
