"""Broken files: each ends in a model or in a ModelFileError, whatever was broken."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from edgekit.errors import ModelFileError
from edgekit.spec import ModelSpec
from edgekit.tflite.checks import PRECISIONS, find_problems
from edgekit.tflite.describe import describe_model
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.embed import embed
from edgekit.tflite.model import read_model

ROUNDS = 40
WORDS = (b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\x04\0\0\0")


def _mutants(data: bytes, generator: random.Random) -> Iterator[bytes]:
    """Cuts, and changes where the structure is: at the beginning, near the end, anywhere."""
    for _ in range(ROUNDS):
        mutant = bytearray(data)
        if generator.random() < 0.2:
            yield bytes(mutant[: generator.randrange(len(mutant))])
            continue
        for _ in range(generator.choice((1, 2, 5, 50))):
            start, stop = generator.choice(((0, 4096), (len(data) - 20_000, len(data)), (0, len(data))))
            place = generator.randrange(max(start, 0), min(stop, len(data)))
            if generator.random() < 0.5:
                mutant[place] ^= 1 << generator.randrange(8)
            else:
                mutant[place : place + 4] = generator.choice(WORDS)
        yield bytes(mutant)


def _use(data: bytes) -> bool:
    """Everything that is done with a foreign file; whether it was taken for a model."""
    assert not carries_own_digest(data)
    try:
        model = read_model(data, "x.tflite")
        json.dumps(describe_model(model, "x.tflite").to_dict(), allow_nan=False)
    except ModelFileError as error:
        assert str(error).startswith("x.tflite is not a ")  # noqa: PT017 (either outcome is right)
        return False
    for precision in PRECISIONS:
        find_problems(model, precision)
    return True


def test_broken_models_are_read_or_refused(zoo: dict[str, Path]) -> None:
    generator = random.Random(0)
    outcomes = [_use(mutant) for path in zoo.values() for mutant in _mutants(path.read_bytes(), generator)]
    assert 0.1 < sum(outcomes) / len(outcomes) < 0.9


def test_our_own_broken_models_are_read_or_refused(converted: dict[str, bytes], spec: ModelSpec) -> None:
    generator = random.Random(1)
    for data in converted.values():
        sound = embed(data, spec)
        for mutant in _mutants(sound, generator):
            if mutant != sound:
                _use(mutant)
