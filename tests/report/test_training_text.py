"""The summary of a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.data import DataReport
from edgekit.report.training import format_seconds, training_document, training_text
from edgekit.training.result import EpochMetrics
from tests.training_results import three_classes, three_labels

DATA = DataReport("photos", ("a", "b"), {"train": (200, 200), "validation": (50, 50)}, "folders")

EPOCH = EpochMetrics(3, "head", 1.0, {"loss": 0.5, "accuracy": 0.9, "val_loss": 0.25, "val_accuracy": 0.92})


def text(weights: str = "none", pictures: dict[str, Path] | None = None, **changes: Any) -> str:
    result, _ = three_classes(weights=weights, best=EPOCH, last=EPOCH, **changes)
    return training_text(result, DATA, Path("x.keras"), pictures or {})


@pytest.mark.parametrize(
    ("weights", "words"),
    [("none", "from scratch"), ("imagenet", "imagenet weights"), ("/long/path/my.h5", "weights of my.h5")],
)
def test_where_it_started(weights: str, words: str) -> None:
    assert text(weights).startswith(f"simple_cnn ({words}, 1,234 parameters), trained in 1 min 12 s")


def test_accuracy_comes_with_its_interval() -> None:
    # Wilson's interval of 92 of 100 is 85.0 to 95.9 %.
    assert "validation top-1 92.0 % ± 5.4, loss 0.250" in text()
    assert "100 validation photos" in text()


def test_many_labels_are_judged_by_f1() -> None:
    result, dataset = three_labels()
    lines = training_text(result, dataset.report, Path("x.keras"), {})
    assert "validation F1 0.733, right decisions 80.0 %" in lines
    assert "top-1" not in lines.lower()


def test_the_page_is_named_first() -> None:
    folder = Path("x.training")
    lines = text(pictures={"report": folder / "report.html", "samples": folder / "samples.png"}).splitlines()
    files = [line for line in lines if "x." in line and "Next" not in line]
    assert files == [f"Report:    {folder / 'report.html'}", "Model:     x.keras", f"Pictures:  {folder}"]


def test_an_early_end_is_explained() -> None:
    assert "val_accuracy reached 0.9." in text(ended="val_accuracy reached 0.9.").splitlines()


def test_the_next_line_can_be_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Next: edgekit" not in text()
    assert " export x.keras" in text()


def test_the_document_is_json() -> None:
    result, dataset = three_labels()
    document = training_document(result, dataset.report, Path("x.keras"), {"report": Path("x.training/report.html")})
    read = json.loads(json.dumps(document, allow_nan=False))
    assert read["task"] == "multi-label"
    assert read["pictures"] == {"report": str(Path("x.training/report.html"))}
    assert read["best"]["val_f1"] == result.best.values["val_f1"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.44, "0.4 s"), (41, "41 s"), (59.6, "1 min 00 s"), (692, "11 min 32 s"), (11_100, "3 h 05 min")],
)
def test_times(seconds: float, words: str) -> None:
    assert format_seconds(seconds) == words
