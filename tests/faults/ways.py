"""The ways in: the Python API, its parts, and the command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from click.testing import CliRunner

import edgekit
from edgekit.cli.main import cli
from edgekit.data import DataOptions, Dataset, open_dataset, open_tensors
from edgekit.errors import DataError, EdgeKitError, OutputError, TrainingError, UsageError
from edgekit.spec import ImageFormat
from tests.faults.pictures import Color
from tests.faults.table import Bench, Check, Way

SMALL = {"model": "tiny_cnn", "image_size": 16, "epochs": 1}

_KINDS: dict[str, type[EdgeKitError]] = {
    kind.kind: kind for kind in (UsageError, DataError, TrainingError, OutputError)
}


def training(**settings: Any) -> Way:
    """``edgekit.train`` of a network of a few thousand weights, unless the settings say otherwise."""
    return lambda source, bench: edgekit.train(source, **{"progress": bench.heard, **SMALL, **settings})


def training_with(source: Callable[[Bench], Any], **settings: Any) -> Way:
    """``edgekit.train`` where the fault is what :func:`training` is told: the row makes the settings."""
    return lambda made, bench: edgekit.train(source(bench), **{"progress": bench.heard, **SMALL, **settings, **made})


def opening(**options: Any) -> Way:
    """``open_dataset`` at 16 pixels: what a training would see."""
    return lambda source, bench: open_dataset(source, ImageFormat(16, 16), DataOptions(**options), bench.heard)


def opening_tensors(**options: Any) -> Way:
    """``open_tensors``: samples that are no photos."""
    return lambda source, bench: open_tensors(source, DataOptions(**options), bench.heard)


def command(*arguments: str) -> Way:
    """The command line in this process; ``{source}`` stands for what the row made, ``{tmp}`` for its folder.

    A failure must be an exit code with a sentence. It is raised again as the error that ``--json`` names.
    """

    def run(source: Any, bench: Bench) -> str:
        words = [argument.format(source=source, tmp=bench.tmp) for argument in arguments]
        result = CliRunner().invoke(cli, words)
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert "defect of EdgeKit" not in result.stderr, result.stderr
        if result.exit_code == 0:
            return result.stdout
        assert "Error: " in result.stderr
        raise {1: CommandFailed, 2: CommandRefused}[result.exit_code](result.stderr)

    return run


class CommandFailed(EdgeKitError):
    """A command ended with the exit code 1."""


class CommandRefused(EdgeKitError):
    """A command ended with the exit code 2: its arguments are wrong."""


def photos(number: int, *classes: str) -> Check:
    """Checks how many photos were read, and of which classes."""

    def check(dataset: Dataset, bench: Bench) -> None:
        assert len(dataset.train) + len(dataset.validation) + len(dataset.test or ()) == number
        assert dataset.class_names == (classes or ("cat", "dog"))

    return check


def warned(pattern: str, then: Check | None = None) -> Check:
    """Checks that the report warns, and the rest."""

    def check(dataset: Dataset, bench: Bench) -> None:
        (then or photos(6))(dataset, bench)
        found = [*dataset.report.warnings(), *dataset.report.notes(), *bench.heard.warned]
        assert any(pattern in line for line in found), found

    return check


def shown_as(color: Color, name: str = "odd", tolerance: int = 3) -> Check:
    """Checks that the photo with ``name`` in its name is of this colour from edge to edge."""

    def check(dataset: Dataset, bench: Bench) -> None:
        pixels = pixels_of(dataset, name)
        assert np.abs(pixels.astype(int) - np.array(color)).max() <= tolerance, pixels.reshape(-1, 3)[:3]

    return check


def pixels_of(dataset: Dataset, name: str) -> Any:
    """The pixels of the photo with ``name`` in its name."""
    parts = [part for part in (dataset.train, dataset.validation, dataset.test) if part is not None]
    found = [part.images.take(np.array([index]))[0] for part in parts for index, file in enumerate(part.files)
             if name in file]  # fmt: skip
    assert len(found) == 1, [part.files for part in parts]
    return found[0]


def labels_of(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """File name to its labels, of all parts."""
    found = {}
    for part in (dataset.train, dataset.validation, dataset.test):
        for file, row in zip(part.files, part.labels, strict=True) if part is not None else ():
            ones = np.flatnonzero(row) if part.labels.ndim == 2 else [row]
            found[file.rsplit("/", 1)[-1]] = tuple(dataset.class_names[index] for index in ones)
    return found
