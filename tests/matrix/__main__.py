"""``python -m tests.matrix [ROW ...]``: fills in the cells that are open, and writes docs/compatibility.md.

It resumes: docs/compatibility.json keeps what is done. ``--smallest`` stays with the smallest model of
each family, ``--again`` runs cells anew that are not ok, ``--seconds`` ends after so long.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from importlib.metadata import version
from typing import Any

from edgekit.converters.base import parse_requests
from edgekit.files import write_text
from tests.matrix.cells import REPOSITORY, Cell, prepare, run_cell, work_folder
from tests.matrix.page import make_page
from tests.matrix.rows import COLUMNS, Row, all_rows

RESULTS = REPOSITORY / "docs" / "compatibility.json"
PAGE = REPOSITORY / "docs" / "compatibility.md"
_PACKAGES = ("keras", "tensorflow-cpu", "ai-edge-litert", "coremltools", "tf2onnx", "onnxruntime")


def main() -> int:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="by default all")
    parser.add_argument("--smallest", action="store_true", help="only the smallest model of each family")
    parser.add_argument("--columns", nargs="*", default=list(COLUMNS), choices=COLUMNS, metavar="FORMAT:PRECISION")
    parser.add_argument("--again", action="store_true", help="cells that are not ok, too")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    arguments = parser.parse_args()
    rows = [
        row
        for row in all_rows()
        if (not arguments.rows or row.name in arguments.rows) and (row.smallest or not arguments.smallest)
    ]
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"versions": {}, "rows": {}}
    ends = time.monotonic() + arguments.seconds
    for row in rows:
        if time.monotonic() < ends:
            fill_row(row, arguments.columns, results, again=arguments.again, ends=ends)
    save(results)
    return 0


def fill_row(row: Row, columns: list[str], results: dict[str, Any], *, again: bool, ends: float) -> None:
    """Runs the open cells of a row."""
    found = results["rows"].setdefault(row.name, {"cells": {}})
    cells = found["cells"]
    still_open = [name for name in columns if name not in cells or (again and cells[name]["state"] != "ok")]
    if not still_open:
        return
    folder = work_folder(row.name)
    try:
        about = prepare(row.name, folder)
        if isinstance(about, str):
            cells.update({name: Cell("failed", about).to_dict() for name in still_open})
            print(f"{row.name}: {about}", flush=True)
            return
        found.update(about)
        for column, request in zip(still_open, parse_requests(still_open), strict=True):
            if time.monotonic() > ends:
                return
            cell = run_cell(row.name, request, folder)
            cells[column] = cell.to_dict()
            print(f"{row.name} {column}: {cell.state} {cell.seconds} s {cell.reason or ''}", flush=True)
            save(results)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def save(results: dict[str, Any]) -> None:
    """Figures and page, after every cell."""
    results["versions"] = {name: version(name) for name in _PACKAGES}
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    write_text(PAGE, make_page(results))


if __name__ == "__main__":
    sys.exit(main())
