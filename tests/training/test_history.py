from __future__ import annotations

import csv
from pathlib import Path

from edgekit.training.history import write_history
from edgekit.training.result import EpochMetrics, best_epoch


def _epoch(number: int, val_accuracy: float, val_loss: float = 1.0) -> EpochMetrics:
    values = {"loss": 1.0, "accuracy": 0.5, "val_loss": val_loss, "val_accuracy": val_accuracy, "learning_rate": 0.1}
    return EpochMetrics(number, "head", 0.1, values)


def test_one_line_per_epoch_with_the_best_marked(tmp_path: Path) -> None:
    history = (_epoch(1, 0.5), _epoch(2, 0.7), _epoch(3, 0.6))
    write_history(history, history[1], tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["best"] for row in rows] == ["0", "1", "0"]
    assert [float(row["val_accuracy"]) for row in rows] == [0.5, 0.7, 0.6]
    assert rows[0]["learning_rate"] == "0.1"


def test_ties_go_to_the_lower_loss_and_then_to_the_earlier_epoch() -> None:
    assert _epoch(1, 0.5).beats(None, "val_accuracy")
    assert _epoch(2, 0.6).beats(_epoch(1, 0.5), "val_accuracy")
    assert _epoch(2, 0.5, 0.9).beats(_epoch(1, 0.5, 1.0), "val_accuracy")
    assert not _epoch(2, 0.5).beats(_epoch(1, 0.5), "val_accuracy")
    assert not _epoch(2, 0.4, 0.1).beats(_epoch(1, 0.5), "val_accuracy")
    assert best_epoch([_epoch(1, 0.5), _epoch(2, 0.7), _epoch(3, 0.7)], "val_accuracy") == _epoch(2, 0.7)


def test_an_epoch_survives_json() -> None:
    assert EpochMetrics.from_dict(_epoch(4, 0.25).to_dict()) == _epoch(4, 0.25)
