"""The source that most people have: a folder with one folder of photos per class.

Or a folder with ``train`` and ``val``, ``valid`` or ``validation`` (and ``test``) folders, each of
which has one folder per class.
"""

# ruff: noqa: PTH100, PTH118 -- plain strings: a Path object for each of many files is slow

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.data.folders import Folder, ancestors, find_images, identity_of, is_image, list_folder, suffix_of
from edgekit.data.records import Listing, PartName, Record, class_name, printable
from edgekit.errors import DataError, UsageError

TRAIN_NAMES = ("train",)
VALIDATION_NAMES = ("val", "valid", "validation")
TEST_NAMES = ("test",)


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


def list_directory(
    source: str | os.PathLike[str],
    validation: str | os.PathLike[str] | None = None,
    classes: tuple[str, ...] | None = None,
) -> Listing:
    """Lists a class-per-folder directory, divided or not.

    Args:
        source: the folder.
        validation: another folder of class folders, taken as the validation part.
        classes: the classes to take, in this order; by default all, sorted.

    Returns:
        Records whose part is ``None`` where there is no validation folder.

    Raises:
        DataError: a folder is missing or empty, there are fewer than two classes, or a validation
            or test folder has a class that is not in training.
        UsageError: ``classes`` has an unknown name or one twice; the message lists those there are.
    """
    root = _existing_folder(source)
    layout = find_layout(root)
    held_out = part_folder(validation, "validation") if validation is not None else layout.validation
    train = _find_classes(layout.train, "train" if held_out else None, apart=held_out)
    if not train.records:
        raise DataError(_nothing_found(layout.train, train))
    class_names = _choose_classes(tuple(train.records), classes, layout.train)
    sides = [train]
    others: tuple[tuple[PartName, str | None], ...] = (("validation", held_out), ("test", layout.test))
    for part, folder in others:
        if folder:
            side = _find_classes(folder, part)
            if not side.records:
                raise DataError(_nothing_found(folder, side))
            unknown = set(side.records) - set(train.records)
            if classes is None and unknown:
                raise DataError(_unknown_classes(folder, unknown, layout.train, class_names))
            sides.append(side)
    unused = layout.unused
    if validation is not None and layout.validation:
        unused = (*unused, printable(layout.validation))
    return _listing(os.fspath(source), class_names, sides, unused)


def list_labelled(source: str | os.PathLike[str], labels: tuple[str, ...], part: PartName) -> Listing:
    """Lists photos for an existing model: class folders whose names are its labels.

    Args:
        source: a folder of class folders, divided or not.
        labels: the model's labels; they need not all have a folder.
        part: the part to take of a divided source.

    Raises:
        DataError: a folder is missing or empty, or a class folder's name is no label.
    """
    folder = part_folder(source, part)
    side = _find_classes(folder, part)
    if not side.records:
        raise DataError(_nothing_found(folder, side))
    by_class = {class_name(label): label for label in labels}
    unknown = sorted(set(side.records) - set(by_class))
    if unknown:
        raise DataError(
            f"{printable(folder)} has {_folders(unknown)}, but the model has no such label. Its labels: "
            f"{_shown(labels)}. Rename or remove the folders, or take a model trained on them."
        )
    side.records = {
        by_class[name]: [Record(r.content, r.name, by_class[name], r.part, r.folder) for r in records]
        for name, records in side.records.items()
    }
    return _listing(os.fspath(source), labels, [side], ())


def find_layout(root: str) -> Layout:
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
            raise DataError(f"{printable(root)} has {_folders(found)}, which mean the same. Keep one of them.")
    unused = tuple(name for name in folders if name not in {*train, *validation, *test})
    if not train:
        if folders and not unused:
            raise DataError(f"{printable(root)} has {_folders(folders)} but no train folder. Add one.")
        return Layout(root)
    if unused and not validation:
        return Layout(root)
    return Layout(
        train=os.path.join(root, train[0]),
        validation=os.path.join(root, validation[0]) if validation else None,
        test=os.path.join(root, test[0]) if test else None,
        unused=tuple(printable(os.path.join(root, name)) for name in unused),
    )


