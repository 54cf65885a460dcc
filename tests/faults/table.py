"""The form of the tables in this folder: one row for each faulty (or merely odd) input.

A row says how the input is made, by which way it goes in, and what must come of it: an error of a
certain kind whose message names the thing and the next step, or a correct result.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import EdgeKitError
from tests.conftest import missing
from tests.faults.pictures import png
from tests.heard import Heard

_LONGEST_MESSAGE = 2_000

_LEAKS = ("Traceback", " object at 0x", "<function ", "\x1b[", "tuple index", "unexpected keyword")
"""What shows that a message was written for programmers, or by a program that did not know better."""


@dataclass
class Bench:
    """Where a row works.

    Attributes:
        tmp: an empty folder of the row's own.
        request: pytest's, for fixtures that few rows need.
        heard: what was said and warned.
    """

    tmp: Path
    request: pytest.FixtureRequest
    heard: Heard = field(default_factory=Heard)

    @cached_property
    def patch(self) -> pytest.MonkeyPatch:
        """Changes the environment, or a limit that would take gigabytes to reach, for this row only."""
        patch: pytest.MonkeyPatch = self.request.getfixturevalue("monkeypatch")
        return patch

    @property
    def flowers(self) -> list[Path]:
        """Real photos: JPEGs of daisies."""
        folder: Path = self.request.getfixturevalue("shared_data")
        found = sorted((folder / "flowers-224" / "val" / "daisy").glob("*.jpg"))[:4]
        return found or missing(f"no photos in {folder}")

    @property
    def shared(self) -> Path:
        """The folder of real models and weights."""
        folder: Path = self.request.getfixturevalue("shared_data")
        return folder

    @property
    def saved_model(self) -> Path:
        """A sound ``.keras`` file of EdgeKit for cats and dogs of 16 pixels, to be spoilt: a copy."""
        trained: Path = self.request.getfixturevalue("trained_pets")
        copy = self.tmp / "sound.keras"
        shutil.copyfile(trained, copy)
        return copy

    def write(self, files: dict[str, bytes], folder: str = "pets") -> Path:
        """Files by their names below a new folder."""
        root = self.tmp / folder
        for name, data in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return root


Make = Callable[[Bench], Any]
Way = Callable[[Any, Bench], Any]
Check = Callable[[Any, Bench], None]


@dataclass(frozen=True)
class Row:
    """One fault; see :func:`fails` and :func:`works`."""

    id: str
    make: Make
    way: Way
    error: type[EdgeKitError] | None = None
    says: tuple[str, ...] = ()
    check: Check | None = None


def fails(id: str, make: Make, way: Way, error: type[EdgeKitError], *patterns: str, says: tuple[str, ...] = ()) -> Row:
    """A row that must end in an error.

    Args:
        id: of the row.
        make: the fault.
        way: from what ``make`` returned into EdgeKit.
        error: the kind.
        patterns: regular expressions that the message must match: first the thing, last the next step.
        says: the same.
    """
    wanted = patterns or says
    assert len(wanted) >= 2, f"{id}: a message names the thing and the next step"
    return Row(id, make, way, error, wanted)


def works(id: str, make: Make, way: Way, check: Check) -> Row:
    """A row that must end in a correct result, which ``check`` asserts."""
    return Row(id, make, way, check=check)


def run_row(row: Row, bench: Bench) -> None:
    """Runs a row. Anything that is not an :class:`EdgeKitError` is a failure with its traceback."""
    source = row.make(bench)
    if row.error is None:
        assert row.check is not None
        row.check(row.way(source, bench), bench)
        return
    with pytest.raises(EdgeKitError) as caught:
        row.way(source, bench)
    message = str(caught.value)
    assert isinstance(caught.value, row.error), f"{type(caught.value).__name__}: {message}"
    for pattern in row.says:
        assert re.search(pattern, message, re.DOTALL), f"{pattern!r} is not in: {message}"
    assert len(message) < _LONGEST_MESSAGE, message
    assert not [leak for leak in _LEAKS if leak in message], message


def as_table(rows: Iterable[Row]) -> pytest.MarkDecorator:
    """Makes a test of each row."""
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in rows])


def pets(per_class: int = 3) -> dict[str, bytes]:
    """Sound class folders: cats and dogs, each photo of another colour."""
    return {
        f"{kind}/{index}.png": png((60 * index, 200 if kind == "cat" else 20, 90))
        for kind in ("cat", "dog")
        for index in range(per_class)
    }
