"""The shell of a ``.tflite`` file: the mark that tells the format, and the named metadata entries."""

from __future__ import annotations

from typing import NamedTuple

from edgekit.errors import ModelFileError
from edgekit.tflite.flatbuffer import Flatbuffer
from edgekit.tflite.schema import FILE_IDENTIFIER, BufferField, MetadataField, ModelField

_OTHER_FORMATS = (
    (b"PK\x03\x04", "it is a zip archive, such as a .keras file or a MediaPipe .task bundle"),
    (b"\x89HDF\r\n", "it is an HDF5 file, such as a Keras .h5 model"),
    (b"version https://git-lfs", "it is a Git LFS pointer; fetch the file itself with: git lfs pull"),
    (b"<", "it is a text in HTML or XML, such as a failed download"),
)


class Span(NamedTuple):
    """Where some bytes lie in a file."""

    offset: int
    size: int


NOWHERE = Span(0, 0)


def open_flatbuffer(data: bytes | memoryview, name: str) -> Flatbuffer:
    """A reader of the file's FlatBuffer.

    Raises:
        ModelFileError: the bytes are something else; the sentence says what, where it is known.
    """
    if bytes(data[4:8]) != FILE_IDENTIFIER:
        raise ModelFileError(f"{name} is not a TFLite model ({_what_it_is(data)}). Check the path, or export it again.")
    return Flatbuffer(data, f"{name} is not a sound TFLite model")


def find_entry(data: bytes | memoryview, entry: str, name: str) -> Span | None:
    """Where a metadata entry's bytes lie, without reading the rest of the model.

    Raises:
        ModelFileError: the file is not a TFLite model, or broken on the way to the entry.
    """
    root = open_flatbuffer(data, name).root()
    for table in root.tables(ModelField.METADATA):
        if table.string(MetadataField.NAME) == entry:
            index = table.uint32(MetadataField.BUFFER)
            buffers = tuple(root.tables(ModelField.BUFFERS))
            return Span(*buffers[index].span(BufferField.DATA)) if index < len(buffers) else None
    return None


def _what_it_is(data: bytes | memoryview) -> str:
    if not len(data):
        return "it is empty"
    start = bytes(data[:32])
    for beginning, text in _OTHER_FORMATS:
        if start.startswith(beginning):
            return text
    return f"it lacks the mark {FILE_IDENTIFIER.decode()}"
