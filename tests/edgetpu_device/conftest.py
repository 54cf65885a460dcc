"""The simulated Edge TPU: a stand-in for libedgetpu, compiled here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edgetpu_device.building import compile_simulator

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compiles the simulator for this machine, with the arguments of ``compile_simulator``."""
    made: dict[tuple[str, int], Path] = {}

    def make(state: str = "", registration: int = 4) -> Path:
        if (state, registration) not in made:
            folder = tmp_path_factory.mktemp("simulator")
            made[state, registration] = compile_simulator(folder, state, registration)
        return made[state, registration]

    return make


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, build: Build) -> Build:
    """Makes a build of the simulator the libedgetpu of this machine, for this test and its children."""

    def choose(*arguments: str, **options: object) -> Path:
        library = build(*arguments, **options)
        monkeypatch.setenv("EDGEKIT_LIBEDGETPU", os.fspath(library))
        return library

    return choose


@pytest.fixture(scope="session")
def compiled(shared_data: Path) -> Path:
    """A MobileNet that Coral's compiler compiled."""
    return shared_data / "edge-tpu" / "test_data" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite"


@pytest.fixture(scope="session")
def plain(shared_data: Path) -> Path:
    """The file that it was compiled from."""
    return shared_data / "edge-tpu" / "test_data" / "mobilenet_v1_0.25_128_quant.tflite"
