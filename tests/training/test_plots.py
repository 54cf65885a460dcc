from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.data import Part
from edgekit.measure.mistakes import Mistake
from edgekit.measure.per_class import ClassScores, PerClass
from edgekit.progress import SILENT
from edgekit.training.config import TrainingConfig
from edgekit.training.material import gather
from edgekit.training.plot_classes import draw_confusion, draw_decisions, draw_per_class
from edgekit.training.plot_curves import draw_learning_curves
from edgekit.training.plot_photos import choose_samples, draw_mistakes, draw_samples
from edgekit.training.plot_style import shorten, undrawable
from edgekit.training.plots import write_pictures
from tests.training_results import make_history, make_result, three_classes, three_labels

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def _has_color(pixels: np.ndarray, color: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels.astype(int) - color).max(axis=2) < 12).any())


@pytest.mark.parametrize(("epochs", "f1"), [(1, False), (9, True)])
def test_learning_curves(epochs: int, f1: bool, tmp_path: Path) -> None:
    result, _ = (three_labels if f1 else three_classes)(history=make_history(epochs, f1=f1, fine_tuning=epochs // 3))
    draw_learning_curves(result, tmp_path / "curves.png")
    pixels = _pixels(tmp_path / "curves.png")
    assert _has_color(pixels, BLUE)
    assert _has_color(pixels, ORANGE)


def test_a_value_that_is_no_number_does_not_spoil_the_others(tmp_path: Path) -> None:
    history = make_history(4)
    history[2].values["val_loss"] = float("nan")  # type: ignore[index]
    result, _ = three_classes(history=history)
    draw_learning_curves(result, tmp_path / "curves.png")
    assert _has_color(_pixels(tmp_path / "curves.png"), ORANGE)


@pytest.mark.parametrize("channels", [1, 3])
def test_samples_show_the_photos(channels: int, part_of: Callable[..., Part], tmp_path: Path) -> None:
    part = part_of(np.full((4, 20, 10, channels), 77, np.uint8), np.array([0, 0, 1, 2]))
    draw_samples(part, ["one", "$2", "drei – " + "lang " * 30], tmp_path / "samples.png")
    assert (_pixels(tmp_path / "samples.png") == 77).all(axis=2).sum() > 3 * 128 * 64


def test_samples_of_many_classes(part_of: Callable[..., Part], tmp_path: Path) -> None:
    part = part_of(np.full((60, 16, 16, 3), 77, np.uint8), np.arange(60))
    draw_samples(part, [f"class {i}" for i in range(60)], tmp_path / "samples.png")
    assert _pixels(tmp_path / "samples.png").shape[0] > 1000


def test_samples_of_a_label_have_it() -> None:
    _, dataset = three_labels()
    assert choose_samples(dataset.train, 1, 8).tolist() == [0, 2]
    assert choose_samples(dataset.train, 2, 8).tolist() == []


@pytest.mark.parametrize("channels", [1, 3])
def test_mistakes_are_a_contact_sheet(channels: int, part_of: Callable[..., Part], tmp_path: Path) -> None:
    part = part_of(np.full((9, 16, 12, channels), 77, np.uint8), np.arange(9))
    mistakes = [Mistake(index, (index + 1) % 9, 0.9, (index,)) for index in range(8)]
    draw_mistakes(part, mistakes, [f"class {index}" for index in range(9)], tmp_path / "mistakes.png")
    pixels = _pixels(tmp_path / "mistakes.png")
    assert (pixels == 77).all(axis=2).mean() > 0.3
    assert _has_color(pixels, ORANGE)


def test_no_mistakes_are_said_so(part_of: Callable[..., Part], tmp_path: Path) -> None:
    part = part_of(np.full((2, 16, 16, 3), 77, np.uint8), np.arange(2))
    draw_mistakes(part, [], ["a", "b"], tmp_path / "mistakes.png")
    assert (_pixels(tmp_path / "mistakes.png") == 77).all(axis=2).mean() < 0.001


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


@pytest.mark.parametrize("draw", [draw_per_class, draw_decisions])
def test_each_class_on_a_line(draw: Callable[[PerClass, Path], None], tmp_path: Path) -> None:
    few = PerClass((ClassScores("a", 5, 1, 2, 9), ClassScores("never there", 0, 0, 0, 17)))
    many = PerClass(tuple(ClassScores(f"class {index}", index, 1, 1, 9) for index in range(60)))
    draw(few, tmp_path / "few.png")
    draw(many, tmp_path / "many.png")
    heights = [_pixels(tmp_path / name).shape[0] for name in ("few.png", "many.png")]
    assert heights[0] < heights[1] < 2500
    assert _has_color(_pixels(tmp_path / "few.png"), BLUE)
    assert _has_color(_pixels(tmp_path / "few.png"), ORANGE)


@pytest.mark.parametrize("make", [three_classes, three_labels])
def test_all_pictures_of_photos(make: Callable[..., tuple], tmp_path: Path) -> None:
    result, dataset = make()
    paths = write_pictures(gather(result, dataset), tmp_path, SILENT)
    assert list(paths) == ["learning_curves", "confusion_matrix", "per_class", "mistakes", "samples"]
    assert all(_pixels(path).std() > 5 for path in paths.values())


def test_augmentation_is_shown_where_there_was_some(tmp_path: Path) -> None:
    config = TrainingConfig(model="simple_cnn", augmentation="light")
    result, dataset = three_classes(config=config)
    paths = write_pictures(gather(result, dataset), tmp_path, SILENT)
    assert paths["augmentation"] == tmp_path / "augmentation.png"
    assert _pixels(paths["augmentation"]).std() > 5


def test_samples_that_are_no_photos_have_curves_only(tmp_path: Path) -> None:
    labels = np.array([0, 1, 1])
    result, dataset = make_result(labels, np.eye(2)[labels], ("a", "b"), shape=(40, 3, 2, 5))
    assert set(write_pictures(gather(result, dataset), tmp_path, SILENT)) == {
        "learning_curves",
        "confusion_matrix",
        "per_class",
    }


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
