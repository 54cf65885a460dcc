"""Where the built page lies: in a wheel of its own, or in a checkout, which builds it when it is first wanted."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from edgekit.errors import EdgeKitError
from edgekit.progress import WARNINGS, Progress
from edgekit.version import __version__
from edgekit.web.building import CHECKOUT, build, can_build
from edgekit.web.paths import INDEX

PACKAGE = "edgekit_browser"
"""Of the wheel ``edgekit-browser`` (``make browser-wheel``), with the folder ``page``."""


def find_page(progress: Progress = WARNINGS) -> Path:
    """The folder of the built page: ``index.html``, ``assets``, ``wasm``, ... without models.

    A checkout takes its own, and builds it (a minute, and a download of Node packages) where there is neither that nor
    the wheel.

    Raises:
        EdgeKitError: neither the wheel nor a checkout, or the wheel is of another EdgeKit; or there is no Node to build
            with, or the build failed.
    """
    built = CHECKOUT / "dist" / "page"
    if (built / INDEX).is_file() and can_build():
        return built
    installed = _in_wheel()
    if installed is not None and (installed / INDEX).is_file():
        return installed
    if not can_build():
        raise EdgeKitError(
            "The page for browsers is not here. It is a wheel of its own, which EdgeKit's checkout makes with: make "
            f"browser-wheel. Install edgekit-browser {__version__} from there, beside EdgeKit."
        )
    build(progress)
    if not (built / INDEX).is_file():
        raise EdgeKitError(f"The build of {CHECKOUT} has made no page. Run: make setup")
    return built


def _in_wheel() -> Path | None:
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    if not places:
        return None
    version = metadata.version("edgekit-browser")
    if version != __version__:
        raise EdgeKitError(
            f"edgekit-browser {version} is installed, and EdgeKit {__version__}. They belong together: install "
            "both from one checkout."
        )
    return Path(next(iter(places))) / "page"
