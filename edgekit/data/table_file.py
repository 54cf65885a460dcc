"""Reading CSV and TSV files so that every mistake has a line number."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.data.records import printable, shown
from edgekit.errors import DataError

DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        place: names it in an error, as in ``photos.csv, line 7``.
        cells: as many as there are columns; text, or of a DataFrame any object.
    """

    place: str
    cells: Sequence[Any]


@dataclass(frozen=True)
class Table:
    """A table in memory: text only, so that even many rows are small beside their photos.

    Attributes:
        name: what to call it.
        columns: the names of its columns, without repeats.
        rows: at least one.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table_file(path: str | os.PathLike[str], name: str | None = None) -> Table:
    """Reads a table whose first line names the columns, with commas, semicolons or tabs between the cells.

    Args:
        path: the file.
        name: what to call it in errors; by default its path.

    Raises:
        DataError: missing, no UTF-8, no rows, a column named twice, or rows of different lengths.
    """
    name = name or printable(os.fspath(path))
    text = _read_text(Path(path), name)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_find_delimiter(text), strict=True)
    columns: tuple[str, ...] = ()
    rows = []
    start = 1
    try:
        for cells in reader:
            place = f"{name}, line {start}"
            start = reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = check_columns([cell.strip() for cell in cells], place)
                continue
            if len(cells) != len(columns):
                raise DataError(
                    f"{place} has {len(cells)} cells for {len(columns)} columns ({shown(columns)}). Text with the "
                    'delimiter in it needs quotation marks: "...".'
                )
            rows.append(Row(place, cells))
    except csv.Error as error:
        raise DataError(f"{name}, line {start} is no valid CSV ({error}). Check its quotation marks.") from error
    if not rows:
        raise DataError(f"{name} has {'a header but no rows' if columns else 'no content'}. Give it a row a photo.")
    return Table(name, columns, tuple(rows))


def check_columns(columns: Sequence[str], place: str) -> tuple[str, ...]:
    """The column names as they are.

    Raises:
        DataError: one is there twice.
    """
    repeated = [name for index, name in enumerate(columns) if name and name in columns[:index]]
    if repeated:
        raise DataError(f"{place} names the column {repeated[0]!r} twice. Give each column a name of its own.")
    return tuple(columns)


def _read_text(path: Path, name: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{name} does not exist. Check the path.") from None
    except OSError as error:
        raise DataError(f"Cannot read {name}: {(error.strerror or str(error)).lower()}.") from error
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:1000]:
        raise DataError(f"{name} is not UTF-8 (it looks like UTF-16, or is no text). Save it as CSV in UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}, line {line} is not UTF-8 (byte 0x{data[error.start]:02x}). Save it as CSV in UTF-8."
        ) from None


def _find_delimiter(text: str) -> str:
    """The one that the first line has most of; a comma where it has none."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=outside.count)
