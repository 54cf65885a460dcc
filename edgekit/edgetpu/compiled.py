"""What a compiled file says about itself: the runtime that it needs, and where its parameters go.

The compiler puts its program into the options of one op: a FlatBuffer with the mark ``DWN1``, whose fields are
public (:data:`edgekit.edgetpu.sources.EXECUTABLE`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgekit.errors import ModelFileError
from edgekit.tflite.flatbuffer import Flatbuffer, Table
from edgekit.tflite.model import TFLiteModel

EDGETPU_OP = "edgetpu-custom-op"
"""What a compiled file holds instead of the ops that were mapped."""

_MARK = b"DWN1"
_MARK_OFFSET = 4

# Package.min_runtime_version, .serialized_multi_executable; MultiExecutable.serialized_executables;
# Executable.parameters, .type.
_RUNTIME, _PROGRAMS = 0, 1
_EXECUTABLES = 0
_PARAMETERS, _TYPE = 6, 13
_CACHING = 1
"""The type of a program that only fills the chip's memory, once; others are sent their parameters in every call."""


@dataclass(frozen=True, slots=True)
class CompiledModel:
    """The Edge TPU's part of a compiled file.

    Attributes:
        runtime: the oldest Edge TPU runtime that can run it.
        cached_bytes: parameters that are sent once and stay on the chip.
        streamed_bytes: parameters that are sent in every call.
    """

    runtime: int
    cached_bytes: int
    streamed_bytes: int


def is_compiled(model: TFLiteModel) -> bool:
    """Whether the file is the Edge TPU compiler's work."""
    return any(operator.custom_code == EDGETPU_OP for operator in model.subgraphs[0].operators)


def read_compiled(model: TFLiteModel) -> CompiledModel:
    """Reads the program of a compiled file.

    Raises:
        ModelFileError: it has none, or a damaged one.
    """
    parts = [
        _read_program(bytes(model.data[span.offset : span.offset + span.size]), model.name)
        for operator in model.subgraphs[0].operators
        if operator.custom_code == EDGETPU_OP
        for span in (operator.custom_options,)
    ]
    if not parts:
        raise ModelFileError(f"{model.name} is not compiled for the Edge TPU. Compile it with edgetpu_compiler.")
    return CompiledModel(
        runtime=max(part.runtime for part in parts),
        cached_bytes=sum(part.cached_bytes for part in parts),
        streamed_bytes=sum(part.streamed_bytes for part in parts),
    )


def _read_program(options: bytes, name: str) -> CompiledModel:
    subject = f"{name} holds no sound program for the Edge TPU"
    start = options.find(_MARK) - _MARK_OFFSET
    if start < 0:
        raise ModelFileError(f"{subject} (it lacks the mark {_MARK.decode()}). Compile it again.")
    package = Flatbuffer(options[start:], subject)
    root = package.root()
    offset, size = root.span(_PROGRAMS)
    cached = streamed = 0
    for executable in _executables(package.data[offset : offset + size], subject):
        parameters = executable.span(_PARAMETERS)[1]
        if executable.int8(_TYPE) == _CACHING:
            cached += parameters
        else:
            streamed += parameters
    return CompiledModel(root.int32(_RUNTIME), cached, streamed)


def _executables(data: memoryview, subject: str) -> Iterator[Table]:
    """Each is a string of bytes that is a FlatBuffer itself."""
    programs = Flatbuffer(data, subject)
    vector = programs.root().target(_EXECUTABLES)
    if vector is None:
        return
    for index, offset in enumerate(programs.items("I", 4, vector)):
        start, size = programs.vector(vector + 4 + 4 * index + int(offset), 1)
        yield Flatbuffer(data[start : start + size], subject).root()
