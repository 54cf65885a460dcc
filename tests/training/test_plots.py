from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.data import Part
from edgekit.training.plot_style import shorten, undrawable
from edgekit.training.plots import draw_confusion, draw_learning_curves, draw_samples
from edgekit.training.result import EpochMetrics


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def _has_color(pixels: np.ndarray, color: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels.astype(int) - color).max(axis=2) < 12).any())


def _history(count: int) -> list[EpochMetrics]:
    stages = ["head"] * (count - count // 3) + ["fine-tuning"] * (count // 3)
    return [EpochMetrics(i + 1, stage, 1 / (i + 1), 0.5, 0.9 / (i + 1), 0.6, 1.0) for i, stage in enumerate(stages)]


@pytest.mark.parametrize("epochs", [1, 9])
def test_learning_curves(epochs: int, tmp_path: Path) -> None:
    history = _history(epochs)
    draw_learning_curves(history, history[-1], tmp_path / "curves.png")
    pixels = _pixels(tmp_path / "curves.png")
    assert _has_color(pixels, (0, 114, 178))
    assert _has_color(pixels, (213, 94, 0))


@pytest.mark.parametrize("channels", [1, 3])
def test_samples_show_the_photos(channels: int, part_of: Callable[..., Part], tmp_path: Path) -> None:
    part = part_of(np.full((4, 20, 10, channels), 77, np.uint8), np.array([0, 0, 1, 2]))
    draw_samples(part, ["one", "$2", "drei – " + "lang " * 30], tmp_path / "samples.png")
    assert (_pixels(tmp_path / "samples.png") == 77).all(axis=2).sum() > 3 * 128 * 64


def test_samples_of_many_classes(part_of: Callable[..., Part], tmp_path: Path) -> None:
    part = part_of(np.full((60, 16, 16, 3), 77, np.uint8), np.arange(60))
    draw_samples(part, [f"class {i}" for i in range(60)], tmp_path / "samples.png")
    assert _pixels(tmp_path / "samples.png").shape[0] > 1000


@pytest.mark.parametrize("classes", [2, 13, 41])
def test_confusion_is_dark_where_it_is_right(classes: int, tmp_path: Path) -> None:
    confusion = np.diag(np.full(classes, 9)).tolist()
    draw_confusion(confusion, [f"sehr lange Klasse mit Ünglück {i}" for i in range(classes)], tmp_path / "c.png")
    dark = np.array([8, 48, 107])  # the end of Matplotlib's Blues
    share = (np.abs(_pixels(tmp_path / "c.png").astype(int) - dark).max(axis=2) < 4).mean()
    assert share > 0.2 / classes


def test_a_class_without_validation_photos_is_drawn(tmp_path: Path) -> None:
    draw_confusion([[3, 1], [0, 0]], ["a", "b"], tmp_path / "c.png")
    assert _has_color(_pixels(tmp_path / "c.png"), (247, 251, 255))


def test_drawing_leaves_matplotlib_as_it_was(tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    draw_confusion([[1, 0], [0, 1]], ["a", "b"], tmp_path / "c.png")
    assert dict(matplotlib.rcParams) == before


def test_long_names_keep_both_ends() -> None:
    assert shorten("short") == "short"
    shortened = shorten("a very long name of a class, number 17", 20)
    assert len(shortened) == 20
    assert shortened.startswith("a very long")
    assert shortened.endswith("17")


def test_names_that_no_font_has_are_found() -> None:
    assert undrawable(["rose", "Ünglück – α", "\U0001f339 \U000e0001"]) == ["\U0001f339 \U000e0001"]
