"""What must not be opened: files that reach out of their folder, or need code of their own."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from edgekit.errors import ModelFileError, UnsupportedModelError
from edgekit.onnxfile.model import ONNXFile

KNOWN_DOMAINS = frozenset({"", "ai.onnx.ml", "com.microsoft"})
"""Operator sets that onnxruntime brings itself; the others come as libraries of native code."""

_SHOWN = 3


def check_safe(model: ONNXFile, path: Path) -> None:
    """Refuses a model that wants weights from outside of its folder, or operators that onnxruntime lacks.

    Args:
        model: the outline of the file.
        path: where the file lies.

    Raises:
        ModelFileError: a path leaves the folder, or there is no such file.
        UnsupportedModelError: an operator needs a library of its own.
    """
    for place in sorted(model.external):
        if not lies_inside(path.parent, place):
            raise ModelFileError(f"{path} takes weights from {place!r}, outside of its folder. Do not use it.")
        if not (path.parent / place).is_file():
            raise ModelFileError(f"{path} keeps weights in {place!r}, which is missing. Put it beside the model.")
    foreign = sorted(f"{domain}.{name}" for domain, name in model.operators if domain not in KNOWN_DOMAINS)
    if foreign:
        more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
        raise UnsupportedModelError(
            f"{path} needs the custom operators {', '.join(foreign[:_SHOWN])}{more}, which come as native code that "
            "EdgeKit does not load. Convert the model with standard ONNX operators."
        )


def lies_inside(folder: Path, place: str) -> bool:
    """Whether a place that a model names is a file in its folder, whatever the system, links followed."""
    for pure in (PurePosixPath(place), PureWindowsPath(place)):
        if not place or pure.is_absolute() or pure.drive or pure.root or ".." in pure.parts:
            return False
    try:
        folder = folder.resolve()
        return (folder / place).resolve().is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return False
