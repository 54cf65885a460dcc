"""What every source is turned into: a list of photos with their labels and sides.

A source (a folder today; tables, arrays and archives alike) is a function that returns a
:class:`Listing`. All that follows, from the check to the cache, knows nothing else of it.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Record:
    """One photo.

    Attributes:
        content: the path of an image file, or the bytes of one.
        name: what to call it; printable.
        label: the name of its class.
        part: its side, or ``None`` where train and validation are still to be told apart.
        folder: the folder under whose name a file's digest is remembered, a parent of the path;
            ``None`` for bytes.
    """

    content: str | bytes
    name: str
    label: str
    part: PartName | None
    folder: str | None = None


@dataclass(frozen=True)
class Listing:
    """All photos of a source, before any of them is read.

    Attributes:
        source: as the caller named it.
        class_names: in the order of the labels.
        records: in a fixed order.
        ignored, outside, first_outside, empty_folders, unused_folders: as in
            :class:`~edgekit.data.report.DataReport`.
    """

    source: str
    class_names: tuple[str, ...]
    records: tuple[Record, ...]
    ignored: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0
    first_outside: str | None = None
    empty_folders: tuple[str, ...] = ()
    unused_folders: tuple[str, ...] = ()


def printable(name: str) -> str:
    r"""A file's name that can be printed and written as UTF-8: other bytes become ``\xff``."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def class_name(folder: str) -> str:
    """The class that a folder's name stands for.

    Composed Unicode (NFC), because archives from macOS decompose letters: without it ``train/Bäume``
    and ``val/Bäume`` can differ.
    """
    return unicodedata.normalize("NFC", printable(folder))
