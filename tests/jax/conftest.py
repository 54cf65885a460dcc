"""What the tests on JAX share: its environment, photos, and one training in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.jax.environment import finish, make_environment, start
from tests.jax.training import TRAIN, Trained


@pytest.fixture(scope="session")
def jax_python(repository: Path) -> Path:
    """Python with JAX and without TensorFlow."""
    return make_environment(repository / "requirements" / "jax.txt", repository / ".cache")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 88 photos of 32x32 in four classes of textures."""
    folder = tmp_path_factory.mktemp("textures")
    random = np.random.default_rng(1)
    y, x = np.mgrid[:32, :32]
    for index in range(88):
        columns, rows = (x + random.integers(8)) // 4 % 2, (y + random.integers(8)) // 4 % 2
        kinds = {"checks": columns ^ rows, "columns": columns, "noise": random.integers(0, 2, (32, 32)), "rows": rows}
        name = list(kinds)[index % 4]
        dark, bright = random.integers(0, 100, 3), random.integers(150, 256, 3)
        (folder / name).mkdir(exist_ok=True)
        pixels = np.where(kinds[name][..., None] == 1, bright, dark).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name / f"{index:02}.png")
    return folder


@pytest.fixture(scope="session")
def trained_alone(jax_python: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A training on JAX in one process on one device."""
    path = tmp_path_factory.mktemp("alone") / "alone.keras"
    done = finish(start(jax_python, ["-m", "edgekit", "train", str(photos), *TRAIN, "--output", str(path)]))
    return Trained(path, done)
