"""What a converter is, and which ones there are.

A new format is one file with a class under :func:`register`, and its line in :data:`MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

from edgekit.artifact import Artifact, ArtifactRequest, parse_request
from edgekit.errors import UsageError
from edgekit.program import FrozenProgram
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ModelSpec


@dataclass(frozen=True)
class NoOptions:
    """The options of a converter that has none."""


class Converter(Protocol):
    """A function of a saved program; it runs in a process of its own.

    Attributes:
        format: the name that users ask for, as in ``tflite``.
        precisions: what it can write; the first is the default.
        calibrated: those of them that need calibration photos.
        improved: those that are better with them, and go without.
        extra: the pip extra that brings what it needs, if any ...
        module: ... and the Python module that tells whether it is installed.
        suffix: of the file or folder that it writes.
        batch: the batch size that its program is traced for, ``None`` for a symbolic one.
        Options: a frozen dataclass.
    """

    format: str
    precisions: tuple[str, ...]
    calibrated: tuple[str, ...]
    improved: tuple[str, ...]
    extra: str | None
    module: str
    suffix: str
    batch: int | None
    Options: type

    def convert(
        self,
        program: FrozenProgram,
        spec: ModelSpec,
        precision: str,
        calibration: Calibration | None,
        options: Any,
        out: Path,
    ) -> Artifact:
        """Writes ``out`` and describes it.

        Raises:
            ConversionError: the program cannot be converted, or what was written breaks a promise.
        """


MODULES: dict[str, str] = {
    "tflite": "edgekit.converters.tflite",
    "edgetpu": "edgekit.converters.edge_tpu",
    "coreml": "edgekit.converters.coreml",
    "tfjs": "edgekit.converters.tfjs",
    "onnx": "edgekit.converters.onnx",
    "savedmodel": "edgekit.converters.savedmodel",
}
"""Format to module; a module is imported when its format is first asked for."""

COMPOSITIONS = ("android", "browser")
"""What is asked for like a format, and is a folder of several artifacts: see :mod:`edgekit.api.composition`."""

_CONVERTERS: dict[str, Converter] = {}

AnyConverter = TypeVar("AnyConverter", bound=Callable[[], Any])


def register(kind: AnyConverter) -> AnyConverter:
    """Class decorator: makes a converter known under its format."""
    converter: Converter = kind()
    if converter.format in _CONVERTERS:
        raise ValueError(f"two converters for {converter.format!r}")
    _CONVERTERS[converter.format] = converter
    return kind


def get_converter(format: str) -> Converter:
    """The converter of a format in :data:`MODULES`."""
    if format not in _CONVERTERS:
        import_module(MODULES[format])
    return _CONVERTERS[format]


def parse_requests(texts: list[str]) -> list[ArtifactRequest]:
    """Reads ``["tflite,tflite:int8", ...]``, drops repetitions, keeps the order.

    Raises:
        UsageError: an unknown format or precision, or none at all.
    """
    words = [word for text in texts for word in text.split(",") if word.strip()]
    return list(dict.fromkeys(_parse(word) for word in words))


def _parse(word: str) -> ArtifactRequest:
    """Imports the converter that is asked for, and no other."""
    wanted = word.strip().partition(":")[0]
    if wanted not in MODULES:
        raise UsageError(f"Unknown format {wanted!r}. Known: {', '.join(sorted([*MODULES, *COMPOSITIONS]))}.")
    return parse_request(word, {name: get_converter(name).precisions if name == wanted else () for name in MODULES})


def artifact_name(name: str, request: ArtifactRequest) -> str:
    """The file name, as in ``flowers.int8.tflite``."""
    return f"{name}.{request.precision}{get_converter(request.format).suffix}"
