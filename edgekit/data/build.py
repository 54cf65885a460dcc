"""From a listing to a data set: check, split, report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgekit.data.dataset import DataOptions, Dataset, ImageStore, Labels, Part
from edgekit.data.duplicates import find_duplicates
from edgekit.data.records import PARTS, Listing, PartName, Record
from edgekit.data.report import CacheUse, DataReport, UnreadableFile
from edgekit.data.scan import Scan, scan
from edgekit.data.split import check_enough, split_by_content, split_multi_label
from edgekit.errors import DataError
from edgekit.language import printable
from edgekit.progress import SILENT, Progress
from edgekit.spec import ImageFormat

_NAMED = 10
"""Unreadable files that an error names; the rest is counted."""


@dataclass(frozen=True)
class Checked:
    """Records that can be read.

    Attributes:
        records: in a fixed order.
        digests: one for each.
        images: theirs.
        unreadable: what was left out.
        cache: what became of the pixels.
        noun: what one is called.
    """

    records: Sequence[Record]
    digests: Sequence[bytes]
    images: ImageStore
    unreadable: tuple[UnreadableFile, ...] = ()
    cache: CacheUse = field(default_factory=lambda: CacheUse("off", None, 0))
    noun: str = "photo"


def build_dataset(
    listing: Listing, image: ImageFormat, share: float | None, options: DataOptions, progress: Progress = SILENT
) -> Dataset:
    """Checks, splits and reports what a source has listed; see :func:`edgekit.data.open_dataset`.

    Args:
        listing: from any source.
        image: what every photo is turned into.
        share: for validation, where the listing has no validation part; ``None`` refuses that.
        options: classes and validation have been seen to by the source.
        progress: hears how the first pass goes.
    """
    check_listing(listing, share)
    scanned = scan(listing.records, image, options.cache, progress)
    unreadable = refuse_unreadable(listing.records, scanned, options.skip_unreadable)
    readable = scanned.readable.tolist()
    checked = Checked(
        records=[listing.records[index] for index in readable],
        digests=[scanned.checks[index].digest or b"" for index in readable],
        images=scanned.images,
        unreadable=unreadable,
        cache=scanned.cache,
    )
    return assemble(listing, checked, share, options.seed)


def check_listing(listing: Listing, share: float | None) -> None:
    """Refuses before the pass, which can be long, what cannot be split after it.

    Raises:
        DataError: no validation part and no share, or a class with too few photos.
    """
    if listing.divided:
        return
    if "validation" in listing.places:  # but what lies there is of other classes
        raise DataError(f"{listing.place('validation')} has no validation photo of these classes. Add some.")
    if share is None:
        raise DataError(
            f"{listing.source} has no validation folder. Add one named val beside train, name another folder or "
            "source, or give the share to keep for validation, such as 0.2."
        )
    trained = [record for record in listing.records if record.part != "test"]
    if listing.multi_label:
        check_trained(listing, trained)
        return
    label_of = _indices(listing.class_names)
    # Names stand in for contents that nobody has read yet.
    names = [record.name.encode() for record in trained]
    check_enough(names, [label_of[record.labels[0]] for record in trained], listing.class_names)


def assemble(listing: Listing, checked: Checked, share: float | None, seed: int) -> Dataset:
    """Splits, counts and reports what can be read.

    Raises:
        DataError: it cannot be split, or a class has no training photo.
    """
    label_of = _indices(listing.class_names)
    parts = _divide(listing, checked, share, seed, label_of)
    _check_parts(listing, checked.records, parts)
    made = {
        name: make_part(name, checked, np.flatnonzero([part == name for part in parts]), label_of, listing.multi_label)
        for name in PARTS
        if name in parts
    }
    duplicates, repeated = find_duplicates(checked.records, checked.digests, parts)
    report = DataReport(
        source=listing.source,
        class_names=listing.class_names,
        images={name: _count(part.labels, len(label_of)) for name, part in made.items()},
        split="folders" if listing.divided else "share",
        unreadable=checked.unreadable,
        duplicates=duplicates,
        repeated=repeated,
        ignored=listing.ignored,
        outside=listing.outside,
        first_outside=listing.first_outside,
        empty_folders=listing.empty_folders,
        unused_folders=listing.unused_folders,
        cache=checked.cache,
        sizes={name: len(part) for name, part in made.items()},
        multi_label=listing.multi_label,
        noun=checked.noun,
    )
    return Dataset(
        class_names=listing.class_names,
        train=made["train"],
        validation=made["validation"],
        test=made.get("test"),
        report=report,
        digest=_digest(listing.class_names, checked, parts),
        class_labels=listing.class_labels,
    )


def make_part(
    name: PartName, checked: Checked, chosen: NDArray[np.intp], label_of: Mapping[str, int], multi_label: bool
) -> Part:
    """The photos at ``chosen``."""
    indices = chosen.tolist()
    own = [checked.records[index] for index in indices]
    labels: Labels
    if multi_label:
        labels = np.zeros((len(own), len(label_of)), np.uint8)
        for row, record in enumerate(own):
            labels[row, [label_of[label] for label in record.labels]] = 1
    else:
        labels = np.array([label_of[record.labels[0]] for record in own], np.int64)
    return Part(
        name,
        checked.images.subset(chosen),
        labels,
        tuple(record.name for record in own),
        tuple(checked.digests[index] for index in indices),
    )


def refuse_unreadable(records: Sequence[Record], scanned: Scan, skip: bool) -> tuple[UnreadableFile, ...]:
    """The files that are left out.

    Raises:
        DataError: there are some and they may not be skipped, or there are no others.
    """
    found = tuple(
        UnreadableFile(record.name, f"{check.reason}; {record.origin}" if record.origin else check.reason)
        for record, check in zip(records, scanned.checks, strict=True)
        if check.reason is not None
    )
    if found and not skip:
        lines = [f"{len(found):,} of {len(records):,} image files cannot be read:"]
        lines += [f"  {printable(bad.file)} ({bad.reason})" for bad in found[:_NAMED]]
        if len(found) > _NAMED:
            lines.append(f"  and {len(found) - _NAMED:,} more")
        raise DataError("\n".join([*lines, "Remove them, or pass --skip-unreadable."]))
    if found and len(found) == len(records):
        raise DataError(
            f"None of the {len(found):,} image files can be read. The first: {found[0].file} ({found[0].reason})."
        )
    return found


def _indices(class_names: Iterable[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(class_names)}


def _divide(
    listing: Listing, checked: Checked, share: float | None, seed: int, label_of: Mapping[str, int]
) -> list[PartName]:
    """The part of each record: the source's own, or by our split."""
    parts: list[PartName] = [record.part or "train" for record in checked.records]
    if listing.divided:
        return parts
    assert share is not None
    open_ones = [index for index, record in enumerate(checked.records) if record.part != "test"]
    digests = [checked.digests[index] for index in open_ones]
    labels = [[label_of[label] for label in checked.records[index].labels] for index in open_ones]
    if listing.multi_label:
        held_out = split_multi_label(digests, labels, listing.class_names, share, seed)
    else:
        held_out = split_by_content(digests, [label for (label,) in labels], listing.class_names, share, seed)
    for index, is_validation in zip(open_ones, held_out, strict=True):
        parts[index] = "validation" if is_validation else "train"
    return parts


