"""From a source to a data set: list, check, split, report."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.data.dataset import CachePolicy, DataOptions, Dataset, Part
from edgekit.data.directory import list_directory, list_labelled
from edgekit.data.duplicates import find_duplicates
from edgekit.data.records import PARTS, Listing, PartName, Record
from edgekit.data.report import DataReport, UnreadableFile
from edgekit.data.scan import Scan, scan
from edgekit.data.split import check_enough, split_by_content
from edgekit.errors import DataError, UsageError
from edgekit.progress import SILENT, Progress
from edgekit.spec import ImageFormat

_NAMED = 10
"""Unreadable files that an error names; the rest is counted."""


def open_dataset(
    source: str | os.PathLike[str],
    image: ImageFormat,
    options: DataOptions | None = None,
    progress: Progress = SILENT,
) -> Dataset:
    """Opens a folder of photos for training.

    Args:
        source: a folder with one folder per class, or with ``train`` and ``val`` folders.
        image: what every photo is turned into.
        options: split, classes, seed, cache.
        progress: hears how the first pass goes, and of a cache that cannot be used.

    Raises:
        DataError: the source is missing, empty, has fewer than two classes or too few photos of
            one, or has files that cannot be read and may not be skipped.
        UsageError: an option is out of range, or names a class that is not there.

    Example:
        >>> flowers = open_dataset("flowers", ImageFormat(224, 224))  # doctest: +SKIP
        >>> flowers.train.images.take(np.arange(32)).shape  # doctest: +SKIP
        (32, 224, 224, 3)
    """
    options = options or DataOptions()
    share = _checked_share(options.validation)
    elsewhere = options.validation if isinstance(options.validation, Path) else None
    listing = list_directory(source, elsewhere, options.classes)
    return build_dataset(listing, image, share, options, progress)


def open_labelled(
    source: str | os.PathLike[str],
    image: ImageFormat,
    labels: Sequence[str],
    *,
    part: PartName = "validation",
    limit: int | None = None,
    skip_unreadable: bool = False,
    cache: CachePolicy | None = None,
    progress: Progress = SILENT,
) -> Part:
    """Opens photos whose class folders are a model's labels, to evaluate or to calibrate on.

    Args:
        source: a folder of class folders.
        image: from the model's spec.
        labels: the ids of the model's labels, in the order of its output.
        part: which folder to take of a source with ``train`` and ``val`` folders.
        limit: at most so many photos, of all classes alike: always the same ones.
        skip_unreadable: leave out files that cannot be decoded, instead of refusing them.
        cache: where decoded photos are kept.
        progress: hears how the first pass goes.

    Returns:
        A part whose labels are indices into ``labels``.

    Raises:
        DataError: the source is missing or empty, has a folder that is no label, or has files
            that cannot be read and may not be skipped.
        UsageError: the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"The number of photos must be at least 1. Got: {limit}.")
    listing = list_labelled(source, tuple(labels), part)
    records = listing.records if limit is None else _spread(listing.records, limit)
    scanned = scan(records, image, cache or CachePolicy(), progress)
    for bad in _refuse_unreadable(records, scanned, skip_unreadable):
        progress.warn(f"{bad.file} cannot be read and is left out ({bad.reason}).")
    label_of = {name: index for index, name in enumerate(listing.class_names)}
    return _part(part, records, scanned, np.arange(len(scanned.readable)), label_of)


def build_dataset(
    listing: Listing, image: ImageFormat, share: float | None, options: DataOptions, progress: Progress = SILENT
) -> Dataset:
    """Checks, splits and reports what a source has listed; see :func:`open_dataset`.

    Args:
        listing: from any source.
        image: what every photo is turned into.
        share: for validation, where the listing has no validation part; ``None`` refuses that.
        options: classes and validation have been seen to by the source.
        progress: hears how the first pass goes.
    """
    divided = any(record.part == "validation" for record in listing.records)
    if not divided and share is None:
        raise DataError(
            f"{listing.source} has no validation folder. Add one named val beside train, "
            "name another folder, or give the share to keep for validation, such as 0.2."
        )
    label_of = {name: index for index, name in enumerate(listing.class_names)}
    if not divided:
        # Before the pass, which can be long: names stand in for contents that nobody has read yet.
        trained = [record for record in listing.records if record.part != "test"]
        names = [record.name.encode() for record in trained]
        check_enough(names, [label_of[record.label] for record in trained], listing.class_names)
    scanned = scan(listing.records, image, options.cache, progress)
    unreadable = _refuse_unreadable(listing.records, scanned, options.skip_unreadable)
    kept = [listing.records[index] for index in scanned.readable.tolist()]
    digests = [scanned.checks[index].digest or b"" for index in scanned.readable.tolist()]
    parts: list[PartName] = [record.part or "train" for record in kept]
    if not divided:
        assert share is not None
        open_ones = [index for index, record in enumerate(kept) if record.part != "test"]
        held_out = split_by_content(
            [digests[index] for index in open_ones],
            [label_of[kept[index].label] for index in open_ones],
            listing.class_names,
            share,
            options.seed,
        )
        for index, is_validation in zip(open_ones, held_out, strict=True):
            parts[index] = "validation" if is_validation else "train"
    _check_parts(listing, kept, parts)
    made = {
        name: _part(name, listing.records, scanned, np.flatnonzero([part == name for part in parts]), label_of)
        for name in PARTS
        if name in parts
    }
    duplicates, repeated = find_duplicates(kept, digests, parts)
    report = DataReport(
        source=listing.source,
        class_names=listing.class_names,
        images={name: _count(part.labels, len(label_of)) for name, part in made.items()},
        split="folders" if divided else "share",
        unreadable=unreadable,
        duplicates=duplicates,
        repeated=repeated,
        ignored=listing.ignored,
        outside=listing.outside,
        first_outside=listing.first_outside,
        empty_folders=listing.empty_folders,
        unused_folders=listing.unused_folders,
        cache=scanned.cache,
    )
    return Dataset(
        class_names=listing.class_names,
        train=made["train"],
        validation=made["validation"],
        test=made.get("test"),
        report=report,
        digest=_digest(listing.class_names, kept, digests, parts),
    )


