"""Where the parts of ``targets`` lie that are not Python: in a checkout, built there, or in a wheel of their own."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from edgekit.errors import EdgeKitError
from edgekit.version import __version__

Part = Literal["page", "node", "android"]
"""``page``: a site without its models. ``node``: what runs models in Node.js, one folder without others in it.
``android``: a Gradle project without its models."""

_TARGETS = Path(__file__).resolve().parent / "targets"

SOURCES = (_TARGETS / "browser").resolve()
"""What ``page`` and ``node`` are built of, in a checkout; an installed EdgeKit has at most what was built."""

ANDROID = (_TARGETS / "android").resolve()
"""The project itself, in a checkout and in what is installed from one."""

PACKAGE = "edgekit_browser"
"""Of the wheel of ``page`` and ``node``; each wheel has a folder for each of its parts."""

_PACKAGES: dict[Part, str] = {"page": PACKAGE, "node": PACKAGE, "android": "edgekit_android"}

_ENTRIES: dict[Part, str] = {"page": "index.html", "node": "runner.cjs", "android": "settings.gradle.kts"}


def is_checkout() -> bool:
    """Whether the parts can be built here."""
    return (SOURCES / "build.ts").is_file() and (SOURCES / "package-lock.json").is_file()


def built_here(part: Part) -> Path:
    """Where a checkout has a part: where a build puts it, or what needs no build."""
    return ANDROID if part == "android" else SOURCES / "dist" / part


def find_built(part: Part) -> Path | None:
    """The folder of a part: the checkout's, else the wheel's; ``None`` where there is neither.

    Raises:
        EdgeKitError: the wheel is of another EdgeKit.
    """
    for place in (built_here, _in_wheel):
        folder = place(part)
        if folder is not None and (folder / _ENTRIES[part]).is_file():
            return folder
    return None


def how_to_get(part: Part = "page") -> str:
    """What to do where a part is missing, as a sentence."""
    if is_checkout():
        return "Build it with: make setup"
    package = _PACKAGES[part]
    return (
        f"It comes with {_wheel(package)} {__version__}, a wheel of its own, which EdgeKit's checkout writes into dist "
        f"with: make wheels. Install that beside EdgeKit: pip install dist/{package}-{__version__}-py3-none-any.whl"
    )


def _in_wheel(part: Part) -> Path | None:
    package = _PACKAGES[part]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    version = str(getattr(import_module(f"{package}.version"), "__version__", "of no version"))
    if version != __version__:
        raise EdgeKitError(
            f"{_wheel(package)} {version} is installed, and EdgeKit {__version__}. They belong together: install both "
            "wheels of one run of: make wheels"
        )
    return Path(spec.origin).parent / part


def _wheel(package: str) -> str:
    return package.replace("_", "-")
