"""The same bytes on every Pillow: all tests of ``preprocess`` once more, with other versions of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

# Checks that it runs what it should before it runs anything.
RUN = """
import sys, PIL, pytest
assert PIL.__version__.startswith(sys.argv[1] + "."), PIL.__version__
sys.exit(pytest.main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(
            "9.4", marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="has wheels up to Python 3.11")
        ),
        "12.3",
    ],
)
def test_other_pillow_gives_the_same_bytes(version: str, repository: Path) -> None:
    folder = _install(repository / "requirements" / f"pillow-{version}.txt", repository / ".cache")
    tests = sorted((repository / "tests").glob("test_preprocess*.py"))
    done = subprocess.run(
        [sys.executable, "-c", RUN, version, "-q", "-p", "no:cacheprovider", *map(str, tests)],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def _install(requirements: Path, cache: Path) -> Path:
    """Installs the pins into a folder of their own, once; skips the test where that fails."""
    content = requirements.read_bytes() + sys.version.encode()
    folder = cache / f"{requirements.stem}-{hashlib.sha256(content).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.prefix, "bin")), os.environ.get("PATH", "")]))
    if uv is None:
        missing(f"{requirements.stem} cannot be installed: there is no uv")
        raise AssertionError  # missing() does not return
    unfinished = cache / f"{folder.name}.{os.getpid()}"
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(unfinished)]
    pins = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
    done = subprocess.run(command + pins, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        missing(f"{requirements.stem} cannot be installed: {done.stderr.strip()}")
    try:
        unfinished.rename(folder)
    except OSError:  # another run was faster
        shutil.rmtree(unfinished)
    return folder
