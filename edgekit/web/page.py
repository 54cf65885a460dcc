"""Where the built page lies: in a wheel of its own, or in a checkout, which builds it when it is first wanted."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from edgekit.errors import EdgeKitError, MissingExtraError, install_command
from edgekit.progress import WARNINGS, Progress
from edgekit.version import __version__
from edgekit.web.building import CHECKOUT, build, can_build

PACKAGE = "edgekit_browser"
"""Of the wheel ``edgekit-browser``, which the extra ``browser`` brings: the folders ``page`` and ``lib``."""


def find_page(progress: Progress = WARNINGS) -> Path:
    """The folder of the built page: ``index.html``, ``assets``, ``wasm``, ... without models.

    A checkout takes its own, and builds it (a minute, and a download of Node packages) where there is neither that nor
    the wheel.

    Raises:
        MissingExtraError: neither the wheel nor a checkout.
        EdgeKitError: the wheel is of another EdgeKit; or there is no Node to build with, or the build failed.
    """
    return _find("page", "index.html", progress)


def find_library(progress: Progress = WARNINGS) -> Path:
    """The folder of the built library, ES modules for other people's pages; see :func:`find_page`."""
    return _find("lib", "index.js", progress)


def _find(name: str, file: str, progress: Progress) -> Path:
    built = CHECKOUT / "dist" / name
    if (built / file).is_file() and can_build():
        return built
    installed = _in_wheel(name)
    if installed is not None and (installed / file).is_file():
        return installed
    if not can_build():
        raise MissingExtraError("A page for browsers", "browser")
    build(progress)
    if not (built / file).is_file():
        raise EdgeKitError(f"The build of {CHECKOUT} has made no {name}/{file}. Run: make setup")
    return built


def _in_wheel(name: str) -> Path | None:
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    if not places:
        return None
    version = metadata.version("edgekit-browser")
    if version != __version__:
        raise EdgeKitError(
            f"edgekit-browser {version} is installed, and EdgeKit {__version__}. They belong together: install both of "
            f"the same version with: {install_command('browser')}"
        )
    return Path(next(iter(places))) / name
