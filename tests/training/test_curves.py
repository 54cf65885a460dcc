from __future__ import annotations

import math

import pytest

from edgekit.training.config import TrainingConfig
from edgekit.training.curves import find_curves, format_metric, format_share, stage_starts
from edgekit.training.result import EpochMetrics
from tests.training_results import make_history, three_classes


def test_the_metric_that_chose_comes_first_and_the_rate_last() -> None:
    history = make_history(3, f1=True)
    assert [curve.key for curve in find_curves(history, history[1], "val_f1")] == [
        "f1",
        "loss",
        "accuracy",
        "learning_rate",
    ]
    curve = find_curves(history, history[1], "val_f1")[0]
    assert curve.best == 1
    assert curve.validation is not None
    assert curve.validation[1] == history[1].values["val_f1"]


def test_a_metric_that_an_epoch_lacks_is_no_number() -> None:
    complete = make_history(1)[0]
    bare = EpochMetrics(2, "head", 1.0, {"loss": 1.0, "val_loss": 2.0})
    accuracy = find_curves((complete, bare), complete, "val_accuracy")[0]
    assert math.isnan(accuracy.training[1])
    assert len(accuracy.finite) == 2


def test_axes_hold_all_values() -> None:
    history = make_history(5)
    for curve in find_curves(history, history[0], "val_accuracy"):
        low, high = curve.bounds
        assert all(low <= value <= high for value in curve.finite)
        assert low < high


def test_stages_begin_between_epochs() -> None:
    assert stage_starts(make_history(9, fine_tuning=3)) == ((6.5, "fine-tuning"),)
    assert stage_starts(make_history(2)) == ()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("val_accuracy", 0.9127, "91.3 %"),
        ("accuracy", 0.99999, "99.9 %"),
        ("accuracy", 1.0, "100.0 %"),
        ("val_f1", 0.8123, "0.812"),
        ("loss", math.nan, "–"),
        ("learning_rate", 1e-5, "1e-05"),
    ],
)
def test_values_as_people_read_them(name: str, value: float, text: str) -> None:
    assert format_metric(name, value) == text


def test_an_unknown_share_is_a_dash() -> None:
    assert format_share(None) == "–"


@pytest.mark.parametrize(
    ("augmentation", "fine_tuning", "none"),
    [("auto", 0, True), ("auto", 1, False), ("none", 1, True), ("light", 0, False)],
)
def test_which_augmentation_there_was(augmentation: str, fine_tuning: int, none: bool) -> None:
    from edgekit.training.augmented import used_augmentation

    config = TrainingConfig(augmentation=augmentation)
    result, _ = three_classes(config=config, history=make_history(3, fine_tuning=fine_tuning))
    assert used_augmentation(result).is_none == none