def check_trained(listing: Listing, trained: Iterable[Record]) -> None:
    """Raises DataError where a class has no training photo."""
    found = {label for record in trained for label in record.labels}
    missing = [name for name in listing.class_names if name not in found]
    if missing:
        raise DataError(
            f"{listing.source} has no readable training photo of {', '.join(missing)}. "
            "Add some, or leave the class out."
        )


def _check_parts(listing: Listing, kept: Sequence[Record], parts: Sequence[PartName]) -> None:
    check_trained(listing, [record for record, part in zip(kept, parts, strict=True) if part == "train"])
    if "validation" not in parts:
        raise DataError(f"{listing.source} has no readable validation photo of these classes. Add some.")


def _count(labels: Labels, classes: int) -> tuple[int, ...]:
    counts = labels.sum(axis=0, dtype=np.int64) if labels.ndim == 2 else np.bincount(labels, minlength=classes)
    return tuple(counts.tolist())


def _digest(class_names: Iterable[str], checked: Checked, parts: Iterable[PartName]) -> str:
    lines = sorted(
        f"{digest.hex()} {part} {';'.join(sorted(record.labels))}\n"
        for record, digest, part in zip(checked.records, checked.digests, parts, strict=True)
    )
    return hashlib.sha256("".join([*(f"{name}\n" for name in class_names), "\n", *lines]).encode()).hexdigest()
