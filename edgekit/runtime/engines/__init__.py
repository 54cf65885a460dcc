"""Engines: one file each, imported when a file with its suffix is first loaded."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from edgekit.errors import UsageError
from edgekit.runtime.engines.base import EngineModule, TriedModule

MODULES: dict[str, str] = {
    ".tflite": "edgekit.runtime.engines.litert",
    ".keras": "edgekit.runtime.engines.keras",
    ".mlpackage": "edgekit.runtime.engines.coreml",
    ".tfjs": "edgekit.runtime.engines.tfjs",
    ".onnx": "edgekit.runtime.engines.onnx",
    ".savedmodel": "edgekit.runtime.engines.savedmodel",
}
"""Suffix of a model file or folder to the module that runs it; each has the functions of
:class:`~edgekit.runtime.engines.base.EngineModule`. Adding an engine is one file and one line here."""


CONTENTS: dict[str, str] = {
    "saved_model.pb": ".savedmodel",
    "model.json": ".tfjs",
    "Data/com.apple.CoreML": ".mlpackage",
}
"""What lies in a folder of each kind, for those that others have named."""


TRIED = (".tflite", ".onnx")
"""Whose modules are :class:`~edgekit.runtime.engines.base.TriedModule`: a file from elsewhere is run once in a process
of its own before it is loaded."""


DELEGATES = (".tflite",)
"""Whose ``open_model`` takes a delegate, too."""


def find_engine(path: Path) -> EngineModule:
    """The module for a model file, by its suffix; for a folder, also by what lies in it.

    Raises:
        UsageError: no engine runs such files; the message lists those there are.
    """
    module = MODULES.get(_suffix(path))
    if module is None:
        what = f"the folder {str(path)!r}" if path.is_dir() else repr(path.name)
        raise UsageError(f"Nothing here runs {what}. Known are files that end in {', '.join(MODULES)}.")
    return cast(EngineModule, import_module(module))


def find_tried(path: Path) -> TriedModule:
    """The module for a file that is tried first; one without a known suffix is taken for a ``.tflite``."""
    return cast(TriedModule, find_engine(path if is_tried(path) else Path("model.tflite")))


def is_tried(path: Path) -> bool:
    """Whether a model file from elsewhere is run once in a process of its own before it is loaded."""
    return _suffix(path) in TRIED


def takes_delegates(path: Path) -> bool:
    """Whether the engine for a model file can run it with a delegate."""
    return _suffix(path) in DELEGATES


def is_model(path: Path) -> bool:
    """Whether some engine runs what lies at ``path``, as far as its name and its folder tell."""
    return _suffix(path) in MODULES


def model_root(path: Path) -> Path:
    """The folder of a model, for a file in it such as ``model.json``; any other path as it is."""
    return path.parent if path.name in CONTENTS and is_model(path.parent) else path


def _suffix(path: Path) -> str:
    if path.suffix.lower() in MODULES:
        return path.suffix.lower()
    return next((suffix for file, suffix in CONTENTS.items() if (path / file).exists()), "")
