"""EdgeKit's own digest inside a ``.tflite`` file.

LiteRT crashes on some broken files that pass its verifier, so a runtime tries a foreign file in a
child process first. A file that carries its own right digest is byte for byte what EdgeKit wrote and
ran after writing, and needs no such trial. The digest protects against damage, not against malice:
anybody can compute it.

The metadata entry ``EDGEKIT_DIGEST`` holds 32 bytes: SHA-256 of the whole file, an appended zip
included, with these 32 bytes zero.
"""

from __future__ import annotations

import hashlib

from edgekit.errors import ModelFileError
from edgekit.tflite.container import find_entry

DIGEST_ENTRY = "EDGEKIT_DIGEST"
DIGEST_SIZE = 32


def carries_own_digest(data: bytes | memoryview) -> bool:
    """Whether the bytes of a ``.tflite`` file hold a digest that is right; never raises."""
    data = memoryview(data)
    try:
        place = find_digest(data)
    except ModelFileError:
        return False
    return place is not None and bytes(data[place : place + DIGEST_SIZE]) == _digest(data, place)


def sign(data: bytearray, place: int) -> None:
    """Writes the digest of ``data`` into its 32 bytes at ``place``."""
    data[place : place + DIGEST_SIZE] = _digest(memoryview(data), place)


def find_digest(data: bytes | bytearray | memoryview) -> int | None:
    """The position of the 32 bytes, or ``None`` where the file has no digest.

    Raises:
        ModelFileError: the file is not a TFLite model, or broken on the way there.
    """
    span = find_entry(memoryview(data), DIGEST_ENTRY, "the model")
    return span.offset if span and span.size == DIGEST_SIZE else None


def _digest(data: memoryview, place: int) -> bytes:
    digest = hashlib.sha256(data[:place])
    digest.update(bytes(DIGEST_SIZE))
    digest.update(data[place + DIGEST_SIZE :])
    return digest.digest()
