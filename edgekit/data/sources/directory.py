"""The source that most people have: a folder with one folder of photos per class.

Or a folder with ``train`` and ``val``, ``valid`` or ``validation`` (and ``test``) folders, each of
which has one folder per class.
"""

# ruff: noqa: PTH100, PTH118 -- plain strings: a Path object for each of many files is slow

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.data.folders import Folder, ancestors, find_images, identity_of, is_image, list_folder, suffix_of
from edgekit.data.label_file import LABEL_FILE, is_label_file
from edgekit.data.records import Listing, PartName, Record, class_name, printable, shown
from edgekit.data.sources.base import Request
from edgekit.errors import DataError

TRAIN_NAMES = ("train",)
VALIDATION_NAMES = ("val", "valid", "validation")
TEST_NAMES = ("test",)

_KINDS = "a folder with one folder of photos per class, a table (.csv, .tsv) or an archive (.zip, .tar, .tar.gz, ...)"

Shown = Callable[[str], str]


class DirectorySource:
    """A folder of class folders, divided or not."""

    def matches(self, source: Any) -> bool:
        """Any path: what it is not is said when it is opened."""
        return isinstance(source, str | os.PathLike)

    def describe(self, source: Any) -> str:
        """Its path."""
        return printable(os.fspath(source))

    def name(self, source: Any) -> str | None:
        """The folder's own name."""
        return printable(Path(source).resolve().name) or None

    def list(self, source: Any, request: Request) -> Listing:
        """Lists all photos in class folders."""
        return list_folders(_existing_folder(source), self.describe(source), request)


@dataclass(frozen=True)
class Layout:
    """Which folder holds which part; ``train`` is the source itself where it is not divided."""

    train: str
    validation: str | None = None
    test: str | None = None
    unused: tuple[str, ...] = ()


