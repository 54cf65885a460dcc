"""Blind damage to ``.tflite`` files, for the tests of whatever reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator

WORDS = (b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\x04\0\0\0", b"\x01\0\0\0")


def mutants(data: bytes, generator: random.Random, rounds: int) -> Iterator[bytes]:
    """Cuts, and changes where the structure is: at the beginning, near the end, anywhere."""
    for _ in range(rounds):
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
