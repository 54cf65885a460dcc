from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import UsageError
from edgekit.training.augmentation import Augmentation
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
        ({"l2": -1}, "l2 is a number of at least 0"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"seed": -1}, "seed is a whole number from 0 to 4294967295"),
        ({"seed": 2**32}, "seed"),
        ({"augmentation": "wild"}, "wild"),
        ({"task": "segmentation"}, "task is one of auto, multi-class, binary, multi-label"),
        ({"optimizer": "adagrad"}, "optimizer is one of adam, adamw, rmsprop, sgd. Got: 'adagrad'"),
        ({"momentum": 1.0}, "momentum"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"schedule": "step"}, "schedule is one of"),
        ({"warmup_epochs": 30}, r"warmup_epochs is below the epochs \(30\)"),
        ({"warmup_epochs": 2, "schedule": "plateau"}, "warm-up"),
        ({"unfreeze": 0}, "unfreeze"),
        ({"class_weights": "equal"}, "class_weights is one of none, balanced"),
        ({"class_weights": {"cat": -1}}, "the weight of the class 'cat'"),
        ({"class_weights": [1, 2]}, "class_weights is none, balanced, or a mapping"),
        ({"stop_at": "val_accuracy"}, "stop_at is a metric and its value"),
        ({"stop_at": "val_accuracy=high"}, "stop_at is a metric and its value"),
        ({"stop_at": 0.9}, "stop_at is a metric and its value"),
        ({"patience": 0}, "patience"),
        ({"precision": "int8"}, "precision is one of auto, float32, bfloat16, float16"),
        ({"xla": True}, "xla is one of auto, on, off"),
        ({"distribute": "horovod"}, "distribute is one of none, mirrored, tpu, data, model"),
        ({"freeze": "yes"}, "freeze is True or False"),
        ({"cut_at": 7}, "cut_at is a text"),
    ],
)
def test_values_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingConfig(**settings)


def test_targets() -> None:
    assert TrainingConfig(stop_at="val_accuracy=0.9, val_loss=0.3").targets_to_reach == {
        "val_accuracy": 0.9,
        "val_loss": 0.3,
    }
    assert TrainingConfig(stop_at={"val_f1": 0.8}).targets_to_reach == {"val_f1": 0.8}
    assert TrainingConfig().targets_to_reach == {}


def test_dictionary_is_json() -> None:
    def build() -> None:
        """Stands for a user's function."""

    config = TrainingConfig(
        model=build, weights=Path("some/file.h5"), units=0, augmentation=Augmentation(rotation=5), callbacks=[object()]
    )
    document = json.loads(json.dumps(config.to_dict()))
    assert document["weights"] == "some/file.h5"
    assert document["units"] == 0
    assert document["dropout"] is None
    assert document["model"] == "build"
    assert document["augmentation"]["rotation"] == 5
    assert document["callbacks"] == ["object"]
