"""What the data package hands to training, calibration and verification.

A :class:`Dataset` is two or three :class:`Part` objects that share their class names; a part's
pixels come from an :class:`ImageStore`, which is a memory map or decodes on demand. Nothing here
reads a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.data.report import DataReport

Indices = NDArray[np.integer]
Labels = NDArray[np.int64]
Pixels = NDArray[np.uint8]

DEFAULT_CACHE_LIMIT = 20_000_000_000
"""Bytes of all cached pixels together: some 130,000 photos of 224x224."""


class ImageStore(Protocol):
    """Prepared photos, in a fixed order."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every photo."""

    def __len__(self) -> int: ...

    def take(self, indices: Indices) -> Pixels:
        """The photos at ``indices``, in that order.

        Args:
            indices: (n,) integers in 0..len - 1; repeats are allowed.

        Returns:
            A new array (n, height, width, channels) of uint8, values 0..255.

        Raises:
            ImageError: a photo that is decoded on demand has vanished or changed.
        """


@dataclass(frozen=True)
class Part:
    """One side of the split.

    Attributes:
        name: ``train``, ``validation`` or ``test``.
        images: the prepared photos.
        labels: (n,) int64, indices into the data set's class names.
        files: the photos' names, for messages and tables; always printable, so a name whose
            bytes are no UTF-8 has them escaped.
        digests: the photos' SHA-256, as bytes; empty where they are unknown.
    """

    name: str
    images: ImageStore
    labels: Labels
    files: tuple[str, ...]
    digests: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True)
class Dataset:
    """A labelled data set, checked, split and ready to be read.

    Attributes:
        class_names: in the order of the labels; sorted unless the caller chose another order.
        train: at least one photo of every class.
        validation: at least one photo.
        test: only where the source has a ``test`` folder.
        report: what the check found.
        digest: SHA-256 (hex) over the class names and the content digest, label and side of
            every photo; names and places of files do not matter.
    """

    class_names: tuple[str, ...]
    train: Part
    validation: Part
    test: Part | None
    report: DataReport
    digest: str


@dataclass(frozen=True)
class CachePolicy:
    """Where decoded photos are kept between runs, and how many.

    Attributes:
        enabled: ``False`` writes nothing: photos are decoded whenever they are needed.
        limit_bytes: of all cached pixels together; the least recently used are dropped, and a
            data set that is larger on its own is decoded on demand.
        directory: the folder; by default ``$EDGEKIT_CACHE``, or the user's cache folder.
    """

    enabled: bool = True
    limit_bytes: int = DEFAULT_CACHE_LIMIT
    directory: str | os.PathLike[str] | None = None


@dataclass(frozen=True)
class DataOptions:
    """How a source is read and split.

    Attributes:
        validation: the share 0..1 of the photos that is kept for validation where the source has
            no validation folder of its own; or another folder of class folders; or ``None``:
            the source must have a validation folder.
        classes: the classes to use, in this order; all of them by default.
        seed: of the split.
        skip_unreadable: leave out files that cannot be decoded, instead of refusing them.
        cache: where decoded photos are kept.
    """

    validation: float | Path | None = 0.2
    classes: tuple[str, ...] | None = None
    seed: int = 0
    skip_unreadable: bool = False
    cache: CachePolicy = field(default_factory=CachePolicy)
