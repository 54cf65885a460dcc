from __future__ import annotations

import re

import pytest

from edgekit.errors import UsageError
from edgekit.training.plan import Stage
from edgekit.training.result import EpochMetrics
from edgekit.training.stopping import check_targets, out_of_patience, plateau_rate, reached

STAGE = Stage("head", 20, 0.8, "plateau", 0, 0, cached=True)


def _epochs(*values: tuple[float, float]) -> list[EpochMetrics]:
    """Of (val_accuracy, val_loss)."""
    return [
        EpochMetrics(number, "head", 1.0, {"loss": 1, "accuracy": 0.5, "val_accuracy": a, "val_loss": b})
        for number, (a, b) in enumerate(values, 1)
    ]


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"val_accuracy": 0.9}, r"val_accuracy reached 0.9 in epoch 1 \(0.9\)"),
        ({"val_accuracy": 0.91}, None),
        ({"val_loss": 0.4}, "val_loss reached 0.4"),
        ({"val_loss": 0.2}, None),
        ({"val_accuracy": 0.99, "val_loss": 0.5}, "val_loss"),
        ({}, None),
    ],
)
def test_losses_fall_and_all_else_rises_to_its_target(targets: dict[str, float], message: str | None) -> None:
    [epoch] = _epochs((0.9, 0.3))
    sentence = reached(epoch, targets)
    if message is None:
        assert sentence is None
    else:
        assert sentence is not None
        assert re.search(message, sentence)


def test_an_unknown_metric_is_refused_before_the_training() -> None:
    check_targets({"val_f1": 0.5}, "val_f1")
    with pytest.raises(UsageError, match=r"There is no metric 'val_f1' to stop at\. There are: loss, accuracy"):
        check_targets({"val_f1": 0.5}, "val_accuracy")


def test_patience_counts_from_the_best_epoch() -> None:
    epochs = _epochs((0.5, 1), (0.7, 1), (0.6, 1), (0.7, 1))
    assert out_of_patience(epochs, 2, "val_accuracy") == "val_accuracy has not become better since epoch 2."
    assert out_of_patience(epochs, 3, "val_accuracy") is None
    assert out_of_patience(epochs, None, "val_accuracy") is None
    assert out_of_patience([], 1, "val_accuracy") is None


def test_a_plateau_halves_the_rate_each_time() -> None:
    losses = [1.0, 0.9, 0.9, 0.95, 0.91, 0.8, 0.8, 0.8, 0.8]
    rates = [plateau_rate(STAGE, _epochs(*((0.5, loss) for loss in losses[:done]))) for done in range(10)]
    assert rates == [0.8, 0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2]