def _checked_share(validation: float | Path | None) -> float | None:
    if isinstance(validation, Path) or validation is None:
        return None
    if not 0 < validation < 1:
        raise UsageError(f"The share of photos for validation must lie between 0 and 1. Got: {validation}.")
    return float(validation)


def _refuse_unreadable(records: Sequence[Record], scanned: Scan, skip: bool) -> tuple[UnreadableFile, ...]:
    found = tuple(
        UnreadableFile(record.name, check.reason)
        for record, check in zip(records, scanned.checks, strict=True)
        if check.reason is not None
    )
    if found and not skip:
        lines = [f"{len(found):,} of {len(records):,} image files cannot be read:"]
        lines += [f"  {bad.file} ({bad.reason})" for bad in found[:_NAMED]]
        if len(found) > _NAMED:
            lines.append(f"  and {len(found) - _NAMED:,} more")
        raise DataError("\n".join([*lines, "Remove them, or pass --skip-unreadable."]))
    if found and len(found) == len(records):
        raise DataError(
            f"None of the {len(found):,} image files can be read. The first: {found[0].file} ({found[0].reason})."
        )
    return found


def _check_parts(listing: Listing, kept: Sequence[Record], parts: Sequence[PartName]) -> None:
    trained = {record.label for record, part in zip(kept, parts, strict=True) if part == "train"}
    missing = [name for name in listing.class_names if name not in trained]
    if missing:
        raise DataError(
            f"{listing.source} has no readable training photo of {', '.join(missing)}. "
            "Add some, or leave the class out."
        )
    if "validation" not in parts:
        raise DataError(f"{listing.source} has no readable validation photo of these classes. Add some.")


def _part(
    name: PartName, records: Sequence[Record], scanned: Scan, chosen: NDArray[np.intp], label_of: Mapping[str, int]
) -> Part:
    """The photos at ``chosen`` among the readable ones."""
    indices = scanned.readable[chosen].tolist()
    own = [records[index] for index in indices]
    labels = np.array([label_of[record.label] for record in own], np.int64)
    return Part(
        name,
        scanned.images.subset(chosen),
        labels,
        tuple(record.name for record in own),
        tuple(scanned.checks[index].digest or b"" for index in indices),
    )


def _count(labels: NDArray[np.int64], classes: int) -> tuple[int, ...]:
    return tuple(np.bincount(labels, minlength=classes).tolist())


def _digest(
    class_names: Iterable[str], records: Iterable[Record], digests: Iterable[bytes], parts: Iterable[PartName]
) -> str:
    lines = sorted(
        f"{digest.hex()} {part} {record.label}\n" for record, digest, part in zip(records, digests, parts, strict=True)
    )
    return hashlib.sha256("".join([*(f"{name}\n" for name in class_names), "\n", *lines]).encode()).hexdigest()


def _spread(records: Sequence[Record], limit: int) -> tuple[Record, ...]:
    """At most ``limit`` records, of all classes alike, chosen by their names' hashes: a fixed random sample."""
    by_class: dict[str, list[int]] = {}
    for index, record in enumerate(records):
        by_class.setdefault(record.label, []).append(index)
    for own in by_class.values():
        own.sort(key=lambda index: _name_hash(records[index]))
    turns = sorted((turn, index) for own in by_class.values() for turn, index in enumerate(own))
    return tuple(records[index] for index in sorted(index for _, index in turns[:limit]))


def _name_hash(record: Record) -> bytes:
    return hashlib.sha256(Path(record.name).name.encode()).digest()
