"""Tiny photos, and one training that many rows look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import edgekit
import edgekit.api.model
from tests.heard import Heard
from tests.parity_keras.side_by_side import SAME_AS_RUN, write_photos


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 photos of 32x24 in two class folders."""
    return write_photos(tmp_path_factory.mktemp("parity") / "photos")


@pytest.fixture(scope="session")
def divided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``train`` and ``val`` folders."""
    folder = tmp_path_factory.mktemp("parity") / "divided"
    write_photos(folder / "train")
    write_photos(folder / "val", 4, start=5000)
    return folder


def make_callback() -> Any:
    """A callback of Keras that remembers when it was called."""
    import keras

    class Remembering(keras.callbacks.Callback):
        """Remembers the epochs."""

        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[int] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(epoch)

    return Remembering()


@dataclass(frozen=True)
class Trained:
    """A training with much of what Keras' callbacks do, and what was given to it."""

    model: edgekit.api.model.Model
    path: Path
    callback: Any
    said: list[str]


@pytest.fixture(scope="session")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """One training of two epochs."""
    folder = tmp_path_factory.mktemp("parity-training")
    callback, listener = make_callback(), Heard()
    model = edgekit.train(
        photos,
        output=folder / "colors.keras",
        callbacks=[callback],
        **SAME_AS_RUN,
        progress=listener,
    )
    return Trained(model, folder / "colors.keras", callback, listener.said)
