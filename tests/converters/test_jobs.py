"""How conversions are run: what is decided, and how an end is told."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from pathlib import Path

import pytest

from edgekit.converters import jobs
from edgekit.converters.jobs import Job, Outcome, _read_outcome
from edgekit.converters.workfolder import remove_abandoned, work_prefix
from edgekit.progress import SILENT

JOB = Job("tflite", "fp32", "x.fp32.tflite", "program", None, "reference.npz", {}, "x.fp32.tflite")


FAKE_WORKER = """
import json, os, pathlib, sys, time
for name in sys.argv[1:]:
    folder = pathlib.Path(name)
    do = json.loads((folder / "job.json").read_text())["options"]["do"]
    if do == "crash":
        os.kill(os.getpid(), 9)
    if do == "hang":
        time.sleep(60)
    (folder / "result.json").write_text(json.dumps({"check": {"engine": "one"}, "error": None}))
    print(folder.name, flush=True)
"""


def run_fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *groups: str) -> list[str | None]:
    """Runs jobs whose converters do as they are told; their errors."""
    script = tmp_path / "worker.py"
    script.write_text(FAKE_WORKER)
    monkeypatch.setattr(jobs, "child_command", lambda module, *words: [sys.executable, str(script), *words])
    monkeypatch.setattr(jobs, "TIME_LIMIT_SECONDS", 1.5)
    asked = [
        dataclasses.replace(JOB, format=f"format{number}", name=do, options={"do": do})
        for number, group in enumerate(groups)
        for do in group.split()
    ]
    folder = tmp_path / "jobs"
    folder.mkdir()
    found = jobs.run_jobs(asked, folder, SILENT)
    assert [each.job for each in found] == asked
    return [each.error for each in found]


def test_a_crash_and_a_hang_take_no_other_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third, fourth, fifth = run_fake(tmp_path, monkeypatch, "crash well hang", "well crash")
    assert "SIGKILL" in str(first)
    assert second is None
    assert "was stopped" in str(third)
    assert fourth is None
    assert "SIGKILL" in str(fifth)


def test_a_process_that_cannot_be_started_is_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    assert ["cannot be started" in str(error) for error in run_fake(tmp_path, monkeypatch, "well well", "well")] == [
        True,
        True,
        True,
    ]


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
        (-9, "I0000 00:00:17 port.cc:153] oneDNN custom operations are on.\n", "most likely for lack of memory)."),
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
    assert found.check.agreement == 1.0


def test_work_folders_of_the_dead_are_removed_and_no_others(tmp_path: Path) -> None:
    gone = 2**22 - 3  # above the largest process id that Linux gives by default
    machine = work_prefix().removesuffix(f"{os.getpid()}-")
    folders = {
        "dead": tmp_path / f"{machine}{gone}-a",
        "young": tmp_path / f"{machine}{gone}-b",
        "alive": tmp_path / f"{work_prefix()}c",
        "of another machine": tmp_path / f".export-00000000-{gone}-d",
        "foreign": tmp_path / ".export-notes",
    }
    hour_ago = time.time() - 3600
    for name, folder in folders.items():
        folder.mkdir()
        if name != "young":
            os.utime(folder, (hour_ago, hour_ago))
    remove_abandoned(tmp_path)
    assert [name for name, folder in folders.items() if not folder.exists()] == ["dead"]
