"""The matrix' own machinery; the matrix itself is ``make matrix``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.matrix.limits import Ending, run_limited, without_folders
from tests.matrix.page import make_page
from tests.matrix.rows import COLUMNS, SMALLEST, all_rows

MEGABYTE = 1_000_000


def run(code: str, folder: Path, seconds: float = 60, size_bytes: int = 2000 * MEGABYTE) -> Ending:
    return run_limited([sys.executable, "-c", code], os.environ, folder / "log.txt", seconds, size_bytes)


def test_a_process_that_ends_tells_what_it_said(tmp_path: Path) -> None:
    ending = run("import sys; print('gone'); sys.exit(3)", tmp_path)
    assert (ending.problem, ending.code) == (None, 3)
    assert ending.to_sentence() == "It ended with exit code 3: gone"


def test_one_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    assert run("import time; time.sleep(60)", tmp_path, seconds=1.2).problem == "It did not finish within 0.02 minutes."


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what other processes take")
@pytest.mark.parametrize("code", ["{}", "import subprocess, sys; subprocess.run([sys.executable, '-c', '''{}'''])"])
def test_memory_counts_where_it_is_used_and_in_children(code: str, tmp_path: Path) -> None:
    reserves = code.format("import mmap, time; kept = mmap.mmap(-1, 8 << 30); time.sleep(1)")
    uses = code.format("import time; kept = bytearray(b'1') * (900 << 20); time.sleep(60)")
    limit = 500 * MEGABYTE
    assert run(reserves, tmp_path, size_bytes=limit).problem is None
    assert run(uses, tmp_path, size_bytes=limit).problem == "It needed more than 0.5 GB of memory."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot open /home/me/.cache/matrix/x/cell-1/vgg16.onnx: it is gone", "cannot open vgg16.onnx: it is gone"),
        ("File '/usr/lib/python3.13/a.py', line 3", "File 'a.py', line 3"),
        ("Tensor 'functional_8_1/stem/Neg' (99) is float32", "Tensor 'functional_8_1/stem/Neg' (99) is float32"),
        ("see https://example.org/a/b", "see https://example.org/a/b"),
        ("14 of 16 / 32", "14 of 16 / 32"),
    ],
)
def test_no_message_says_where_files_lie(text: str, shown: str) -> None:
    assert without_folders(text) == shown


def test_the_page_shows_every_row_and_why_cells_failed() -> None:
    cells = {name: {"state": "ok", "images": 32, "agreement": 1.0} for name in COLUMNS}
    cells["tflite:int8"] = {"state": "ok", "agreement": 0.9375}
    cells["onnx:fp32"] = {"state": "failed", "reason": "It  broke."}
    row = {"cells": cells, "parameters": 2_270_794, "size": 224}
    page = make_page({"versions": {"keras": "3.15.1"}, "rows": {"mobilenet_v2": row}})
    assert "| **mobilenet_v2** | 2.3 M, 224 px | ok | ok (94 %) | ok | ok | [failed: 1](#why-not) |" in page
    assert " 32 random images " in page
    assert "\n1. It broke.\n" in page
    assert f"**4 of 5** cells that were run are ok; {5 * len(all_rows()) - 5} are open." in page
    assert page.count("*not run* | *not run* | *not run* | *not run* | *not run* |") == len(all_rows()) - 1


def test_each_family_has_its_smallest() -> None:
    assert {row.name for row in all_rows() if row.smallest} == set(SMALLEST)
    assert [row.smallest for row in all_rows()] == sorted((row.smallest for row in all_rows()), reverse=True)
