"""A small made-up data set: four textures that a network learns in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data import DataReport, Dataset, Part

CLASSES = ("checks", "columns", "Größe 3", "rows")


@dataclass(frozen=True)
class MemoryStore:
    """An ImageStore over an array."""

    pixels: NDArray[np.uint8]

    @property
    def shape(self) -> tuple[int, int, int]:
        _, height, width, channels = self.pixels.shape
        return (height, width, channels)

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, indices: NDArray[np.integer]) -> NDArray[np.uint8]:
        return self.pixels[indices]


def _make_part(name: str, count: int, size: int, seed: int, channels: int = 3) -> Part:
    """``count`` photos: columns, rows, both, or noise, in random colors."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    y, x = np.mgrid[:size, :size]
    pixels = np.empty((count, size, size, channels), np.uint8)
    for index, label in enumerate(labels):
        columns, rows = (x + random.integers(8)) // 4 % 2, (y + random.integers(8)) // 4 % 2
        pattern = (columns ^ rows, columns, random.integers(0, 2, (size, size)), rows)[label]
        dark, bright = random.integers(0, 100, channels), random.integers(150, 256, channels)
        pixels[index] = np.where(pattern[..., None] == 1, bright, dark)
    return Part(name, MemoryStore(pixels), labels.astype(np.int64), tuple(f"{name}/{i}.png" for i in range(count)))


def _make_dataset(train: int = 64, validation: int = 24, size: int = 32, channels: int = 3) -> Dataset:
    parts = _make_part("train", train, size, 1, channels), _make_part("validation", validation, size, 2, channels)
    counts = {part.name: tuple(np.bincount(part.labels, minlength=len(CLASSES)).tolist()) for part in parts}
    return Dataset(CLASSES, *parts, None, DataReport("textures", CLASSES, counts, "folders"), "0" * 64)


@pytest.fixture(scope="session")
def textures() -> Dataset:
    """64 training and 24 validation photos of 32x32."""
    return _make_dataset()


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """``make_dataset(train=64, validation=24, size=32, channels=3)``."""
    return _make_dataset


@pytest.fixture(scope="session")
def part_of() -> Callable[[NDArray[np.uint8], NDArray[np.int64]], Part]:
    """``part_of(pixels, labels)``: a part in memory."""
    return lambda pixels, labels: Part("train", MemoryStore(pixels), labels, tuple(map(str, range(len(labels)))))
