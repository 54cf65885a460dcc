from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import UsageError
from edgekit.training.config import TrainingConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number of at least 1. Got: 0"),
        ({"epochs": 1.5}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"fine_tune_epochs": -1}, "fine_tune_epochs"),
        ({"learning_rate": 0}, "learning_rate is a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": float("inf")}, "learning_rate"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"fine_tune_learning_rate": -1e-3}, "fine_tune_learning_rate"),
        ({"units": -1}, "units"),
        ({"dropout": 1}, "dropout is at least 0 and below 1. Got: 1"),
        ({"hidden_dropout": -0.1}, "hidden_dropout"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"seed": -1}, "seed is a whole number from 0 to 4294967295"),
        ({"seed": 2**32}, "seed"),
        ({"augmentation": "wild"}, "augmentation is one of auto, none, light"),
        ({"model": None}, "model is a str"),
    ],
)
def test_values_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingConfig(**settings)


def test_dictionary_is_json() -> None:
    document = json.loads(json.dumps(TrainingConfig(weights=Path("some/file.h5"), units=0).to_dict()))
    assert document["weights"] == "some/file.h5"
    assert document["units"] == 0
    assert document["dropout"] is None
