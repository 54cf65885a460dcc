"""The wheels of a release: what is in each, how the extras bring them, and what is said where one is missing."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.android.template import project_files
from edgekit.version import __version__
from tests.install.environments import Environment, Wheels, make_environment, unpack
from tests.runtime.tfjs_models import write_dense

FIND = "from edgekit.web.page import find_page; print(find_page())"

FIND_PROJECT = "from edgekit.bundle import find_built; print(find_built('android'))"

TRAIN = "import edgekit; edgekit.train('flowers')"

RUN = "import sys, edgekit\nwith edgekit.load(sys.argv[1], trust=True) as model:\n    print(model.engine.info)\n"

EXPORT = (
    "import edgekit\n"
    "model = edgekit.Model.open('model.keras')\n"
    "model.save('again.keras')\n"
    "edgekit.export(model, to='tflite:fp32', output='dist')\n"
    "print(edgekit.__file__)\n"
)


@pytest.fixture(scope="module")
def with_browser(repository: Path, wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """EdgeKit with an extra that brings a wheel of a folder, and Node.js."""
    pins = str(repository / "requirements" / "dev.txt")
    words = [f"{wheels.edgekit}[tfjs]", "--find-links", str(wheels.folder), "--constraint", pins]
    return make_environment(tmp_path_factory.mktemp("with_browser") / "env", [words])


def names_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def requirements_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        found = Parser().parsestr(archive.read(name).decode())
    assert found["Version"] == __version__
    return set(found.get_all("Requires-Dist", []))


def test_no_file_is_in_two_and_none_is_missing(wheels: Wheels, repository: Path) -> None:
    edgekit, train, browser = (names_of(wheel) for wheel in (wheels.edgekit, wheels.train, wheels.browser))
    assert not edgekit & train
    assert {name.partition("/")[0] for name in names_of(wheels.android)} == {"edgekit_android"}
    assert {name.partition("/")[0] for name in browser} == {"edgekit_browser"}
    parts = ("training", "report/training_page")
    files = {
        path.relative_to(repository).as_posix()
        for part in parts
        for path in (repository / "edgekit" / part).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert any(name.endswith(".css") for name in files)
    assert train == files


def test_the_extras_bring_the_parts_of_the_same_version(wheels: Wheels) -> None:
    wanted = requirements_of(wheels.edgekit)
    assert {name for name in wanted if name.startswith("edgekit-")} == {
        f'edgekit-train=={__version__}; extra == "train"',
        f'edgekit-browser=={__version__}; extra == "tfjs"',
        f'edgekit-browser=={__version__}; extra == "browser"',
        f'edgekit-android=={__version__}; extra == "tensorflow"',
        f'edgekit-android=={__version__}; extra == "gpu"',
    }
    assert requirements_of(wheels.train) == {f"edgekit=={__version__}"}
    assert not requirements_of(wheels.browser)
    assert not requirements_of(wheels.android)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('\ntfjs = ["', '\ntfjs=["'),
        ('\ntfjs = ["', '\n[other]\ntfjs = ["'),
        ('\ntfjs = ["', '\ntfjs = ["a"]\ntfjs = ["'),
    ],
)
def test_an_extra_that_is_written_in_another_way_is_refused(repository: Path, written: str, instead: str) -> None:
    """Else a release would come without a part."""
    release: Callable[[str], str] = runpy.run_path(str(repository / "scripts/build-wheels.py"))["release_pyproject"]
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    assert release(text).count("edgekit-browser==") == 2
    with pytest.raises((ValueError, KeyError)):
        release(text.replace(written, instead))


def test_a_checkout_names_no_part(repository: Path) -> None:
    """No index has them: what is installed as a checkout's extra would be somebody else's."""
    lines = (repository / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert not [
        line for line in lines if re.search(r"edgekit-(train|browser|android)", line) and not line.startswith("#")
    ]


def test_the_browsers_wheel_has_two_variants_of_litert(wheels: Wheels) -> None:
    page = {name.removeprefix("edgekit_browser/page/") for name in names_of(wheels.browser)}
    assert {"index.html", "bench.html", "sw.js", "app.webmanifest", "licenses/third-party.txt"} <= page
    assert len([name for name in page if name.startswith("wasm/litert") and name.endswith(".wasm")]) == 2
    assert "edgekit_browser/node/runner.cjs" in page
    assert wheels.browser.stat().st_size < 12_000_000


def test_androids_wheel_has_the_project_of_an_export(wheels: Wheels, repository: Path) -> None:
    prefix = "edgekit_android/android/"
    found = {name.removeprefix(prefix) for name in names_of(wheels.android) if name.startswith(prefix)}
    assert found == set(project_files(repository / "targets/android"))


def test_what_is_installed_from_a_checkout_has_that_project_too(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    patterns = [one for one in settings["package-data"]["edgekit.targets"] if one.startswith("android/")]
    targets = repository / "targets"
    # As setuptools reads them, two asterisks are files, too.
    found = {path for pattern in patterns for path in targets.glob(pattern.replace("**", "**/*")) if path.is_file()}
    project = targets / "android"
    assert {path.relative_to(project).as_posix() for path in found} == set(project_files(project))


def test_an_extra_brings_what_runs_models_in_node(with_browser: Environment, tmp_path: Path) -> None:
    assert with_browser.packages["edgekit-browser"] == __version__
    assert "edgekit-train" not in with_browser.packages
    model = write_dense(tmp_path / "model", np.eye(4, dtype=np.float32))
    done = with_browser.run("python", "-c", RUN, str(model), cwd=tmp_path, EDGEKIT_CACHE=str(tmp_path / "cache"))
    assert done.stdout.startswith("@tensorflow/tfjs "), done.stderr
    found = with_browser.run("python", "-c", FIND, cwd=tmp_path).stdout.strip()
    assert found.endswith("/edgekit_browser/page")
    assert Path(found, "index.html").is_file()


def test_without_the_browsers_wheel_it_is_named(bare: Environment, wheels: Wheels, tmp_path: Path) -> None:
    without = bare.run("python", "-c", FIND, cwd=tmp_path)
    assert without.returncode == 1
    command = f"make wheels. Install that beside EdgeKit: pip install dist/{wheels.browser.name}"
    assert command in without.stderr
    place = unpack([wheels.browser], tmp_path / "installed")
    (place / "edgekit_browser" / "version.py").write_text('__version__ = "0.0.1"\n')
    other = bare.run("python", "-c", FIND, cwd=tmp_path, PYTHONPATH=str(place))
    assert "edgekit-browser 0.0.1 is installed" in other.stderr


def test_without_androids_wheel_it_is_named(bare: Environment, wheels: Wheels, tmp_path: Path) -> None:
    without = bare.run("edgekit", "export", "none.keras", "--to", "android", cwd=tmp_path)
    assert without.returncode == 1
    assert f"The project for Android is not here. It comes with edgekit-android {__version__}" in without.stderr
    assert f"pip install dist/{wheels.android.name}" in without.stderr
    place = unpack([wheels.android], tmp_path / "installed")
    found = bare.run("python", "-c", FIND_PROJECT, cwd=tmp_path, PYTHONPATH=str(place))
    assert Path(found.stdout.strip()) == place / "edgekit_android" / "android"


def test_without_the_wheel_that_trains_it_is_named(bare: Environment, tmp_path: Path) -> None:
    sentence = "Training needs the extra 'train', which is not installed."
    for words in (["edgekit", "train", "flowers"], ["edgekit", "demo"], ["python", "-c", TRAIN]):
        done = bare.run(*words, cwd=tmp_path)
        assert done.returncode == 1
        assert f"{sentence} Install it with: pip install --find-links FOLDER 'edgekit[train]'" in done.stderr
    assert not list(tmp_path.iterdir())
    told = bare.run("edgekit", "train", "--help", cwd=tmp_path)
    assert told.returncode == 0
    assert sentence in " ".join(told.stdout.split())


def test_training_needs_its_wheel_and_exporting_does_not(wheels: Wheels, tmp_path: Path) -> None:
    """With the TensorFlow of this environment, and EdgeKit as it is when it is installed."""
    rng = np.random.default_rng(0)
    for color in ("red", "blue"):
        folder = tmp_path / "photos" / color
        folder.mkdir(parents=True)
        for index in range(8):
            pixels = rng.integers(0, 120, (32, 32, 3), np.uint8)
            pixels[..., 0 if color == "red" else 2] += 120
            Image.fromarray(pixels).save(folder / f"{index}.png")
    both = unpack([wheels.edgekit, wheels.train], tmp_path / "both")
    words = ["train", "photos", "--model", "tiny_cnn", "--image-size", "32", "--epochs", "1", "-o", "model.keras"]
    trained = run_unpacked(both, ["-m", "edgekit", *words], tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert (tmp_path / "model.training" / "report.html").is_file()
    base = unpack([wheels.edgekit], tmp_path / "base")
    exported = run_unpacked(base, ["-c", EXPORT], tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert Path(exported.stdout.strip()).is_relative_to(base)
    assert (tmp_path / "again.keras").is_file()
    assert (tmp_path / "dist" / "model.fp32.tflite").is_file()


def run_unpacked(place: Path, words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs this Python with the EdgeKit in a folder instead of the checkout's."""
    environment = {**os.environ, "PYTHONPATH": str(place)}
    command = [sys.executable, *words]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
