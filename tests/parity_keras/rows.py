"""The rows of docs/from-keras.md, and which test is whose."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "from-keras.md"

Row = tuple[str, str]
Test = TypeVar("Test", bound=Callable[..., Any])


def row(section: str, *spellings: str) -> Callable[[Test], Test]:
    """Says that a test is for rows: the heading above the table, and first cells without backticks.

    ``test_table.py`` reads the arguments from the source; nothing happens here.
    """
    return lambda test: test


def documented_rows() -> list[Row]:
    """Heading and first cell of every row in the page's tables."""
    found: list[Row] = []
    section, in_table = "", False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ").strip()
        if line.startswith("|---"):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and section != "Speed":
            found.append((section, line.split(" | ")[0].removeprefix("| ").replace("`", "")))
    return found


def rows_with_tests() -> list[Row]:
    """The rows that the tests of this folder name."""
    return [row for path in sorted(FOLDER.glob("test_*.py")) for row in _rows_of(path)]


def _rows_of(path: Path) -> Iterator[Row]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef) or not re.match("test_", node.name):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "row":
                section, *spellings = (ast.literal_eval(argument) for argument in decorator.args)
                yield from ((section, spelling) for spelling in spellings)
