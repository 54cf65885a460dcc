"""The summary of a training."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.data import DataReport
from edgekit.report.training import training_text
from edgekit.training.result import EpochMetrics

DATA = DataReport("photos", ("a", "b"), {"train": (200, 200), "validation": (50, 50)}, "folders")


def result(weights: str) -> Any:
    epoch = EpochMetrics(3, "head", 0.5, 0.9, 0.25, 0.92, 1.0)
    return SimpleNamespace(
        best=epoch, last=epoch, model_name="simple_cnn", weights=weights, parameters=1234, times=[], history=(epoch,)
    )


@pytest.mark.parametrize(
    ("weights", "words"),
    [("none", "from scratch"), ("imagenet", "imagenet weights"), ("/long/path/my.h5", "weights of my.h5")],
)
def test_where_it_started(weights: str, words: str) -> None:
    text = training_text(result(weights), DATA, Path("x.keras"), {})
    assert text.startswith(f"simple_cnn ({words}, 1,234 parameters)")


def test_accuracy_comes_with_its_interval() -> None:
    text = training_text(result("none"), DATA, Path("x.keras"), {})
    # Wilson's interval of 92 of 100 is 85.0 to 95.9 %.
    assert "validation top-1 92.0 % ± 5.4, loss 0.250" in text
    assert "100 validation photos" in text


def test_the_next_line_can_be_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = training_text(result("none"), DATA, Path("x.keras"), {})
    assert "Next: edgekit" not in text
    assert " export x.keras" in text
