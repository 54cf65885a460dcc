"""Taking a foreign JSON document apart: every field is checked before it is used."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from edgekit.errors import ModelFileError
from edgekit.modelfile import read_model_file

_T = TypeVar("_T")

LARGEST_SIZE = 2**53
"""Integers beyond are not exact in JavaScript."""


def refuse(name: str, reason: str) -> NoReturn:
    """Raises :class:`ModelFileError`."""
    raise ModelFileError(f"{name} is not a sound TF.js model: {reason}. Get it again from where it came.")


def read_document(path: Path, name: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        ModelFileError: there is none.
    """
    try:
        document = json.loads(read_model_file(path))
    except (ValueError, RecursionError) as error:
        what = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON ({error})"
        refuse(name, f"{path.name} {what}; the file may be cut short")
    if not isinstance(document, dict):
        refuse(name, f"{path.name} holds no object")
    return document


def take(document: Any, key: str, kind: type[_T], name: str, default: _T | None = None) -> _T:
    """A field of this type; ``default`` where it is missing or null, if one is given."""
    value = document.get(key) if isinstance(document, dict) else None
    if value is None and default is not None:
        return default
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        refuse(name, f"the field {key!r} is missing or of the wrong type")
    return value


def objects(document: Any, key: str, name: str, *, optional: bool = False) -> list[dict[str, Any]]:
    """A field that is a list of objects."""
    found = take(document, key, list, name, [] if optional else None)
    if not all(isinstance(item, dict) for item in found):
        refuse(name, f"the field {key!r} is not a list of objects")
    return found


def texts(document: Any, key: str, name: str, *, optional: bool = False) -> list[str]:
    """A field that is a list of texts."""
    found = take(document, key, list, name, [] if optional else None)
    if not all(isinstance(item, str) for item in found):
        refuse(name, f"the field {key!r} is not a list of texts")
    return found


def number(document: Any, key: str, name: str) -> float:
    """A field that is a finite number."""
    value = document.get(key) if isinstance(document, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        refuse(name, f"the field {key!r} is not a number")
    return float(value)


def sizes(document: Any, key: str, name: str) -> tuple[int, ...]:
    """A field that is a shape."""
    found = take(document, key, list, name)
    if not all(type(item) is int and 0 <= item <= LARGEST_SIZE for item in found):
        refuse(name, f"the field {key!r} is not a shape")
    return tuple(found)
