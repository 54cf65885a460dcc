"""Engines: one file each, imported when a file with its suffix is first loaded."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from edgekit.errors import UsageError
from edgekit.runtime.engines.base import EngineModule

MODULES: dict[str, str] = {
    ".tflite": "edgekit.runtime.engines.litert",
    ".keras": "edgekit.runtime.engines.keras",
}
"""Suffix of a model file to the module that runs it; each has the functions of
:class:`~edgekit.runtime.engines.base.EngineModule`. Adding an engine is one file and one line here."""


def find_engine(path: Path) -> EngineModule:
    """The module for a model file, by its suffix.

    Raises:
        UsageError: no engine runs such files; the message lists those there are.
    """
    module = MODULES.get(path.suffix.lower())
    if module is None:
        raise UsageError(f"Nothing here runs {path.name!r}. Known are files that end in {', '.join(MODULES)}.")
    return cast(EngineModule, import_module(module))
