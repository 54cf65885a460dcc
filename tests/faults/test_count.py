"""How many faults the tables of this folder hold."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path

from tests.faults.table import Row

WANTED = 200


def all_rows() -> list[Row]:
    """The rows of every table."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py") if path.stem != "test_count")
    return [row for name in names for row in importlib.import_module(f"tests.faults.{name}").ROWS]


def test_there_are_enough() -> None:
    rows = all_rows()
    assert len(rows) >= WANTED
    assert sum(row.error is not None for row in rows) >= WANTED


def test_no_row_stands_twice() -> None:
    assert [name for name, count in Counter(row.id for row in all_rows()).items() if count > 1] == []
