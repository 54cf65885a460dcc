"""Tables: a CSV or TSV file, or a DataFrame, with a photo and its labels in each row."""

# ruff: noqa: PTH113, PTH118, PTH120, PTH121 -- plain strings: a Path object for each of many files is slow

from __future__ import annotations

import numbers
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.data.columns import Found, find_columns
from edgekit.data.label_file import LABEL_FILE, is_label_file
from edgekit.data.label_values import sort_names
from edgekit.data.records import Listing, PartName, class_name, printable
from edgekit.data.sources.base import Request
from edgekit.data.sources.files import listed_file, starting_folder
from edgekit.data.table_file import Row, Table, check_columns, read_table_file
from edgekit.errors import DataError

SUFFIXES = (".csv", ".tsv")

PARTS_BY_NAME: dict[str, PartName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}

_BETWEEN_LABELS = re.compile("[;|]")
_ON = frozenset({"1", "1.0", "true"})
_OFF = frozenset({"0", "0.0", "false"})


class TableFileSource:
    """A CSV or TSV file; paths start from its folder."""

    def matches(self, source: Any) -> bool:
        """A path that ends in ``.csv`` or ``.tsv``, and is no folder."""
        if not isinstance(source, str | os.PathLike):
            return False
        return Path(source).suffix.lower() in SUFFIXES and not Path(source).is_dir()

    def describe(self, source: Any) -> str:
        """Its path."""
        return printable(os.fspath(source))

    def name(self, source: Any) -> str | None:
        """The file's name without the suffix."""
        return printable(Path(source).stem) or None

    def list(self, source: Any, request: Request) -> Listing:
        """Lists the rows."""
        path = os.fspath(source)
        folder = os.path.dirname(path) or os.curdir
        labels = os.path.join(folder, LABEL_FILE)
        table = read_table_file(path)
        beside = os.path.isfile(labels) and not os.path.samefile(labels, path) and is_label_file(labels)
        return list_table(table, folder, request, labels if beside else None)


class DataFrameSource:
    """A DataFrame; paths start from the working directory, or ``DataOptions.root``. pandas is not imported."""

    def matches(self, source: Any) -> bool:
        """What has the methods of a DataFrame."""
        return all(hasattr(source, name) for name in ("columns", "iloc", "itertuples"))

    def describe(self, source: Any) -> str:
        """Its type."""
        return "DataFrame"

    def name(self, source: Any) -> str | None:
        """A DataFrame has none."""
        return None

    def list(self, source: Any, request: Request) -> Listing:
        """Lists the rows."""
        columns = check_columns([str(name) for name in source.columns], "the DataFrame")
        cells = zip(*(source.iloc[:, index].tolist() for index in range(len(columns))), strict=True)
        rows = tuple(Row(f"DataFrame, row {number}", row) for number, row in enumerate(cells))
        if not rows:
            raise DataError("The DataFrame has no rows.")
        return list_table(Table("DataFrame", columns, rows), os.curdir, request)


@dataclass(frozen=True)
class _Photo:
    path: str
    labels: tuple[str, ...]
    part: PartName | None


def list_table(table: Table, folder: str, request: Request, labels_file: str | None = None) -> Listing:
    """Lists a table's rows.

    Args:
        table: at least one row.
        folder: where relative paths start, unless ``DataOptions.root`` says otherwise.
        request: which parts; its options name the columns.
        labels_file: display names beside the table.

    Raises:
        DataError: a column is missing, or a cell is empty or means nothing; with its line.
        UsageError: a column that was named is not there.
    """
    found = find_columns(table, request.options.columns)
    root = starting_folder(request, folder)
    photos = [(row, _read_row(row, found, table)) for row in table.rows]
    multi_label = any(len(photo.labels) != 1 for _, photo in photos)
    records = tuple(
        listed_file(photo.path, root, photo.labels, part, row.place)
        for row, photo, part in _choose_parts(photos, table.name, found, request)
    )
    class_names = found.names or sort_names(label for record in records for label in record.labels)
    return Listing(table.name, class_names, records, multi_label, labels_file=labels_file)


def _choose_parts(
    photos: list[tuple[Row, _Photo]], name: str, found: Found, request: Request
) -> Iterator[tuple[Row, _Photo, PartName | None]]:
    """The rows that are wanted, each with its part; as :func:`part_folder` does for folders."""
    divided = {photo.part for _, photo in photos} - {None}
    if request.part:
        wanted = request.part
        if wanted == "validation" and "validation" not in divided and "test" in divided:
            wanted = "test"
        if found.split is not None and wanted not in divided:
            raise DataError(f"{name} has no rows for {request.part} in its column {found.split_name!r}.")
        yield from ((row, photo, request.part) for row, photo in photos if photo.part in (None, wanted))
        return
    decided = "validation" in divided or "validation" in request.elsewhere
    if divided and "train" not in divided:
        raise DataError(f"{name} has no rows for train in its column {found.split_name!r}.")
    for row, photo in photos:
        if photo.part in request.elsewhere:
            continue
        part = photo.part if photo.part in ("validation", "test") else "train" if decided else None
        yield row, photo, part


def _read_row(row: Row, found: Found, table: Table) -> _Photo:
    path = _text(row.cells[found.image])
    if not path:
        raise DataError(
            f"{row.place} has no photo in the column {table.columns[found.image]!r}. Add its path, or leave the row "
            "out."
        )
    part: PartName | None = None
    if found.split is not None:
        value = _text(row.cells[found.split])
        if value.casefold() not in PARTS_BY_NAME:
            raise DataError(
                f"{row.place} has {value!r} in the column {found.split_name!r}. It must be train, validation or test."
            )
        part = PARTS_BY_NAME[value.casefold()]
    if found.names:
        labels = tuple(
            name
            for name, index in zip(found.names, found.labels, strict=True)
            if _is_on(row, index, table.columns[index])
        )
    else:
        labels = _read_labels(row, found.labels[0], table.columns[found.labels[0]])
    return _Photo(path, labels, part)


def _read_labels(row: Row, index: int, column: str) -> tuple[str, ...]:
    cell = row.cells[index]
    if isinstance(cell, list | tuple | set | frozenset) or (hasattr(cell, "dtype") and getattr(cell, "ndim", 0) == 1):
        names = [_text(item) for item in cell]
        if not all(names):
            raise DataError(f"{row.place} has an empty label in the column {column!r}.")
        return tuple(dict.fromkeys(map(class_name, sorted(names) if isinstance(cell, set | frozenset) else names)))
    text = _text(cell)
    if not text:
        raise DataError(
            f"{row.place} has no label in the column {column!r}. Add one, or leave the row out. (A photo that has none "
            "of several possible labels gets a semicolon alone.)"
        )
    names = [name.strip() for name in _BETWEEN_LABELS.split(text)]
    return tuple(dict.fromkeys(class_name(name) for name in names if name))


def _is_on(row: Row, index: int, column: str) -> bool:
    text = _text(row.cells[index]).casefold()
    if text not in _ON | _OFF:
        raise DataError(f"{row.place} has {text!r} in the label column {column!r}. It must be 0 or 1.")
    return text in _ON


def _text(cell: object) -> str:
    """A cell as text; empty where a DataFrame has no value."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(cell, numbers.Real) and not isinstance(cell, numbers.Integral):
        number = float(cell)
        if number != number:  # NaN
            return ""
        return str(int(number)) if number.is_integer() else str(cell)  # whole numbers beside missing ones
    return os.fspath(cell) if isinstance(cell, os.PathLike) else str(cell).strip()
