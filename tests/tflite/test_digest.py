from __future__ import annotations

import hashlib
from pathlib import Path

from edgekit.spec import ModelSpec
from edgekit.tflite.digest import DIGEST_SIZE, carries_own_digest, find_digest
from edgekit.tflite.embed import embed


def test_the_digest_is_that_of_the_file_with_it_zeroed(converted: dict[str, bytes], spec: ModelSpec) -> None:
    data = embed(converted["int8"], spec)
    place = find_digest(data)
    assert place is not None
    zeroed = data[:place] + bytes(DIGEST_SIZE) + data[place + DIGEST_SIZE :]
    assert data[place : place + DIGEST_SIZE] == hashlib.sha256(zeroed).digest()
    assert carries_own_digest(data)
    assert carries_own_digest(memoryview(data))


def test_any_changed_byte_breaks_it(converted: dict[str, bytes], spec: ModelSpec) -> None:
    data = bytearray(embed(converted["int8"], spec))
    for position in range(0, len(data), 97):
        data[position] ^= 1
        assert not carries_own_digest(bytes(data)), position
        data[position] ^= 1
    assert carries_own_digest(bytes(data))
    assert not carries_own_digest(bytes(data) + b"\0")
    assert not carries_own_digest(bytes(data[:-1]))


def test_foreign_files_and_garbage_have_none(zoo: dict[str, Path]) -> None:
    assert not any(carries_own_digest(path.read_bytes()) for path in zoo.values())
    for garbage in (b"", b"abc", b"\0\0\0\0TFL3", b"\xff" * 100, b"\xff\xff\xff\xffTFL3" + bytes(50)):
        assert not carries_own_digest(garbage)
