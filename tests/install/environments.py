"""EdgeKit's wheels, and empty environments into which it is installed as on a device."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UV = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))

_RECORDER = """\
import atexit, json, os, sys
def record():
    if folder := os.environ.get("MODULES_FOLDER"):
        with open(os.path.join(folder, f"{os.getpid()}.json"), "w") as handle:
            json.dump(sorted(sys.modules), handle)
atexit.register(record)
"""
"""Runs at the start of every Python of an environment, children of commands too; writes down what was imported."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment.

    Attributes:
        folder: where it lies.
    """

    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def packages(self) -> dict[str, str]:
        """Name to version of everything that is installed."""
        done = _uv("pip", "list", "--format", "json", "--python", str(self.python))
        return {entry["name"]: entry["version"] for entry in json.loads(done)}

    @property
    def python(self) -> Path:
        return self.bin / "python"

    def run(self, *words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment, away from the checkout and from this environment's variables."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL"))}
        return subprocess.run(
            [str(self.bin / words[0]), *words[1:]],
            cwd=cwd,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    def imports(self, *words: str, cwd: Path, **variables: str) -> tuple[str, set[str]]:
        """What a program prints, and all modules that it and its children imported.

        The program must end well.
        """
        folder = cwd / "modules"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        done = self.run(*words, cwd=cwd, MODULES_FOLDER=str(folder), **variables)
        assert done.returncode == 0, done.stderr
        modules: set[str] = set()
        for file in folder.iterdir():
            modules.update(json.loads(file.read_text()))
        return done.stdout, modules


@dataclass(frozen=True)
class Wheels:
    """What ``make wheels`` makes.

    Attributes:
        folder: with these files and no others.
        edgekit: what a device needs, and most of the rest.
        browser: what runs models in a browser and in Node.js.
        train: what trains.
        android: the project that an export fills in.
    """

    folder: Path
    edgekit: Path
    browser: Path
    train: Path
    android: Path


def build_wheels(repository: Path, folder: Path) -> Wheels:
    """Builds them into ``folder``."""
    words = [sys.executable, str(repository / "scripts" / "build-wheels.py"), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    files = {path.name.partition("-")[0]: path for path in folder.glob("*.whl")}
    return Wheels(folder, files["edgekit"], *(files[f"edgekit_{part}"] for part in ("browser", "train", "android")))


def unpack(wheels: Sequence[Path], folder: Path) -> Path:
    """What an installation of wheels makes of them, in a folder."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder


def make_environment(folder: Path, install: Sequence[Sequence[str]]) -> Environment:
    """An empty environment with this Python, then one ``uv pip install`` after the other."""
    _uv("venv", "--python", sys.executable, str(folder))
    environment = Environment(folder)
    for words in install:
        _uv("pip", "install", "--python", str(environment.python), *words)
    (site,) = folder.glob("lib/python*/site-packages") if os.name != "nt" else folder.glob("Lib/site-packages")
    (site / "module_recorder.py").write_text(_RECORDER)
    (site / "module_recorder.pth").write_text("import module_recorder\n")
    return environment


def _uv(*words: str) -> str:
    assert UV is not None, "there is no uv; run make setup"
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run([UV, "--quiet", *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"uv {words[0]}: {done.stderr}")
    return done.stdout


def wheel_modules(names: Sequence[str]) -> dict[str, Any]:
    """Top folders of a wheel, each with its files."""
    tree: dict[str, Any] = {}
    for name in names:
        top, _, rest = name.partition("/")
        tree.setdefault(top, []).append(rest)
    return tree
