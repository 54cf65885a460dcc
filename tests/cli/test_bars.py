"""Progress fits the terminal, ends with the last note, and is a few lines in a log."""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.cli.bars import LogLines, QuietProgress, TerminalProgress, bar_line, clock
from edgekit.report.table import text_width

SCRIPT = """
from edgekit.cli.bars import TerminalProgress
progress = TerminalProgress()
with progress.task("Computing features of the validation photos", 40) as task:
    for number in range(40):
        task.advance(1, f"epoch {number + 1}/40  val 50.0 %")
        if number == 20:
            progress.warn("something")
    task.advance(0, "epoch 40/40  val 75.0 %")
with progress.task("Training", 4) as task:
    task.advance(4)
    task.advance(0, "epoch 4/4  val 75.0 %")
"""


def screen(columns: int) -> str:
    """What a terminal of so many columns gets from the script."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=theirs, cwd=Path(__file__).parents[2])
    os.close(theirs)
    text = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux tells that the other end is closed
            break
        if not piece:
            break
        text += piece
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return text.decode()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_each_task_takes_one_line_of_a_terminal(columns: int) -> None:
    lines = screen(columns).replace("\r\n", "\n").split("\n")
    assert len(lines) == 4, lines  # the warning, a line for each task, and nothing after them
    drawn = [state for line in lines for state in line.split("\r")]
    assert max(map(text_width, drawn)) < columns
    assert "Warning: something" in drawn
    assert "epoch 4/4  val 75.0 %" in lines[2].split("\r")[-1]


@pytest.mark.parametrize("columns", [20, 40, 79, 99, 200])
@pytest.mark.parametrize("description", ["Drawing", "Computing features of the validation photos", "玫瑰" * 30])
def test_a_bar_is_never_wider_than_the_terminal(columns: int, description: str) -> None:
    line = bar_line(description, 123, 4567, 61, "epoch 12/30  val 93.2 %", columns)
    assert text_width(line) <= columns


def test_a_bar_tells_all_where_there_is_room() -> None:
    line = bar_line("Training", 5, 10, 61, "epoch 1/2  val 50.0 %", 79)
    assert line == "Training        [#######-------]   5/10  01:01  epoch 1/2  val 50.0 %"
    assert bar_line("Training", 10, 10, 3, "", 79).count("#") == 14


@pytest.mark.parametrize(("seconds", "text"), [(None, "--:--"), (7.4, "00:07"), (3723, "1:02:03")])
def test_the_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text


def test_a_log_gets_a_line_at_either_end(capsys: pytest.CaptureFixture[str]) -> None:
    task = TerminalProgress().task("Training", 40)
    assert isinstance(task, LogLines)
    with task:
        for number in range(40):
            task.advance(1, f"epoch {number + 1}/40")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Training ..."
    assert re.fullmatch(r"Training: done in \d+\.\d s \(epoch 40/40\)", lines[-1])
    assert all(line == line.rstrip() for line in lines)
    assert len(lines) < 10


def test_a_log_tells_that_work_was_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="x"), TerminalProgress().task("Training", 2):
        raise ValueError("x")
    assert "Training: stopped after" in capsys.readouterr().err


def test_quiet_keeps_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    progress = QuietProgress()
    progress.say("chat")
    with progress.task("work", 1) as task:
        task.advance()
    progress.warn("careful")
    assert capsys.readouterr().err == "Warning: careful\n"
