"""From any source to a data set, or to photos for a model that exists."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.data.build import Checked, build_dataset, make_part, refuse_unreadable
from edgekit.data.dataset import CachePolicy, Columns, DataOptions, Dataset, Part
from edgekit.data.records import PARTS, PartName, Record
from edgekit.data.scan import scan
from edgekit.data.sources import list_labelled, list_source
from edgekit.errors import DataError, UsageError
from edgekit.progress import SILENT, Progress
from edgekit.spec import ImageFormat


def open_dataset(
    source: Any,
    image: ImageFormat,
    options: DataOptions | None = None,
    progress: Progress = SILENT,
) -> Dataset:
    """Opens photos for training.

    Args:
        source: a folder with one folder per class, or with ``train`` and ``val`` folders; a ``.zip`` or
            ``.tar`` of that; a ``.csv`` or ``.tsv`` file or a DataFrame with a photo's path and its labels in
            each row; a tuple (photos, labels) of arrays or lists; a ``tf.data.Dataset``, a
            ``keras.utils.PyDataset``, or an iterable of (photo, label), single or in batches.
        image: what every photo is turned into.
        options: split, classes, columns, seed, cache.
        progress: hears how the first pass goes, and of a cache that cannot be used.

    Raises:
        DataError: the source is missing, empty, has fewer than two classes or too few photos of one, has
            labels or values that mean nothing, or files that cannot be read and may not be skipped.
        UsageError: no source, or an option that is out of range or names what is not there.
        OutputError: a stream's photos do not fit on the disk.

    Example:
        >>> flowers = open_dataset("flowers", ImageFormat(224, 224))  # doctest: +SKIP
        >>> flowers.train.images.take(np.arange(32)).shape  # doctest: +SKIP
        (32, 224, 224, 3)
    """
    options = _checked(options)
    _check_format(image)
    return build_dataset(list_source(source, options, progress), image, options.share, options, progress)


def open_labelled(
    source: Any,
    image: ImageFormat,
    labels: Sequence[str],
    *,
    part: PartName = "validation",
    limit: int | None = None,
    skip_unreadable: bool = False,
    cache: CachePolicy | None = None,
    progress: Progress = SILENT,
    columns: Columns | None = None,
    root: str | os.PathLike[str] | None = None,
    steps: int | None = None,
    multi_label: bool | None = None,
) -> Part:
    """Opens photos whose classes are a model's labels, to evaluate or to calibrate on.

    Args:
        source: as for :func:`open_dataset`.
        image: from the model's spec.
        labels: the ids of the model's labels, in the order of its output; also what labels that are
            indices mean.
        part: which part to take of a source that is divided.
        limit: at most so many photos, of all classes alike: always the same ones.
        skip_unreadable: leave out files that cannot be decoded, instead of refusing them.
        cache: where decoded photos are kept.
        progress: hears how the first pass goes.
        columns: which columns of a table say what.
        root: the folder that a table's paths start from.
        steps: how many items to take of a stream.
        multi_label: whether the model answers any number of labels; ``None``: as the photos have them.

    Returns:
        A part whose labels are (n,) indices into ``labels``; or for several labels each, (n, labels) uint8.

    Raises:
        DataError: the source is missing or empty, has a class that is no label, has photos with several
            labels for a model that answers one, or files that cannot be read and may not be skipped.
        UsageError: no source, or the limit is below 1.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise UsageError(f"The number of photos must be at least 1. Got: {limit}.")
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise UsageError(f"labels is a list of the model's labels. Got: {labels!r}.")
    if part not in PARTS:
        raise UsageError(f"A part is one of {', '.join(PARTS)}. Got: {part!r}.")
    _check_format(image)
    options = DataOptions(
        skip_unreadable=skip_unreadable, cache=cache or CachePolicy(), columns=columns, root=root, steps=steps
    )
    listing = list_labelled(source, tuple(labels), part, options, progress)
    if listing.multi_label and multi_label is False:
        raise DataError(
            f"The photos of {listing.source} have several labels, or none, but the model answers one. Give each photo "
            "one label."
        )
    records = listing.records if limit is None else _spread(listing.records, limit)
    scanned = scan(records, image, options.cache, progress)
    for bad in refuse_unreadable(records, scanned, skip_unreadable):
        progress.warn(f"{bad.file} cannot be read and is left out ({bad.reason}).")
    readable = scanned.readable.tolist()
    digests = [scanned.checks[index].digest or b"" for index in readable]
    checked = Checked([records[index] for index in readable], digests, scanned.images)
    label_of = {name: index for index, name in enumerate(listing.class_names)}
    several = listing.multi_label if multi_label is None else multi_label
    return make_part(part, checked, np.arange(len(readable)), label_of, several)


def _checked(options: DataOptions | None) -> DataOptions:
    if options is not None and not isinstance(options, DataOptions):
        raise UsageError(f"options is a DataOptions. Got: {type(options).__name__}.")
    return options or DataOptions()


def _check_format(image: ImageFormat) -> None:
    if not isinstance(image, ImageFormat):
        raise UsageError(f"image is an ImageFormat, as in ImageFormat(224, 224). Got: {image!r}.")


def _spread(records: Sequence[Record], limit: int) -> tuple[Record, ...]:
    """At most ``limit`` records, of all classes alike, chosen by their names' hashes: a fixed random sample."""
    by_class: dict[tuple[str, ...], list[int]] = {}
    for index, record in enumerate(records):
        by_class.setdefault(record.labels, []).append(index)
    for own in by_class.values():
        own.sort(key=lambda index: _name_hash(records[index]))
    turns = sorted((turn, index) for own in by_class.values() for turn, index in enumerate(own))
    return tuple(records[index] for index in sorted(index for _, index in turns[:limit]))


def _name_hash(record: Record) -> bytes:
    return hashlib.sha256(Path(record.name).name.encode()).digest()
