"""How conversions are run: what is decided, and how an end is told."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from edgekit.converters.jobs import MEMORY_PER_JOB, Job, Outcome, _read_outcome, parallel_jobs, remove_abandoned

JOB = Job("tflite", "fp32", "x.fp32.tflite", "program", None, "reference.npz", {}, "x.fp32.tflite")


@pytest.mark.parametrize(
    ("jobs", "processors", "memory", "expected"),
    [
        (4, 2, 100 * MEMORY_PER_JOB, 2),
        (1, 8, 100 * MEMORY_PER_JOB, 1),
        (4, 8, 2 * MEMORY_PER_JOB + 1, 2),
        (4, 8, 1, 1),  # one at a time always goes
        (4, 8, None, 4),  # memory unknown
    ],
)
def test_as_many_side_by_side_as_fit(jobs: int, processors: int, memory: int | None, expected: int) -> None:
    assert parallel_jobs(jobs, processors, memory) == expected


def outcome(tmp_path: Path, code: int | None, log: str = "", result: str | None = None) -> Outcome:
    (tmp_path / "log.txt").write_text(log)
    if result is not None:
        (tmp_path / "result.json").write_text(result)
    return _read_outcome(JOB, tmp_path, tmp_path / "log.txt", code)


@pytest.mark.parametrize(
    ("code", "log", "sentence"),
    [
        (-9, "", "crashed (signal 9, SIGKILL, most likely for lack of memory)"),
        (-11, "F0000 check failed\n\n", "crashed (signal 11, SIGSEGV): F0000 check failed."),
        (1, "a\nNo space left on device.\n", "ended with exit code 1: No space left on device."),
        (None, "", "was stopped after 60 minutes"),
    ],
)
def test_an_end_without_a_result_is_told(tmp_path: Path, code: int | None, log: str, sentence: str) -> None:
    assert sentence in str(outcome(tmp_path, code, log).error)


def test_a_result_that_was_cut_off_is_no_result(tmp_path: Path) -> None:
    assert outcome(tmp_path, 0, "", '{"check": {').error


def test_a_result_is_read(tmp_path: Path) -> None:
    found = outcome(tmp_path, 0, "", '{"check": {"agreement": 1.0}, "error": null}')
    assert found.error is None
    assert found.check == {"agreement": 1.0}


def test_work_folders_of_the_dead_are_removed_and_no_others(tmp_path: Path) -> None:
    gone = 2**22 - 3  # above the largest process id that Linux gives by default
    folders = {
        "dead": tmp_path / f".export-{gone}-a",
        "young": tmp_path / f".export-{gone}-b",
        "alive": tmp_path / f".export-{os.getpid()}-c",
        "foreign": tmp_path / ".export-notes",
    }
    hour_ago = time.time() - 3600
    for name, folder in folders.items():
        folder.mkdir()
        if name != "young":
            os.utime(folder, (hour_ago, hour_ago))
    remove_abandoned(tmp_path)
    assert [name for name, folder in folders.items() if not folder.exists()] == ["dead"]
