"""Where the built parts of ``targets/browser`` lie: below the sources, or in the wheel ``edgekit-browser``."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from edgekit.errors import EdgeKitError
from edgekit.version import __version__

Part = Literal["page", "node"]
"""``page``: a site without its models. ``node``: what runs models in Node.js, one folder without others in it."""

SOURCES = Path(__file__).resolve().parent.joinpath("targets", "browser").resolve()
"""In a checkout; an installed EdgeKit has at most what was built of them."""

PACKAGE = "edgekit_browser"
"""Of the wheel, with a folder for each part."""

_ENTRIES: dict[Part, str] = {"page": "index.html", "node": "runner.cjs"}


def is_checkout() -> bool:
    """Whether the parts can be built here."""
    return (SOURCES / "build.ts").is_file() and (SOURCES / "package-lock.json").is_file()


def built_here(part: Part) -> Path:
    """Where a build of the sources puts a part."""
    return SOURCES / "dist" / part


def find_built(part: Part) -> Path | None:
    """The folder of a part: what was built here, else the wheel's; ``None`` where there is neither.

    Raises:
        EdgeKitError: the wheel is of another EdgeKit.
    """
    for place in (built_here, _in_wheel):
        folder = place(part)
        if folder is not None and (folder / _ENTRIES[part]).is_file():
            return folder
    return None


def how_to_get() -> str:
    """What to do where a part is missing, as a sentence."""
    if is_checkout():
        return "Build it with: make setup"
    return (
        f"It comes with edgekit-browser {__version__}, a wheel of its own, which EdgeKit's checkout writes into dist "
        f"with: make wheels. Install that beside EdgeKit: pip install dist/{PACKAGE}-{__version__}-py3-none-any.whl"
    )


def _in_wheel(part: Part) -> Path | None:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    version = str(getattr(import_module(f"{PACKAGE}.version"), "__version__", "of no version"))
    if version != __version__:
        raise EdgeKitError(
            f"edgekit-browser {version} is installed, and EdgeKit {__version__}. They belong together: install both "
            "wheels of one run of: make wheels"
        )
    return Path(spec.origin).parent / part
