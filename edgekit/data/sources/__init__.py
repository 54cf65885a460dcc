"""Where photos come from: one class for each kind of source, the first that matches is taken.

To add a source, write a class with the form of :class:`~edgekit.data.sources.base.Source` and put it
into :data:`SOURCES`.
"""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgekit.data.classes import choose_classes, match_labels
from edgekit.data.dataset import DataOptions
from edgekit.data.label_file import read_label_file
from edgekit.data.records import Listing, PartName
from edgekit.data.sources.archive import ArchiveSource
from edgekit.data.sources.arrays import ArraysSource
from edgekit.data.sources.base import Request, Source
from edgekit.data.sources.directory import DirectorySource
from edgekit.data.sources.streams import (
    IterableSource,
    PyDatasetSource,
    SequenceSource,
    TensorFlowSource,
    is_used_up,
    refuse_unknown,
)
from edgekit.data.sources.table import DataFrameSource, TableFileSource
from edgekit.errors import DataError, UsageError
from edgekit.progress import SILENT, Progress
from edgekit.spec import Label

SOURCES: tuple[Source, ...] = (
    TableFileSource(),
    ArchiveSource(),
    DirectorySource(),
    DataFrameSource(),
    ArraysSource(),
    TensorFlowSource(),
    PyDatasetSource(),
    SequenceSource(),
    IterableSource(),
)

__all__ = [
    "SOURCES",
    "Request",
    "Source",
    "describe_source",
    "find_source",
    "is_used_up",
    "join",
    "list_labelled",
    "list_source",
    "read_class_labels",
    "source_name",
]


def find_source(source: Any) -> Source:
    """The kind of a source.

    Raises:
        UsageError: it is none.
    """
    if isinstance(source, str):
        _refuse_name(source)
    for kind in SOURCES:
        if kind.matches(source):
            return kind
    raise refuse_unknown(source)


def _refuse_name(name: str) -> None:
    """Refuses what cannot be the path of a source."""
    if not name.strip():
        raise UsageError(f"The source has no name: name a folder, a table or an archive. Got: {name!r}.")
    if "://" in name and not os.path.lexists(name):
        raise UsageError(f"{name} is an address. Download the data, and name the folder, table or archive.")


def describe_source(source: Any) -> str:
    """What to call a source in messages: its path, ``DataFrame``, ``arrays``, ...; of anything else the type."""
    kind = next((kind for kind in SOURCES if kind.matches(source)), None)
    return kind.describe(source) if kind else type(source).__name__


def source_name(source: Any) -> str | None:
    """A name for a model that is trained on a source, or ``None`` where it has none."""
    kind = next((kind for kind in SOURCES if kind.matches(source)), None)
    return kind.name(source) if kind else None


def list_source(source: Any, options: DataOptions, progress: Progress = SILENT) -> Listing:
    """Lists a source for training, with the validation and test sources that the options name.

    Raises:
        DataError: a source cannot be used, has fewer than two classes, or its parts do not fit together.
        UsageError: no source, or ``classes`` names one that is not there.
    """
    named: tuple[tuple[PartName, Any], ...] = (("validation", options.validation_source), ("test", options.test))
    others = [(part, other) for part, other in named if other is not None]
    apart = tuple(os.fspath(other) for _, other in others if isinstance(other, str | os.PathLike))
    request = Request(
        elsewhere=tuple(part for part, _ in others),
        apart=apart,
        known=options.classes,
        options=options,
        progress=progress,
    )
    kind = find_source(source)
    kinds = [find_source(other) for _, other in others]  # before any is read, which can take long
    listing = kind.list(source, request)
    for (part, other), own_kind in zip(others, kinds, strict=True):
        known = Request(part=part, known=listing.class_names, options=options, progress=progress)
        listing = join(listing, own_kind.list(other, known), part)
    chosen = choose_classes(listing, options.classes)
    return dataclasses.replace(chosen, class_labels=read_class_labels(listing, chosen.class_names, options))


def list_labelled(
    source: Any, labels: Sequence[str], part: PartName, options: DataOptions, progress: Progress = SILENT
) -> Listing:
    """Lists photos for an existing model: their classes are its labels.

    Args:
        source: any; ``part`` of it where it is divided.
        labels: the model's labels; they need not all occur. What indices mean.
        part: ``validation`` means the test part where there is no validation part.
        options: columns, cache, steps.
        progress: told about what takes long.

    Raises:
        DataError: the source cannot be used, or has a class that is no label.
        UsageError: no source.
    """
    request = Request(part=part, known=tuple(labels), options=options, progress=progress)
    return match_labels(find_source(source).list(source, request), labels)


def join(listing: Listing, other: Listing, part: PartName) -> Listing:
    """The listing with another one's photos as one of its parts."""
    if other.multi_label and not listing.multi_label:
        raise DataError(
            f"The photos of {other.source} have several labels, or none, but those of {listing.source} have one each. "
            "Label both alike."
        )
    return dataclasses.replace(
        listing,
        class_names=tuple(dict.fromkeys((*listing.class_names, *other.class_names))),
        records=(*listing.records, *other.records),
        places={**listing.places, part: other.place(part)},
        ignored=dict((Counter(listing.ignored) + Counter(other.ignored)).most_common()),
        outside=listing.outside + other.outside,
        first_outside=listing.first_outside or other.first_outside,
        empty_folders=(*listing.empty_folders, *other.empty_folders),
        unused_folders=(*listing.unused_folders, *other.unused_folders),
    )


def read_class_labels(listing: Listing, class_names: Sequence[str], options: DataOptions) -> tuple[Label, ...]:
    """The classes' display names and descriptions: from the file that was named, else from the source's own."""
    path = options.labels if options.labels is not None else listing.labels_file
    if path is None:
        return ()
    name = listing.labels_name if options.labels is None else None
    empty = (Path(folder).name for folder in listing.empty_folders)
    texts = read_label_file(path, (*listing.class_names, *empty), name)
    return tuple(texts.get(name, Label(name)) for name in class_names)