@dataclass
class _Found:
    """What one part's folder holds."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    outside: int = 0
    first_outside: str | None = None
    empty: list[str] = field(default_factory=list)


def list_folders(root: str, source: str, request: Request, shown_as: Shown = printable) -> Listing:
    """Lists class folders, divided or not.

    Args:
        root: an existing folder.
        source: what the caller called it.
        request: which parts.
        shown_as: from a path to what it is called in messages.

    Raises:
        DataError: a folder cannot be listed, or has no images in class folders.
    """
    labels_file: str | None = os.path.join(root, LABEL_FILE)
    if labels_file not in _files(root) or not is_label_file(labels_file):
        labels_file = None
    if request.part:
        folders: list[tuple[PartName | None, str]] = [(request.part, part_folder(root, request.part, shown_as))]
        unused: tuple[str, ...] = ()
    else:
        layout = find_layout(root, shown_as)
        unused = layout.unused
        folders = [(request.undecided, layout.train)]
        others: tuple[tuple[PartName, str | None], ...] = (("validation", layout.validation), ("test", layout.test))
        for part, folder in others:
            if folder and part in request.elsewhere:
                unused = (*unused, shown_as(folder))
            elif folder:
                folders.append((part, folder))
        if layout.validation:
            folders[0] = ("train", layout.train)
    sides = [_find_classes(folder, part, request.apart, labels_file, shown_as) for part, folder in folders]
    for (_, folder), side in zip(folders, sides, strict=True):
        if not side.records:
            raise DataError(_nothing_found(shown_as(folder), side))
    class_names = sorted({name for side in sides for name in side.records})
    ignored: Counter[str] = sum((side.ignored for side in sides), Counter())
    return Listing(
        source=source,
        class_names=tuple(class_names),
        records=tuple(record for side in sides for name in class_names for record in side.records.get(name, ())),
        places={part or "train": shown_as(folder) for part, folder in folders},
        labels_file=labels_file,
        labels_name=shown_as(labels_file) if labels_file else None,
        ignored=dict(ignored.most_common()),
        outside=sum(side.outside for side in sides),
        first_outside=next((side.first_outside for side in sides if side.first_outside), None),
        empty_folders=tuple(name for side in sides for name in side.empty),
        unused_folders=unused,
    )


def find_layout(root: str, shown_as: Shown = printable) -> Layout:
    """Tells a divided source from plain class folders.

    ``train`` beside a validation folder is a divided source whatever else lies there. ``train``
    alone or with ``test`` is one only where nothing else lies there: these may be classes too.

    Raises:
        DataError: two validation folders, or parts without ``train``.
    """
    folders = list_folder(root).folders
    train, validation, test = (_named(folders, names) for names in (TRAIN_NAMES, VALIDATION_NAMES, TEST_NAMES))
    for found in (train, validation, test):
        if len(found) > 1 and train:
            raise DataError(f"{shown_as(root)} has {_folders(found)}, which mean the same. Keep one of them.")
    unused = tuple(name for name in folders if name not in {*train, *validation, *test})
    if not train:
        if folders and not unused:
            raise DataError(f"{shown_as(root)} has {_folders(folders)} but no train folder. Add one.")
        return Layout(root)
    if unused and not validation:
        return Layout(root)
    return Layout(
        train=os.path.join(root, train[0]),
        validation=os.path.join(root, validation[0]) if validation else None,
        test=os.path.join(root, test[0]) if test else None,
        unused=tuple(shown_as(os.path.join(root, name)) for name in unused),
    )


def part_folder(root: str, part: PartName, shown_as: Shown = printable) -> str:
    """The folder of class folders that is meant by one part of a source: all of it, if undivided.

    ``validation`` means the test folder where there is no validation folder.

    Raises:
        DataError: divided without this part.
    """
    folders = list_folder(root).folders
    train, validation, test = (_named(folders, names) for names in (TRAIN_NAMES, VALIDATION_NAMES, TEST_NAMES))
    divided = bool(folders) and set(folders) <= {*train, *validation, *test}
    if not divided and not (train and validation):
        return root
    found = {"train": train, "validation": validation or test, "test": test}[part]
    if not found:
        raise DataError(
            f"{shown_as(root)} has {_folders(folders)}, but no {part} folder. Name the folder of class folders to use."
        )
    return os.path.join(root, found[0])


def _existing_folder(source: str | os.PathLike[str]) -> str:
    path = os.fspath(source)
    if not os.path.lexists(path):
        raise DataError(f"{printable(path)} does not exist. Check the path; it must be {_KINDS}.")
    if not Path(path).is_dir():
        raise DataError(f"{printable(path)} is not a folder. Name {_KINDS}.")
    return path


def _files(root: str) -> set[str]:
    return {os.path.join(root, name) for name in list_folder(root).files}


def _named(folders: Iterable[str], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(folder for folder in folders if folder.casefold() in names)


def _find_classes(
    folder: str, part: PartName | None, apart: Iterable[str], labels_file: str | None, shown_as: Shown
) -> _Found:
    found = _Found()
    above = ancestors(folder)
    not_ours = above | {identity_of(path) for path in apart}
    top: Folder = list_folder(folder)
    for name in top.files:
        path = os.path.join(folder, name)
        if is_image(name):
            found.outside += 1
            found.first_outside = found.first_outside or shown_as(path)
        elif path != labels_file:
            found.ignored[suffix_of(name)] += 1
    by_name: dict[str, list[Record]] = {}
    for name in top.folders:
        path = os.path.join(folder, name)
        if identity_of(path) in not_ours:  # a link back up, or the validation folder lies in here
            continue
        images = find_images(path, above)
        found.ignored += images.ignored
        if not images.paths:
            found.empty.append(shown_as(path))
            continue
        label, shelf = class_name(name), os.path.abspath(path)
        labels, cut = (label,), len(path)
        by_name.setdefault(label, []).extend(
            Record(shelf + image[cut:], shown_as(image), labels, part, shelf) for image in images.paths
        )
    found.records = {label: by_name[label] for label in sorted(by_name)}
    return found


def _nothing_found(name: str, found: _Found) -> str:
    if found.outside:
        return f"{name} has {found.outside:,} images but no class folders. Put each class's photos in its own folder."
    if found.ignored or found.empty:
        return f"{name} has no images in class folders. Put each class's photos in a folder of its own."
    return f"{name} is empty. Put each class's photos in a folder of its own."


def _folders(names: Iterable[str]) -> str:
    listed = [printable(name) for name in names]
    return f"the {'folder' if len(listed) == 1 else 'folders'} {shown(listed)}"
