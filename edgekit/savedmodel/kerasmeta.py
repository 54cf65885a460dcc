"""What Keras 2 wrote beside a SavedModel's graph: the layers' configurations, and in Lambda layers code.

TensorFlow itself ignores it; Keras would unpickle the code when somebody opens the folder with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from edgekit.kerascode import find_held_code

FILE = "keras_metadata.pb"


def find_code(texts: Iterator[str]) -> str | None:
    """What in the layers' metadata would run code of its own, as a sentence, or ``None``.

    Args:
        texts: the JSON text of each layer.
    """
    for text in texts:
        try:
            config = json.loads(text)
        except (ValueError, RecursionError):
            continue  # objects of others than Keras write what they like here
        name = config.get("name") if isinstance(config, dict) else None
        problem = find_held_code(config, f"the layer {name!r}")
        if problem:
            return problem
    return None


def read_texts(path: Path) -> Iterator[str]:
    """The JSON texts in a ``keras_metadata.pb``.

    It is a ``SavedMetadata { repeated SavedObject nodes = 1; }`` whose ``SavedObject`` has the text in
    field 5 (keras/protobuf/saved_metadata.proto); read by hand, since TensorFlow does not have it.

    Raises:
        ValueError: it is something else.
    """
    for number, node in _fields(path.read_bytes()):
        if number == 1:
            yield from (text.decode("utf-8", "replace") for field, text in _fields(node) if field == 5)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each length-delimited field of a protocol buffer."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            _, place = _varint(data, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        elif kind == 2:
            size, place = _varint(data, place)
            if place + size > len(data):
                raise ValueError("cut short")
            yield key >> 3, data[place : place + size]
            place += size
        else:
            raise ValueError(f"wire type {kind}")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise ValueError("cut short")
        value |= (data[place] & 0x7F) << shift
        place += 1
        if not data[place - 1] & 0x80:
            return value, place
    raise ValueError("a number without an end")
