"""What every source is turned into: a list of photos with their labels and sides.

A source (a folder, a table, an archive, arrays, a stream) is a class that returns a :class:`Listing`.
All that follows, from the check to the cache, knows nothing else of it.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.spec import Label

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")


class PixelRows(Protocol):
    """Photos that are pixels already, in memory or mapped from a file."""

    @property
    def uniform(self) -> NDArray[np.uint8] | None:
        """All of them as one array (n, h, w, c) of uint8, without a copy; ``None`` where they are not."""

    def __len__(self) -> int: ...

    def read(self, index: int) -> NDArray[np.uint8]:
        """One photo, (h, w, c) uint8, values 0..255; to be read only."""


@dataclass(frozen=True, slots=True)
class Row:
    """A photo that is pixels already: a place in an array, nothing copied."""

    pixels: PixelRows
    index: int

    def read(self) -> NDArray[np.uint8]:
        """(h, w, c) uint8, values 0..255; to be read only."""
        return self.pixels.read(self.index)


Content = str | bytes | Row
"""The path of an image file, the bytes of one, or pixels."""


@dataclass(frozen=True, slots=True)
class Record:
    """One photo.

    Attributes:
        content: the path of an image file, the bytes of one, or pixels.
        name: what to call it; printable.
        labels: the names of its classes: one, or for photos with any number of labels each, any number.
        part: its side, or ``None`` where train and validation are still to be told apart.
        folder: the folder under whose name a file's digest is remembered, a parent of the path;
            ``None`` for what is no file.
        origin: where a table names it, as in ``photos.csv, line 7``; empty elsewhere.
    """

    content: Content
    name: str
    labels: tuple[str, ...]
    part: PartName | None
    folder: str | None = None
    origin: str = ""


@dataclass(frozen=True)
class Listing:
    """All photos of a source, before any of them is read.

    Attributes:
        source: as the caller named it.
        class_names: in the order of the labels.
        records: in a fixed order.
        multi_label: whether a photo can have several labels, or none.
        places: where the photos of each part come from, for messages; the source itself by default.
        labels_file: a file with the classes' display names that lies in the source.
        labels_name: what to call that file, where it is not its path.
        class_labels: the classes' display names and descriptions, once they are read.
        ignored, outside, first_outside, empty_folders, unused_folders: as in
            :class:`~edgekit.data.report.DataReport`.
    """

    source: str
    class_names: tuple[str, ...]
    records: tuple[Record, ...]
    multi_label: bool = False
    places: Mapping[PartName, str] = field(default_factory=dict)
    labels_file: str | None = None
    labels_name: str | None = None
    class_labels: tuple[Label, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0
    first_outside: str | None = None
    empty_folders: tuple[str, ...] = ()
    unused_folders: tuple[str, ...] = ()

    def place(self, part: PartName) -> str:
        """Where the photos of a part come from, for messages."""
        return self.places.get(part, self.source)

    @property
    def divided(self) -> bool:
        """Whether it says which photos are for validation."""
        return any(record.part == "validation" for record in self.records)


def printable(name: str) -> str:
    r"""A file's name that can be printed and written as UTF-8: other bytes become ``\xff``."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def class_name(folder: str) -> str:
    """The class that a folder's name, or a table's cell, stands for.

    Composed Unicode (NFC), because archives from macOS decompose letters: without it ``train/Bäume``
    and ``val/Bäume`` can differ.
    """
    return unicodedata.normalize("NFC", printable(folder))


def shown(names: Iterable[object], limit: int = 20) -> str:
    """Names with commas between them; the first ``limit`` and how many more."""
    listed = [str(name) for name in names]
    more = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {more:,} more" if more > 0 else "")
