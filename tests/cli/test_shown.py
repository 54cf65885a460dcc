"""Names with line breaks and escapes: a terminal gets their codes, JSON the names themselves."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from edgekit.cli.bars import QuietProgress, TerminalProgress
from edgekit.cli.shown import complain, write_json
from edgekit.report.table import format_table
from tests.cli.conftest import Run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")

EVIL = "a\nError: all is lost\x1b[2J\x07"
SHOWN = r"a\nError: all is lost\x1b[2J\x07"


def is_plain(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("command", ["inspect", "predict", "export", "verify", "bench", "train"])
@pytest.mark.parametrize("there", [False, True])
def test_a_name_in_an_error(run: Run, tmp_path: Path, command: str, there: bool) -> None:
    path = tmp_path / f"{EVIL}.onnx"
    if there:
        path.write_bytes(b"no model")
    more: dict[str, list[object]] = {
        "predict": ["photo.jpg"],
        "export": ["--to", "tflite"],
        "verify": ["--reference", path, "--data", "."],
    }
    result = run(command, path, *more.get(command, []))
    assert result.code in (1, 2)
    assert is_plain(result.err)
    assert SHOWN in result.err
    assert "\nError: all is lost" not in result.err


def test_a_name_in_a_refusal_of_the_command_line(run: Run) -> None:
    result = run("inspect", f"--{EVIL}", "x")
    assert result.code == 2
    assert is_plain(result.err)
    assert "\nError: all is lost" not in result.err


def test_photos_in_results_and_warnings(run: Run, exported: Path, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(next((photos / "val").rglob("*.jpg")), folder / f"1{EVIL}.jpg")
    (folder / f"2{EVIL}.jpg").write_bytes(b"no photo")
    model = next(exported.glob("*.tflite"))
    result = run("predict", model, folder)
    assert result.code == 1
    assert is_plain(result.out)
    assert is_plain(result.err)
    assert f"1{SHOWN}.jpg" in result.out
    assert f"2{SHOWN}.jpg is not a readable image" in result.err
    assert len([line for line in result.err.splitlines() if line.startswith("Warning")]) == 1
    document = run("predict", model, folder, "--json").document
    assert [Path(one["photo"]).name for one in document["photos"]] == [f"1{EVIL}.jpg", f"2{EVIL}.jpg"]


def test_an_error_as_json_has_the_name_itself(run: Run, tmp_path: Path) -> None:
    path = tmp_path / f"{EVIL}.onnx"
    result = run("inspect", path, "--json")
    assert str(path) in json.loads(result.out)["error"]["message"]


def test_progress_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    for progress in (QuietProgress(), TerminalProgress(bars=True), TerminalProgress(bars=False)):
        progress.warn(EVIL)
        with progress.task(EVIL, 2) as task:
            task.advance(1, EVIL)
    said = capsys.readouterr().err
    assert SHOWN in said
    assert "\x1b" not in said
    assert "\nError" not in said
    assert format_table(("file",), [(EVIL,)]).splitlines()[-1] == SHOWN


def test_lines_of_ours_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    complain("one\ntwo\x1b[31m\n")
    assert capsys.readouterr().err == "one\ntwo\\x1b[31m\n\n"


def test_bytes_of_a_name_that_are_no_text_come_back_out_of_the_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    document = {"photo": os.fsdecode(b"bad\xff\xc3\xa4.png")}
    write_json(document)
    assert json.loads(capfdbinary.readouterr().out.decode("utf-8")) == document
