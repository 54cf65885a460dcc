"""Broken files: each ends in a model or in a ModelFileError, whatever was broken."""

from __future__ import annotations

import json
import random
from pathlib import Path

from edgekit.errors import ModelFileError
from edgekit.spec import ModelSpec
from edgekit.tflite.checks import PRECISIONS, find_problems
from edgekit.tflite.describe import describe_model
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.embed import embed
from edgekit.tflite.model import read_model
from tests.tflite_damage import mutants

ROUNDS = 40


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
    outcomes = [_use(mutant) for path in zoo.values() for mutant in mutants(path.read_bytes(), generator, ROUNDS)]
    assert 0.1 < sum(outcomes) / len(outcomes) < 0.9


def test_our_own_broken_models_are_read_or_refused(converted: dict[str, bytes], spec: ModelSpec) -> None:
    generator = random.Random(1)
    for data in converted.values():
        sound = embed(data, spec)
        for mutant in mutants(sound, generator, ROUNDS):
            if mutant != sound:
                _use(mutant)
