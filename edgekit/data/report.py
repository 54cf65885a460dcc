"""What the first pass over a data set found."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

CacheState = Literal["built", "extended", "reused", "streamed", "off"]

STRONG_IMBALANCE = 10
"""The largest class over the smallest, in training photos, from which a warning is due. Our own
choice: beyond it, a classifier that never answers the small class can still look good."""

_SHOWN = 3
_SHOWN_CLASSES = 20


@dataclass(frozen=True)
class UnreadableFile:
    """A file that has an image's name and cannot be decoded."""

    file: str
    reason: str


@dataclass(frozen=True)
class Copy:
    """One of several byte-identical files."""

    file: str
    part: str
    label: str


@dataclass(frozen=True)
class DuplicateGroup:
    """Files with the same bytes, at least two.

    Attributes:
        digest: SHA-256 (hex) of the content.
        copies: sorted by part, then by name.
    """

    digest: str
    copies: tuple[Copy, ...]

    @property
    def across_split(self) -> bool:
        """Whether they lie in more than one part: a leak."""
        return len({copy.part for copy in self.copies}) > 1

    @property
    def across_classes(self) -> bool:
        """Whether they have more than one label: a contradiction."""
        return len({copy.label for copy in self.copies}) > 1


@dataclass(frozen=True)
class CacheUse:
    """What became of the pixels.

    Attributes:
        state: ``built`` (decoded now, kept), ``extended`` (some were there), ``reused`` (all were
            there), ``streamed`` (the cache was of no use; decoded on demand) or ``off``.
        directory: the cache's folder, unless ``off``.
        size_bytes: of this data set's pixels.
    """

    state: CacheState
    directory: str | None
    size_bytes: int


