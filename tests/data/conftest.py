"""Small folders of real image files, and a listener that remembers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
import pytest
from PIL import Image

from edgekit.data import CachePolicy
from tests.heard import Heard

LONG_AGO = 1_600_000_000
"""An mtime that no index mistrusts as too recent."""


class Recorded:
    """One task, with every step that was told."""

    def __init__(self, description: str, total: int) -> None:
        self.description = description
        self.total = total
        self.steps: list[int] = []
        self.closed = False

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.steps.append(steps)

    def __enter__(self) -> Recorded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True


class Listener(Heard):
    """Keeps the tasks, too."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[Recorded] = []

    def task(self, description: str, total: int) -> Recorded:
        self.tasks.append(Recorded(description, total))
        return self.tasks[-1]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def new_listener() -> Callable[[], Listener]:
    return Listener


WritePhoto = Callable[..., Path]
MakeFolder = Callable[..., Path]


@pytest.fixture
def write_photo() -> WritePhoto:
    """Writes a photo of seeded noise: the same seed gives the same bytes."""

    def write(path: Path, seed: int, size: tuple[int, int] = (12, 10)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
        Image.fromarray(pixels).save(path)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return path

    return write


@pytest.fixture
def make_folder(tmp_path: Path, write_photo: WritePhoto) -> MakeFolder:
    """Makes class folders of distinct photos: ``make_folder({"rose": 5})``."""
    seeds = iter(range(1_000_000))

    def make(classes: Mapping[str, int], root: Path | None = None, suffix: str = ".png") -> Path:
        root = root or tmp_path / "photos"
        for name, number in classes.items():
            (root / name).mkdir(parents=True, exist_ok=True)
            for index in range(number):
                write_photo(root / name / f"{index:03}{suffix}", next(seeds))
        return root

    return make


@pytest.fixture
def policy(tmp_path: Path) -> CachePolicy:
    return CachePolicy(directory=tmp_path / "cache")
