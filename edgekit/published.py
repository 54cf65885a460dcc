"""Whether a file in an export folder is still what was exported.

Every model that is loaded is asked, so what reads a manifest is imported only where there is one.
"""

from __future__ import annotations

from pathlib import Path

from edgekit.digest import MANIFEST_NAME, digest_of, find_export_folder
from edgekit.errors import ModelFileError


def check_published(path: Path) -> None:
    """Makes sure that an artifact in an export folder is the one that the folder's manifest describes.

    Any other file may be as it is: one that lies elsewhere, or that the manifest does not name.

    Raises:
        ModelFileError: it is missing, or its digest is another.
    """
    if find_export_folder(path) is None:
        return
    from edgekit.manifest import find_entry

    entry = find_entry(path)
    if entry is None:
        return
    if not path.exists():
        raise ModelFileError(f"{path} is missing, though the folder's {MANIFEST_NAME} names it. Export it again.")
    if digest_of(path) != entry.digest:
        raise ModelFileError(
            f"{path} is not what was exported: its digest differs from the one in the folder's {MANIFEST_NAME}. "
            "Export it again; or, if you changed it on purpose, copy it to another folder and use it from there."
        )
