"""EdgeKit's own digest at the end of an ``.onnx`` file: what carries a right one is what EdgeKit wrote and ran.

The last bytes of the file are one entry of ``metadata_props``: the key :data:`DIGEST_KEY`, and the SHA-256 (hex) of
all bytes before the entry. A protobuf message may be continued in this way: a field that repeats can stand
anywhere, so that every reader of ONNX finds one more entry. It protects against damage, not against malice.
"""

from __future__ import annotations

import hashlib

DIGEST_KEY = "edgekit.digest"

_METADATA = 14
"""The field of ``metadata_props`` in a ``ModelProto``; its entries have the key in field 1 and the value in 2."""

_HEX = 64


def sign(data: bytes) -> bytes:
    """A serialized ``ModelProto`` without a digest, with one."""
    return data + _entry(hashlib.sha256(data).hexdigest())


def carries_own_digest(data: bytes | memoryview) -> bool:
    """Whether the bytes of an ``.onnx`` file end in a digest that is right; never raises."""
    data = memoryview(data)
    any_digest = _entry("0" * _HEX)
    before = len(data) - len(any_digest)
    if before <= 0 or bytes(data[before:-_HEX]) != any_digest[:-_HEX]:  # of a foreign file nothing is hashed
        return False
    return bytes(data[-_HEX:]) == hashlib.sha256(data[:before]).hexdigest().encode()


def _entry(digest: str) -> bytes:
    parts = _field(1, DIGEST_KEY.encode()) + _field(2, digest.encode())
    return _field(_METADATA, parts)


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes; less than 128 of them, so that the size is one byte."""
    return bytes((number << 3 | 2, len(data))) + data
