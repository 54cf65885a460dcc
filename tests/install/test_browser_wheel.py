"""The wheel of the built page, beside EdgeKit's own in an environment without a checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgekit.version import __version__
from tests.conftest import missing
from tests.install.environments import Environment

FIND = "from edgekit.web.page import find_page; print(find_page())"


@pytest.fixture(scope="module")
def browser_wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (repository / "targets/browser/dist/page/index.html").is_file():
        missing("the page has not been built; run make setup")
    folder = tmp_path_factory.mktemp("browser-wheel")
    words = [
        "sh",
        str(repository / "scripts/build-browser-wheel.sh"),
        str(folder),
        str(Path(sys.executable).parents[1]),
    ]
    subprocess.run(words, check=True, timeout=300, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_it_has_the_page_and_two_variants_of_litert(browser_wheel: Path) -> None:
    assert browser_wheel.name == f"edgekit_browser-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(browser_wheel) as archive:
        names = archive.namelist()
    page = {name.removeprefix("edgekit_browser/page/") for name in names if name.startswith("edgekit_browser/page/")}
    assert {"index.html", "bench.html", "sw.js", "app.webmanifest", "licenses/third-party.txt"} <= page
    assert len([name for name in page if name.startswith("wasm/litert") and name.endswith(".wasm")]) == 2
    assert browser_wheel.stat().st_size < 10_000_000


def test_an_installed_edgekit_finds_the_page_in_it(bare: Environment, browser_wheel: Path, tmp_path: Path) -> None:
    without = bare.run("python", "-c", FIND, cwd=tmp_path)
    assert without.returncode == 1
    assert "make browser-wheel" in without.stderr
    place = tmp_path / "installed"
    with zipfile.ZipFile(browser_wheel) as archive:
        archive.extractall(place)
    found = bare.run("python", "-c", FIND, cwd=tmp_path, PYTHONPATH=str(place))
    assert found.stdout.strip() == str(place / "edgekit_browser" / "page"), found.stderr
    (about,) = place.glob("*.dist-info")
    about.rename(place / "edgekit_browser-0.0.1.dist-info")
    metadata = place / "edgekit_browser-0.0.1.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace(f"Version: {__version__}", "Version: 0.0.1"))
    other = bare.run("python", "-c", FIND, cwd=tmp_path, PYTHONPATH=str(place))
    assert "edgekit-browser 0.0.1 is installed" in other.stderr
