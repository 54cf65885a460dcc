"""The built wheels, and two environments that have nothing but EdgeKit's own and what it asks for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edgekit.bundle import find_built
from edgekit.spec import ImageFormat, Label, image_classifier
from edgekit.tflite.embed import embed
from tests.conftest import missing
from tests.install.environments import Environment, Wheels, build_wheels, make_environment


@pytest.fixture(scope="session")
def wheels(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """EdgeKit's wheels."""
    if find_built("page") is None or find_built("node") is None:
        missing("targets/browser has not been built; run make setup")
    return build_wheels(repository, tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="session")
def wheel(wheels: Wheels) -> Path:
    """EdgeKit's own."""
    return wheels.edgekit


@pytest.fixture(scope="session")
def bare(repository: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with its base dependencies, in the versions that are pinned here."""
    pins = str(repository / "requirements" / "dev.txt")
    return make_environment(tmp_path_factory.mktemp("bare") / "env", [[str(wheel), "--constraint", pins]])


@pytest.fixture(scope="session")
def older(repository: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with tflite-runtime and NumPy 1, as on 32-bit ARM."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("tflite-runtime has packages for Python up to 3.11")
    pins = str(repository / "requirements" / "tflite-runtime.txt")
    folder = tmp_path_factory.mktemp("older") / "env"
    try:
        return make_environment(folder, [["--require-hashes", "-r", pins], ["--no-deps", str(wheel)]])
    except RuntimeError as error:
        missing(f"tflite-runtime cannot be installed: {error}")


@pytest.fixture(params=["bare", "older"])
def environment(request: pytest.FixtureRequest) -> Environment:
    """Both, one after the other."""
    found: Environment = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def own_model(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of digits with EdgeKit's spec and digest."""
    data = (shared_data / "tflite-zoo/ai-edge-quantizer/conv_fc_mnist.tflite").read_bytes()
    labels = tuple(Label(str(digit)) for digit in range(10))
    path = tmp_path_factory.mktemp("own") / "digits.fp32.tflite"
    path.write_bytes(embed(data, image_classifier("digits", labels, ImageFormat(28, 28, "grayscale"))))
    return path
