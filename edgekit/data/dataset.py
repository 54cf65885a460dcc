"""What the data package hands to training, calibration and verification.

A :class:`Dataset` is two or three :class:`Part` objects that share their class names; a part's
pixels come from an :class:`ImageStore`, which is a memory map or decodes on demand. Nothing here
reads a file.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.arguments import check_kind, check_whole
from edgekit.data.report import DataReport
from edgekit.errors import UsageError
from edgekit.spec import Label

Indices = NDArray[np.integer]
Labels = NDArray[np.integer]
Pixels = NDArray[np.uint8]

DEFAULT_CACHE_LIMIT = 20_000_000_000
"""Bytes of all cached pixels together: some 130,000 photos of 224x224."""


class ImageStore(Protocol):
    """Prepared photos, or other samples of one shape, in a fixed order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of every sample; of photos (height, width, channels)."""

    def __len__(self) -> int: ...

    def take(self, indices: Indices) -> NDArray[Any]:
        """The samples at ``indices``, in that order.

        Args:
            indices: (n,) integers in 0..len - 1; repeats are allowed.

        Returns:
            A new array (n, *shape): of photos uint8 with values 0..255, of other samples float32.

        Raises:
            ImageError: a photo that is decoded on demand has vanished or changed.
        """

    def subset(self, indices: Indices) -> ImageStore:
        """The samples at ``indices``, as a store of their own; nothing is copied."""


@dataclass(frozen=True)
class Part:
    """One side of the split.

    Attributes:
        name: ``train``, ``validation`` or ``test``.
        images: the prepared photos.
        labels: indices into the data set's class names, (n,) int64; or for photos with any number
            of labels each, (n, classes) uint8 of 0 and 1.
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
        test: only where the source has a test part, or one was named.
        report: what the check found.
        digest: SHA-256 (hex) over the class names and the content digest, labels and side of
            every photo; names and places of files do not matter.
        class_labels: one for each class, with its display names and descriptions; where the
            source brings none, the class names alone.
    """

    class_names: tuple[str, ...]
    train: Part
    validation: Part
    test: Part | None
    report: DataReport
    digest: str
    class_labels: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        if not self.class_labels:
            object.__setattr__(self, "class_labels", tuple(Label(name) for name in self.class_names))

    @property
    def multi_label(self) -> bool:
        """Whether a photo can have several labels, or none."""
        return self.train.labels.ndim == 2


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

    def __post_init__(self) -> None:
        check_kind(self.enabled, "enabled", bool, "True or False")
        check_kind(self.directory, "the cache's directory", str | os.PathLike | None, "the path of a folder")
        check_whole(self.limit_bytes, "limit_bytes", 0)


@dataclass(frozen=True)
class Columns:
    """Which columns of a table say what; what is not given is found by its common names.

    Attributes:
        image: the column of the photos' paths.
        label: the column of the labels; or several columns of 0 and 1, one for each class.
        split: the column that says ``train``, ``validation`` or ``test``.
    """

    image: str | None = None
    label: str | tuple[str, ...] | None = None
    split: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.label, list):
            object.__setattr__(self, "label", tuple(self.label))
        labels = self.label if isinstance(self.label, tuple) else (self.label,)
        for name in (self.image, self.split, *labels):
            if name is not None and not isinstance(name, str):
                raise UsageError(f"A column is known by its name. Got: {name!r}.")


@dataclass(frozen=True)
class DataOptions:
    """How a source is read and split.

    Attributes:
        validation: the share 0..1 of the photos that is kept for validation where the source does not
            say itself; or another source of any kind, taken as the validation part; or ``None``: the
            source must say itself.
        classes: the classes to use, in this order; all of them by default. Where labels are numbers,
            these are the names of 0, 1, 2, ...
        seed: of the split, 0 or more.
        skip_unreadable: leave out files that cannot be decoded, instead of refusing them.
        cache: where decoded photos are kept.
        test: another source, taken as the test part.
        columns: which columns of a table say what.
        root: the folder that a table's paths start from; by default the table's own folder, for a
            DataFrame the working directory.
        labels: a CSV file with the classes' display names and descriptions; by default ``labels.csv``
            in the source, if there is one.
        steps: how many items (or batches) to take of a stream, for one that never ends.

    Raises:
        UsageError: a value has a wrong type or is out of range.
    """

    validation: Any = 0.2
    classes: tuple[str, ...] | None = None
    seed: int = 0
    skip_unreadable: bool = False
    cache: CachePolicy = field(default_factory=CachePolicy)
    test: Any = None
    columns: Columns | None = None
    root: str | os.PathLike[str] | None = None
    labels: str | os.PathLike[str] | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        check_kind(self.skip_unreadable, "skip_unreadable", bool, "True or False")
        check_kind(self.cache, "cache", CachePolicy, "a CachePolicy")
        check_kind(self.columns, "columns", Columns | None, "Columns(image=..., label=..., split=...)")
        check_kind(self.root, "root", str | os.PathLike | None, "the path of a folder")
        check_kind(self.labels, "labels", str | os.PathLike | None, "the path of a CSV file")
        check_whole(self.seed, "seed", 0)
        if self.steps is not None:
            check_whole(self.steps, "steps", 1)
        if self.classes is not None:
            if isinstance(self.classes, str) or not isinstance(self.classes, Sequence):
                raise UsageError(f"classes is a list of names, as in ['cat', 'dog']. Got: {self.classes!r}.")
            object.__setattr__(self, "classes", tuple(_class_name(name) for name in self.classes))
        if isinstance(self.validation, bool) or isinstance(self.test, numbers.Real):
            wrong = self.validation if isinstance(self.validation, bool) else self.test
            raise UsageError(f"validation is a share or a source, and test is a source. Got: {wrong!r}.")
        if self.share is not None and not 0 < self.share < 1:
            raise UsageError(f"The share of photos for validation must lie between 0 and 1. Got: {self.validation}.")

    @property
    def share(self) -> float | None:
        """The share for validation; ``None`` where it is a source or missing."""
        return float(self.validation) if isinstance(self.validation, numbers.Real) else None

    @property
    def validation_source(self) -> Any | None:
        """The source for validation; ``None`` where it is a share or missing."""
        return None if isinstance(self.validation, numbers.Real) else self.validation


def _class_name(name: object) -> str:
    if isinstance(name, str):
        return name
    if isinstance(name, numbers.Integral) and not isinstance(name, bool):
        return str(int(name))
    raise UsageError(f"A class is known by its name. Got: {name!r}.")
