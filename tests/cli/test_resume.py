"""A training that was killed goes on as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import RESUMABLE, Run, Unbroken, command

KILL_AFTER = 2
"""Epochs."""


def epochs_done(folder: Path) -> int:
    """How many epochs an unfinished folder holds."""
    with contextlib.suppress(FileNotFoundError):
        return len(json.loads((folder / "state.json").read_text(encoding="utf-8"))["history"])
    return 0


@dataclass(frozen=True)
class Killed:
    """What a training that was killed has left.

    Attributes:
        output: the model that it did not come to write.
        left: the names beside it.
        epochs: that are kept.
    """

    output: Path
    left: set[str]
    epochs: int

    @property
    def unfinished(self) -> Path:
        return self.output.with_suffix(".unfinished")

    def copy(self, folder: Path) -> Path:
        """Another folder in the same state; the output in it."""
        shutil.copytree(self.output.parent, folder, dirs_exist_ok=True)
        return folder / self.output.name


@pytest.fixture(scope="module")
def killed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """A training that was sent SIGKILL in the middle of an epoch."""
    output = tmp_path_factory.mktemp("killed") / "x.keras"
    unfinished = output.with_suffix(".unfinished")
    process = subprocess.Popen(command("train", photos, "-o", output, *RESUMABLE, "--quiet"))
    try:
        while epochs_done(unfinished) < KILL_AFTER and process.poll() is None:
            time.sleep(0.005)
    finally:
        process.kill()
    assert process.wait(60) == -signal.SIGKILL, "it was done before it could be killed"
    return Killed(output, {file.name for file in output.parent.iterdir()}, epochs_done(unfinished))


def test_nothing_half_written_is_left(killed: Killed) -> None:
    assert killed.left == {"x.unfinished"}
    assert KILL_AFTER <= killed.epochs < 6
    lines = (killed.unfinished / "history.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) - 1 in (killed.epochs, killed.epochs - 1)  # it is written right behind the state


def test_it_is_not_overwritten_by_accident(killed: Killed, run: Run, photos: Path) -> None:
    result = run("train", photos, "-o", killed.output, *RESUMABLE)
    assert result.code == 1
    assert f"holds a run that was interrupted after {killed.epochs} epochs. Pass --resume to go on" in result.err
    assert epochs_done(killed.unfinished) == killed.epochs


def test_it_ends_as_the_unbroken_one(
    killed: Killed, run: Run, photos: Path, unbroken: Unbroken, tmp_path: Path
) -> None:
    output = killed.copy(tmp_path)
    result = run("train", photos, "-o", output, *RESUMABLE, "--resume", "--json")
    assert result.code == 0, result.err
    document = result.document
    assert document["resumed_after"] == killed.epochs
    assert {file.name for file in tmp_path.iterdir()} == {"x.keras", "x.training"}
    assert len(document["history"]) == len(unbroken.document["history"]) == 6
    for resumed, expected in zip(document["history"], unbroken.document["history"], strict=True):
        assert resumed.keys() == expected.keys()
        for name in resumed.keys() - {"seconds", "stage"}:
            assert resumed[name] == pytest.approx(expected[name], abs=1e-4), f"{name} of epoch {expected['epoch']}"
    assert document["best"]["epoch"] == unbroken.document["best"]["epoch"]
    assert document["confusion"] == unbroken.document["confusion"]


def test_other_settings_are_another_training(killed: Killed, run: Run, photos: Path) -> None:
    result = run("train", photos, "-o", killed.output, *RESUMABLE, "--batch-size", 4, "--resume")
    assert result.code == 1
    assert "an unfinished run with other settings: batch_size was 2, is 4" in result.err
    assert epochs_done(killed.unfinished) == killed.epochs


def test_force_starts_anew(killed: Killed, run: Run, photos: Path, tmp_path: Path) -> None:
    output = killed.copy(tmp_path)
    result = run("train", photos, "-o", output, *RESUMABLE, "--epochs", 1, "--force", "--json")
    assert result.code == 0, result.err
    assert result.document["resumed_after"] == 0
    assert {file.name for file in tmp_path.iterdir()} == {"x.keras", "x.training"}


def test_without_an_interrupted_run_resume_begins_one(run: Run, photos: Path, tmp_path: Path) -> None:
    result = run("train", photos, "-o", tmp_path / "x.keras", *RESUMABLE, "--epochs", 1, "--resume", "--json")
    assert result.code == 0, result.err
    assert result.document["resumed_after"] == 0


def test_a_finished_model_is_kept_from_resume(run: Run, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "x.keras").write_bytes(b"finished")
    result = run("train", photos, "-o", tmp_path / "x.keras", *RESUMABLE, "--resume")
    assert result.code == 1
    assert "exists already. Pass --force" in result.err
    assert (tmp_path / "x.keras").read_bytes() == b"finished"
