"""Builds EdgeKit's wheels: edgekit without its largest parts, and these parts, a wheel each.

    usage: python scripts/build-wheels.py OUTPUT

A checkout installs as one package ("pip install ."), since no index has the parts. The released edgekit is less than
a megabyte; its extras bring the parts, of the same version:

    edgekit          all but the following
    edgekit-browser  what targets/browser/dist has: page (sites), node (models in Node.js); edgekit.bundle finds it
    edgekit-android  the project of targets/android that an export fills in; edgekit.bundle finds it
    edgekit-train    edgekit/training and edgekit/report/training_page, to lie below the same edgekit/

Each is built of a copy with a pyproject.toml of its own. Nothing is written into the checkout.
"""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERSION: str = runpy.run_path(str(ROOT / "edgekit" / "version.py"))["__version__"]

TRAIN, BROWSER, ANDROID = (f"edgekit-{part}=={VERSION}" for part in ("train", "browser", "android"))
BROUGHT_BY = {"train": TRAIN, "tfjs": BROWSER, "browser": BROWSER, "tensorflow": ANDROID, "gpu": ANDROID}
"""Extra to the part that it brings, beside what it asks for in a checkout."""

TRAINING = ("training", "report/training_page")
"""Folders below edgekit/."""

BUNDLE = ROOT / "targets" / "browser" / "dist"
PROJECT = ROOT / "targets" / "android"
BUILT = (
    BUNDLE / "page" / "index.html",
    BUNDLE / "node" / "runner.cjs",
    *(ROOT / f"edgekit/preprocess/native/linux-{machine}.so" for machine in ("x86_64", "aarch64", "armv7l")),
)
"""What the wheels have that git has not."""

PART = """\
[build-system]
requires = {requires}
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "{description}"
requires-python = "{python}"
license = "{license}"
license-files = ["LICENSE"]
dependencies = {dependencies}

[tool.setuptools.packages.find]
include = {include}

[tool.setuptools.package-data]
"*" = {data}
"""


def release_pyproject(text: str) -> str:
    """A checkout's pyproject.toml with the parts in the extras.

    Raises:
        ValueError: an extra is not written as this expects it.
    """
    expected = tomllib.loads(text)
    for extra, part in BROUGHT_BY.items():
        begin = f"\n{extra} = ["
        if text.count(begin) != 1:
            raise ValueError(
                f"pyproject.toml has {text.count(begin)} lines that begin with {begin.strip()!r}, not one."
            )
        text = text.replace(begin, f'{begin}"{part}", ')
        expected["project"]["optional-dependencies"][extra].insert(0, part)
    if tomllib.loads(text) != expected:
        raise ValueError("pyproject.toml is not written as this script expects it: something else has changed, too.")
    return text


def part_pyproject(
    project: dict[str, Any],
    name: str,
    description: str,
    include: Sequence[str],
    data: Sequence[str],
    needs: Sequence[str],
) -> str:
    """The pyproject.toml of a part; ``project`` is the parsed one of EdgeKit."""
    return PART.format(
        requires=json.dumps(project["build-system"]["requires"]),
        name=name,
        version=VERSION,
        description=description,
        python=project["project"]["requires-python"],
        license=project["project"]["license"],
        dependencies=json.dumps(needs),
        include=json.dumps(include),
        data=json.dumps(data),
    )


def copy_base(folder: Path, pyproject: str) -> None:
    """EdgeKit without the parts, with real folders instead of the links."""
    left_out = {ROOT / "edgekit" / name for name in (*TRAINING, "targets/browser", "targets/android")}

    def ignored(place: str, names: list[str]) -> set[str]:
        return {name for name in names if name[0] == "." or name == "__pycache__" or Path(place, name) in left_out}

    shutil.copytree(ROOT / "edgekit", folder / "edgekit", ignore=ignored)
    shutil.copy(ROOT / "README.md", folder)
    finish(folder, release_pyproject(pyproject))


def copy_training(folder: Path, project: dict[str, Any]) -> None:
    """What trains, without the packages around it."""
    for name in TRAINING:
        shutil.copytree(
            ROOT / "edgekit" / name, folder / "edgekit" / name, ignore=shutil.ignore_patterns(".*", "__pycache__")
        )
    include = ["edgekit.training*", "edgekit.report.training_page*"]
    data = ["*.css", "*.js"]
    about = "The part of EdgeKit that trains"
    finish(folder, part_pyproject(project, "edgekit-train", about, include, data, [f"edgekit=={VERSION}"]))


def copy_bundle(folder: Path, project: dict[str, Any]) -> None:
    """What was built of targets/browser."""
    package = folder / "edgekit_browser"
    for part in ("page", "node"):
        shutil.copytree(BUNDLE / part, package / part, ignore=shutil.ignore_patterns(".*"))
    shutil.copy(ROOT / "edgekit" / "version.py", package)
    (package / "__init__.py").write_text('"""What EdgeKit has for browsers and Node.js; edgekit.bundle finds it."""\n')
    about = "The page and the engines of EdgeKit for browsers and Node.js, built"
    data = ["page/**", "node/**"]
    finish(folder, part_pyproject(project, "edgekit-browser", about, ["edgekit_browser"], data, []))


def copy_project(folder: Path, project: dict[str, Any]) -> None:
    """The files of targets/android that an export writes."""
    package = folder / "edgekit_android"
    files: list[str] = runpy.run_path(str(ROOT / "edgekit" / "android" / "template.py"))["project_files"](PROJECT)
    for path in files:
        (package / "android" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, package / "android" / path)
    shutil.copy(ROOT / "edgekit" / "version.py", package)
    (package / "__init__.py").write_text('"""What EdgeKit writes for Android Studio; edgekit.bundle finds it."""\n')
    about = "The project for Android that EdgeKit's export fills in"
    # Setuptools takes hidden files only where they are named.
    data = ["android/**", "android/.gitignore"]
    finish(folder, part_pyproject(project, "edgekit-android", about, ["edgekit_android"], data, []))


def finish(folder: Path, pyproject: str) -> None:
    """What every wheel's source has."""
    (folder / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    shutil.copy(ROOT / "LICENSE", folder)


def build(source: Path, output: Path) -> None:
    """Builds one wheel with the packages of this environment, so without a network."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    options = [
        "--quiet",
        "--wheel",
        "--no-create-gitignore",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        str(output),
    ]
    subprocess.run([uv, "build", *options, str(source)], check=True)


def main() -> int:
    """Builds all wheels, or says what is missing."""
    if len(sys.argv) != 2:
        print("usage: python scripts/build-wheels.py OUTPUT", file=sys.stderr)
        return 2
    missing = [path for path in BUILT if not path.is_file()]
    if missing:
        print(f"{missing[0].relative_to(ROOT)} has not been built. Build it with: make setup", file=sys.stderr)
        return 1
    output = Path(sys.argv[1]).resolve()
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(pyproject)
    with tempfile.TemporaryDirectory() as work:
        base, training, bundle, android = (Path(work, name) for name in ("base", "train", "browser", "android"))
        copy_base(base, pyproject)
        copy_training(training, project)
        copy_bundle(bundle, project)
        copy_project(android, project)
        for source in (base, training, bundle, android):
            build(source, output)
    for wheel in sorted(output.glob(f"edgekit*-{VERSION}-*.whl")):
        print(f"{wheel.stat().st_size:>12,} bytes  {wheel}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
