"""Real photos as frames, and a camera program that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.camera.tools import StandIn, jpeg, make_stand_in


@pytest.fixture(scope="session")
def pictures(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with six JPEGs of 320x240, of real photos of three kinds of flowers."""
    folder = tmp_path_factory.mktemp("pictures")
    kinds = ("daisy", "roses", "sunflowers")
    photos = [sorted((shared_data / "flowers-original/val" / kind).glob("*.jpg"))[n] for n in (0, 1) for kind in kinds]
    for number, photo in enumerate(photos):
        (folder / f"{number}.jpg").write_bytes(jpeg(photo))
    return folder


@pytest.fixture
def stand_in(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """``rpicam-vid`` on the path of this process."""
    if os.name != "posix":
        pytest.skip("a shell script stands in for rpicam-vid")
    made = make_stand_in(tmp_path, pictures)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made
