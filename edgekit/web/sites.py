"""Whether a folder is a site."""

from __future__ import annotations

from pathlib import Path

from edgekit.digest import MANIFEST_NAME
from edgekit.errors import ModelFileError
from edgekit.web.paths import INDEX


def check_site(folder: Path) -> None:
    """Makes sure that there is a page to show.

    Raises:
        ModelFileError: no folder, or one without a page.
    """
    if (folder / INDEX).is_file():
        return
    reason = "it is a file" if folder.is_file() else f"it has no {INDEX}" if folder.is_dir() else "there is nothing"
    if (folder / MANIFEST_NAME).is_file():
        reason = "it has models, but no page"
    raise ModelFileError(
        f"{folder} is no site for browsers ({reason}). Write one with: edgekit export MODEL --to browser -o FOLDER"
    )
