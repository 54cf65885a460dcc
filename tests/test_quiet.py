"""Pointing standard error elsewhere, and back."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edgekit.quiet import stderr_into, without_retracing_notes


def test_native_and_python_output_go_elsewhere_and_come_back(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # Python's own, with a buffer: pytest puts another object in its place.
    with open(2, "w", closefd=False) as own, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", own)
        print("before", file=sys.stderr)
        with (tmp_path / "log").open("wb") as log, stderr_into(log.fileno()):
            os.write(2, b"native\n")
            print("python", file=sys.stderr)
        os.write(2, b"later\n")
    assert (tmp_path / "log").read_text() == "native\npython\n"
    assert capfd.readouterr().err == "before\nlater\n"


def test_two_threads_leave_the_terminal_in_place(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with (tmp_path / "first").open("wb") as log, stderr_into(log.fileno()):
            entered.set()
            leave.wait(30)

    def second() -> None:
        with (tmp_path / "second").open("wb") as log, stderr_into(log.fileno()):
            leave.wait(30)

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert entered.wait(30)
    threads[1].start()
    threads[1].join(0.2)  # without a lock it takes the first one's file for the terminal in that time
    leave.set()
    for thread in threads:
        thread.join(30)
    os.write(2, b"visible\n")
    assert capfd.readouterr().err == "visible\n"


def test_a_closed_standard_error_does_no_harm() -> None:
    code = (
        "import os\nos.close(2)\nfrom edgekit.quiet import stderr_into\nwith stderr_into(1): print('inside')\n"
        "try: os.write(2, b'x')\nexcept OSError: print('still closed')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout.split("\n")[:2] == ["inside", "still closed"]


def test_only_notes_about_retracing_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    # A handler and a level of its own: TensorFlow, once imported, hands nothing on to the root's.
    records: list[logging.LogRecord] = []
    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "handlers", [Kept()])
    monkeypatch.setattr(logger, "level", logging.WARNING)
    monkeypatch.setattr(logger, "disabled", False)
    logger.manager._clear_cache()  # type: ignore[attr-defined]  # of which levels are enabled
    note = "5 out of the last 5 calls to %s triggered tf.function retracing."
    with without_retracing_notes(), without_retracing_notes():
        logger.warning(note, "step")
        logger.warning("the disk is full")
    logger.warning(note, "again")
    assert [record.args or record.msg for record in records] == ["the disk is full", ("again",)]
