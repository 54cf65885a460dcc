"""Saving and loading ``.keras`` files with EdgeKit's spec inside."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.files import atomic_write
from edgekit.kerasfile import SPEC_MEMBER, read_spec_from_keras
from edgekit.spec import ModelSpec

__all__ = ["read_spec_from_keras", "save_model"]


def save_model(keras_model: Any, spec: ModelSpec, path: str | os.PathLike[str]) -> None:
    """Writes a standard ``.keras`` file with one member more, whole or not at all.

    Args:
        keras_model: a ``keras.Model``.
        spec: what it takes and answers.
        path: ends in ``.keras``.

    Raises:
        UsageError: another suffix.
        OutputError: the disk is full, read-only or not permitted.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise UsageError(f"A trained model is a .keras file. Got: {path}. Use: {path.with_suffix('.keras')}")
    with atomic_write(path) as temporary:
        keras_model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(SPEC_MEMBER, spec.to_json(indent=2))
