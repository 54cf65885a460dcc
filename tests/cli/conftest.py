"""One small trained model for all tests of the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgekit.cli.main import cli
from edgekit.demo.photos import make_photos
from edgekit.progress import SILENT


@dataclass(frozen=True)
class Output:
    """What a command printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Output]

RESUMABLE = (
    *("--model", "simple_cnn", "--image-size", 32, "--epochs", 6, "--batch-size", 2),
    *("--augmentation", "light", "--schedule", "cosine", "--seed", 3),
)
"""Settings of a training that takes long enough to be killed in the middle."""


def command(*arguments: object) -> list[str]:
    """``edgekit`` with arguments, for a process of its own."""
    return [sys.executable, "-m", "edgekit", *map(str, arguments)]


def heed_interrupts() -> None:
    """Undoes what a shell does to its background jobs: they ignore Ctrl-C, and so would their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Unbroken:
    """A training with :data:`RESUMABLE` in a process of its own: its document, and what it wrote to standard error."""

    document: Any
    errors: str


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs ``edgekit`` with arguments, in this process."""

    def run_command(*arguments: object) -> Output:
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Output(result.exit_code, result.stdout, result.stderr)

    return run_command


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four classes of 20 made-up photos, in train/ and val/."""
    folder = tmp_path_factory.mktemp("data") / "photos"
    make_photos(folder, per_class=20, seed=0, progress=SILENT)
    return folder


@pytest.fixture(scope="session")
def trained(run: Run, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that ``edgekit train`` wrote."""
    path = tmp_path_factory.mktemp("model") / "fruit.keras"
    result = run("train", photos, "-o", path, "--model", "simple_cnn", "--image-size", 32, "--epochs", 3, "--json")
    assert result.code == 0, result.err
    return path


@pytest.fixture(scope="session")
def exported(run: Run, trained: Path) -> Path:
    """An export folder with every precision of TFLite."""
    folder = trained.parent / "dist"
    result = run("export", trained, "--to", "tflite:fp32,tflite:fp16,tflite:int8,tflite:int8-dynamic", "-o", folder)
    assert result.code == 0, result.err
    return folder


@pytest.fixture(scope="session")
def unbroken(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Unbroken:
    """A training that nothing interrupts, with its progress as JSON lines."""
    output = tmp_path_factory.mktemp("unbroken") / "x.keras"
    # As a user starts it: the tests silence TensorFlow by this variable.
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    result = subprocess.run(
        command("train", photos, "-o", output, *RESUMABLE, "--json", "--progress", "json"),
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return Unbroken(json.loads(result.stdout), result.stderr)
