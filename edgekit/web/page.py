"""The built page: what was built or installed, or a checkout's, which builds it when it is first wanted."""

from __future__ import annotations

from pathlib import Path

from edgekit import bundle
from edgekit.errors import EdgeKitError
from edgekit.progress import WARNINGS, Progress
from edgekit.web.building import build


def find_page(progress: Progress = WARNINGS) -> Path:
    """The folder of the built page: ``index.html``, ``assets``, ``wasm``, ... without models.

    A checkout that has none builds it (a minute, and a download of Node packages).

    Raises:
        EdgeKitError: neither the wheel nor a checkout, or the wheel is of another EdgeKit; or there is no Node to build
            with, or the build failed.
    """
    found = bundle.find_built("page")
    if found is None and bundle.is_checkout():
        build(progress)
        found = bundle.find_built("page")
    if found is None:
        raise EdgeKitError(f"The page for browsers is not here. {bundle.how_to_get()}")
    return found
