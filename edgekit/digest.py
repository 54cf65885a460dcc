"""What lies in an export folder: how large a file or folder is, and the digest that stands for what is in it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from edgekit.errors import ModelFileError

MANIFEST_NAME = "manifest.json"
"""What an export folder tells of its artifacts."""

NOT_OURS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave in each folder that somebody looks into: no part of an artifact."""


def find_export_folder(path: Path) -> Path | None:
    """The nearest folder above a file that has a manifest; ``None`` where there is none."""
    try:
        return next((folder for folder in path.resolve().parents if (folder / MANIFEST_NAME).is_file()), None)
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return None


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder.

    Raises:
        ModelFileError: nothing lies there.
    """
    return sum(file.stat().st_size for file in _files(path))


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file; of a folder, over its sorted relative names and their digests.

    Raises:
        ModelFileError: nothing lies there, or it cannot be read.
    """
    if path.is_file():
        return sha256_of(path).hex()
    digest = hashlib.sha256()
    for file in _files(path):
        name = os.fsencode(file.relative_to(path).as_posix())
        digest.update(name + f"\0{digest_of(file)}\n".encode())
    return digest.hexdigest()


def sha256_of(file: Path) -> bytes:
    """SHA-256 of one file.

    Raises:
        ModelFileError: it cannot be read.
    """
    try:
        with file.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").digest()
    except OSError as error:
        raise ModelFileError(f"{file} cannot be read: {error.strerror or error}.") from error


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ModelFileError(f"There is no model at {path}.")
    # Sorted as text, since paths compare in another way on each system.
    files = (file for file in path.rglob("*") if file.is_file() and file.name not in NOT_OURS)
    return sorted(files, key=lambda file: file.as_posix())