@dataclass(frozen=True)
class DataReport:
    """What there is in a source.

    Attributes:
        source: as the caller named it.
        class_names: in the order of the labels.
        images: part name to the number of photos of each class, in the order of the labels.
        split: ``folders`` (as the source's folders say) or ``share`` (made here).
        unreadable: files that were left out.
        duplicates: byte-identical photos across parts or classes.
        repeated: further copies of a photo within one class of one part.
        ignored: file suffix to the number of files that are not images.
        outside: images that lie in no class folder.
        first_outside: the name of the first of them.
        empty_folders: folders where a class could be, without any image.
        unused_folders: folders beside ``train`` and the like that belong to no part.
        cache: what became of the pixels.
        sizes: part name to the number of photos; by default the sum over the classes, which is more
            where photos have several labels.
        multi_label: whether photos have any number of labels.
        noun: what one of them is called.
    """

    source: str
    class_names: tuple[str, ...]
    images: Mapping[str, tuple[int, ...]]
    split: Literal["folders", "share"]
    unreadable: tuple[UnreadableFile, ...] = ()
    duplicates: tuple[DuplicateGroup, ...] = ()
    repeated: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    outside: int = 0
    first_outside: str | None = None
    empty_folders: tuple[str, ...] = ()
    unused_folders: tuple[str, ...] = ()
    cache: CacheUse = CacheUse("off", None, 0)
    sizes: Mapping[str, int] = field(default_factory=dict)
    multi_label: bool = False
    noun: str = "photo"

    @property
    def across_split(self) -> tuple[DuplicateGroup, ...]:
        """Byte-identical photos on more than one side of the split."""
        return tuple(group for group in self.duplicates if group.across_split)

    @property
    def across_classes(self) -> tuple[DuplicateGroup, ...]:
        """Byte-identical photos with more than one label."""
        return tuple(group for group in self.duplicates if group.across_classes)

    def total(self, part: str) -> int:
        """Photos in a part; 0 where there is no such part."""
        return self.sizes.get(part, sum(self.images.get(part, ())))

    def warnings(self) -> list[str]:
        """What a person should know before training, one sentence each; empty where all is well."""
        return [
            *self._unreadable_warning(),
            *self._duplicate_warnings(),
            *self._similar_names_warning(),
            *self._imbalance_warning(),
            *self._coverage_warnings(),
        ]

    def notes(self) -> list[str]:
        """What was left aside, and the counts, one sentence each."""
        parts = ", ".join(f"{self.total(part):,} {part}" for part in self.images)
        total = sum(self.total(part) for part in self.images)
        kinds = f"with {len(self.class_names)} labels" if self.multi_label else f"in {len(self.class_names)} classes"
        lines = [f"{total:,} {self.noun}s {kinds}: {parts}."]
        if self.ignored:
            number = sum(self.ignored.values())
            kinds = ", ".join(f"{suffix} {count}" for suffix, count in self.ignored.items())
            not_images = "is not an image" if number == 1 else "are not images"
            lines.append(f"Ignored: {_files(number)} that {not_images} ({kinds}).")
        if self.unused_folders:
            lines.append(f"Not used: {_list(self.unused_folders)}.")
        if self.repeated:
            copies = "is a further copy" if self.repeated == 1 else "are further copies"
            lines.append(f"{self._photos(self.repeated)} {copies} of one in the same class.")
        return lines

    def summary(self) -> str:
        """The notes, and under them the photos of each class in each part; of the first 20 classes."""
        header = [*self.images, "class"]
        counts = list(zip(*self.images.values(), strict=True))[:_SHOWN_CLASSES]
        rows = [
            [*(f"{count:,}" for count in row), name]
            for row, name in zip(counts, self.class_names[:_SHOWN_CLASSES], strict=True)
        ]
        # Names stand last, so that their width (Chinese letters are wide) moves nothing.
        widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(self.images))]
        lines = [
            "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
            for row in (header, *rows)
        ]
        more = len(self.class_names) - len(rows)
        if more:
            lines.append(f"and {more:,} more")
        return "\n".join([*self.notes(), *(f"  {line}" for line in lines)])

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; counts are per class name."""
        named = {part: dict(zip(self.class_names, counts, strict=True)) for part, counts in self.images.items()}
        return {
            "source": self.source,
            "classes": list(self.class_names),
            "split": self.split,
            "images": named,
            "totals": {part: self.total(part) for part in self.images},
            "unreadable": [dataclasses.asdict(file) for file in self.unreadable],
            "across_split": [_group_dict(group) for group in self.across_split],
            "across_classes": [_group_dict(group) for group in self.across_classes],
            "repeated": self.repeated,
            "ignored": dict(self.ignored),
            "outside": self.outside,
            "first_outside": self.first_outside,
            "empty_folders": list(self.empty_folders),
            "unused_folders": list(self.unused_folders),
            "cache": dataclasses.asdict(self.cache),
            "warnings": self.warnings(),
        }

    def _photos(self, number: int) -> str:
        return f"{number:,} {self.noun}" if number == 1 else f"{number:,} {self.noun}s"

    def _unreadable_warning(self) -> list[str]:
        number = len(self.unreadable)
        if not number:
            return []
        shown = [f"{bad.file} ({bad.reason})" for bad in self.unreadable]
        return [f"{_files(number)} cannot be read and {_are(number)} left out: {_list(shown)}."]

    def _duplicate_warnings(self) -> list[str]:
        lines = []
        leaks, conflicts = self.across_split, self.across_classes
        if leaks:
            lines.append(
                f"{self._photos(len(leaks))} {_are(len(leaks))} on both sides of the split, byte for byte, which "
                f"flatters the accuracy: {_list([_copies(group) for group in leaks])}. Remove one of each."
            )
        if conflicts:
            under = "with different labels" if self.multi_label else "under different classes"
            lines.append(
                f"{self._photos(len(conflicts))} {_are(len(conflicts))} {under}, byte for byte: "
                f"{_list([_copies(group) for group in conflicts])}. Keep the right one of each."
            )
        return lines

    def _similar_names_warning(self) -> list[str]:
        """Classes that somebody has spelt in two ways."""
        spellings: dict[str, list[str]] = {}
        for name in self.class_names:
            spellings.setdefault("".join(re.split(r"[\s_-]+", name.casefold())), []).append(name)
        alike = [" and ".join(map(repr, names)) for names in spellings.values() if len(names) > 1]
        return (
            [f"The classes {_list(alike)} are spelt almost alike. If they are one, give them one name."]
            if alike
            else []
        )

    def _imbalance_warning(self) -> list[str]:
        counts = self.images.get("train", ())
        if not counts or max(counts) < STRONG_IMBALANCE * min(counts):
            return []
        most, least = counts.index(max(counts)), counts.index(min(counts))
        return [
            f"The classes are very unequal: {counts[most]:,} training {self.noun}s of {self.class_names[most]!r}, "
            f"{counts[least]:,} of {self.class_names[least]!r}. Add {self.noun}s of the rare ones, or weight the "
            "classes."
        ]

    def _coverage_warnings(self) -> list[str]:
        lines = []
        for part, counts in self.images.items():
            missing = [name for name, count in zip(self.class_names, counts, strict=True) if not count]
            if missing:
                lines.append(f"There are no {part} {self.noun}s of {_list(missing)}.")
        if self.empty_folders:
            lines.append(f"No images in {_list(self.empty_folders)}: not taken as a class.")
        if self.outside:
            first = f" ({self.first_outside}{', ...' if self.outside > 1 else ''})" if self.first_outside else ""
            lines.append(f"{self._photos(self.outside)} in no class folder {_are(self.outside)} ignored{first}.")
        return lines


def _group_dict(group: DuplicateGroup) -> dict[str, Any]:
    return {"digest": group.digest, "copies": [dataclasses.asdict(copy) for copy in group.copies]}


def _copies(group: DuplicateGroup) -> str:
    return " = ".join(copy.file for copy in group.copies)


def _files(number: int) -> str:
    return f"{number:,} file" if number == 1 else f"{number:,} files"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _list(items: list[str] | tuple[str, ...]) -> str:
    more = len(items) - _SHOWN
    return "; ".join(items[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