def part_folder(source: str | os.PathLike[str], part: PartName) -> str:
    """The folder of class folders that is meant by one part of a source: all of it, if undivided.

    ``validation`` means the test folder where there is no validation folder.

    Raises:
        DataError: missing, not a folder, or divided without this part.
    """
    root = _existing_folder(source)
    folders = list_folder(root).folders
    train, validation, test = (_named(folders, names) for names in (TRAIN_NAMES, VALIDATION_NAMES, TEST_NAMES))
    divided = bool(folders) and set(folders) <= {*train, *validation, *test}
    if not divided and not (train and validation):
        return root
    found = {"train": train, "validation": validation or test, "test": test}[part]
    if not found:
        raise DataError(
            f"{printable(root)} has {_folders(folders)}, but no {part} folder. Name the folder of class folders to use."
        )
    return os.path.join(root, found[0])


def _existing_folder(source: str | os.PathLike[str]) -> str:
    path = os.fspath(source)
    if not os.path.lexists(path):
        raise DataError(f"{printable(path)} does not exist. Check the path; it must be a folder of class folders.")
    if not Path(path).is_dir():
        raise DataError(f"{printable(path)} is not a folder. Name the folder that holds one folder per class.")
    return path


def _named(folders: Iterable[str], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(folder for folder in folders if folder.casefold() in names)


def _find_classes(folder: str, part: PartName | None, apart: str | None = None) -> _Found:
    found = _Found()
    not_ours = ancestors(folder) | ({identity_of(apart)} if apart else set())
    top: Folder = list_folder(folder)
    for name in top.files:
        if is_image(name):
            found.outside += 1
            found.first_outside = found.first_outside or printable(os.path.join(folder, name))
        else:
            found.ignored[suffix_of(name)] += 1
    above = ancestors(folder)
    by_name: dict[str, list[Record]] = {}
    for name in top.folders:
        path = os.path.join(folder, name)
        if identity_of(path) in not_ours:  # a link back up, or the validation folder lies in here
            continue
        images = find_images(path, above)
        found.ignored += images.ignored
        if not images.paths:
            found.empty.append(printable(path))
            continue
        label, shelf = class_name(name), os.path.abspath(path)
        cut = len(path)
        by_name.setdefault(label, []).extend(
            Record(shelf + image[cut:], printable(image), label, part, shelf) for image in images.paths
        )
    found.records = {label: by_name[label] for label in sorted(by_name)}
    return found


def _choose_classes(found: tuple[str, ...], wanted: tuple[str, ...] | None, folder: str) -> tuple[str, ...]:
    if wanted is None:
        if len(found) < 2:
            raise DataError(
                f"{printable(folder)} has one class only ({found[0]}). A classifier needs at least two: "
                "put each class's photos in a folder of its own."
            )
        return found
    names = tuple(class_name(name) for name in wanted)
    unknown = [name for name in names if name not in found]
    if unknown:
        raise UsageError(f"{printable(folder)} has no class {_shown(unknown)}. Its classes: {_shown(found, 50)}.")
    if len(set(names)) < len(names):
        raise UsageError(f"A class is named twice. Got: {_shown(names, 50)}.")
    if len(names) < 2:
        raise UsageError(f"A classifier needs at least two classes. Got: {_shown(names)}.")
    return names


def _listing(source: str, class_names: tuple[str, ...], sides: list[_Found], unused: tuple[str, ...]) -> Listing:
    ignored: Counter[str] = sum((side.ignored for side in sides), Counter())
    return Listing(
        source=printable(source),
        class_names=class_names,
        records=tuple(record for side in sides for name in class_names for record in side.records.get(name, ())),
        ignored=dict(ignored.most_common()),
        outside=sum(side.outside for side in sides),
        first_outside=next((side.first_outside for side in sides if side.first_outside), None),
        empty_folders=tuple(name for side in sides for name in side.empty),
        unused_folders=unused,
    )


def _nothing_found(folder: str, found: _Found) -> str:
    name = printable(folder)
    if found.outside:
        return f"{name} has {found.outside:,} images but no class folders. Put each class's photos in its own folder."
    if found.ignored or found.empty:
        return f"{name} has no images in class folders. Put each class's photos in a folder of its own."
    return f"{name} is empty. Put each class's photos in a folder of its own."


def _unknown_classes(folder: str, unknown: Iterable[str], train: str, known: tuple[str, ...]) -> str:
    names = sorted(unknown)
    return (
        f"{printable(folder)} has {_folders(names)}, but {printable(train)} has no such class. "
        f"Its classes: {_shown(known)}. Rename or remove the folders, or name the classes to use."
    )


def _folders(names: Iterable[str]) -> str:
    listed = [printable(name) for name in names]
    return f"the {'folder' if len(listed) == 1 else 'folders'} {_shown(listed)}"


def _shown(names: Iterable[str], limit: int = 20) -> str:
    listed = list(names)
    more = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {more:,} more" if more > 0 else "")
