"""What every row gets."""

from __future__ import annotations

from pathlib import Path

import pytest

import edgekit
from edgekit.progress import SILENT
from tests.faults.table import Bench, pets
from tests.faults.ways import SMALL


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    """A folder of its own for each row."""
    return Bench(tmp_path, request)


@pytest.fixture(scope="session")
def trained_pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``.keras`` file that was trained on sound photos."""
    folder = tmp_path_factory.mktemp("sound")
    for name, data in pets().items():
        path = folder / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    edgekit.train(folder / "pets", output=folder / "sound.keras", progress=SILENT, **SMALL)
    return folder / "sound.keras"
