"""Which columns of a table hold the photo, its labels and its part."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from edgekit.data.dataset import Columns
from edgekit.data.records import class_name, shown
from edgekit.data.table_file import Table
from edgekit.errors import DataError, UsageError

IMAGE_NAMES = (
    "image", "images", "img", "photo", "path", "file", "filename", "file_name", "filepath", "file_path",
    "image_path", "imagepath", "image_file", "image_name", "photo_path",
)  # fmt: skip
LABEL_NAMES = ("label", "labels", "class", "classes", "class_name", "category", "categories", "tag", "tags", "target")
SPLIT_NAMES = ("split", "part", "subset", "set")

_BINARY = frozenset({"0", "1", "0.0", "1.0", "true", "false"})


@dataclass(frozen=True)
class Found:
    """Where to look in a row.

    Attributes:
        image: the index of the photo's path.
        labels: the index of the labels; or those of columns of 0 and 1.
        names: the classes that these columns stand for; empty for a column of names.
        split: the index of the part, or ``None``.
        split_name: what this column is called.
    """

    image: int
    labels: tuple[int, ...]
    names: tuple[str, ...] = ()
    split: int | None = None
    split_name: str = ""


def find_columns(table: Table, wanted: Columns | None) -> Found:
    """Finds the columns by what the caller said, else by their common names.

    Without a column of labels all others are taken for classes, if they hold 0 and 1 only.

    Raises:
        DataError: none, or several, could be meant; the message lists the columns that there are.
        UsageError: a column that was named is not there.
    """
    wanted = wanted or Columns()
    image = _one(table, wanted.image, IMAGE_NAMES, "image", "the photos' paths")
    if image is None:
        raise DataError(_missing(table, "the photos' paths", IMAGE_NAMES[0], "image"))
    split = _one(table, wanted.split, SPLIT_NAMES, "split", "the part")
    split_name = "" if split is None else table.columns[split]
    if isinstance(wanted.label, tuple):
        labels = tuple(_named(table, name) for name in wanted.label)
        if not labels:
            raise UsageError("Columns(label=...) names no column.")
        return Found(image, labels, _class_names(table, labels), split, split_name)
    label = _one(table, wanted.label, LABEL_NAMES, "label", "the labels")
    if label is not None:
        return Found(image, (label,), (), split, split_name)
    others = tuple(index for index in range(len(table.columns)) if index not in (image, split))
    if not others or not all(
        str(row.cells[index]).strip().casefold() in _BINARY for row in table.rows for index in others
    ):
        raise DataError(
            _missing(table, "the labels", LABEL_NAMES[0], "label")
            + " Several columns, one for each class, must hold 0 and 1 only."
        )
    return Found(image, others, _class_names(table, others), split, split_name)


def _one(table: Table, wanted: str | None, names: Collection[str], field: str, what: str) -> int | None:
    if wanted is not None:
        return _named(table, wanted)
    found = [index for index, name in enumerate(table.columns) if name.casefold().replace(" ", "_") in names]
    if len(found) > 1:
        raise DataError(
            f"{table.name} has several columns that could be {what}: "
            f"{shown(table.columns[index] for index in found)}. Name the one with Columns({field}=...)."
        )
    return found[0] if found else None


def _named(table: Table, name: str) -> int:
    if name not in table.columns:
        raise UsageError(f"{table.name} has no column {name!r}. Its columns: {shown(table.columns)}.")
    return table.columns.index(name)


def _class_names(table: Table, columns: tuple[int, ...]) -> tuple[str, ...]:
    names = tuple(class_name(table.columns[index]) for index in columns)
    if not all(names) or len(set(names)) < len(names):
        raise DataError(
            f"Columns of {table.name} that stand for classes need names, each its own. Got: {shown(names)}."
        )
    return names


def _missing(table: Table, what: str, example: str, field: str) -> str:
    return (
        f"{table.name} has no column for {what}, such as {example!r}. Its columns: {shown(table.columns)}. The first "
        f"line names the columns; name this one with Columns({field}=...)."
    )
