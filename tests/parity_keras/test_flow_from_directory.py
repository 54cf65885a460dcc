"""``ImageDataGenerator.flow_from_directory``, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import edgekit
from edgekit.cli.main import cli
from edgekit.errors import UsageError
from edgekit.training.objective import Objective
from tests.parity_keras.rows import row
from tests.parity_keras.side_by_side import (
    CLASSES,
    HEIGHT,
    WIDTH,
    Photos,
    assert_same_pixels,
    key,
    of_dataset,
    read,
)


def flow(folder: Path, **settings: Any) -> Any:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    options = {"target_size": (HEIGHT, WIDTH), "shuffle": False, "batch_size": 100, **settings}
    return ImageDataGenerator().flow_from_directory(folder, **options)


def of_iterator(iterator: Any) -> Photos:
    pixels, labels = iterator[0]
    return {key(name): (pixels[place], labels[place]) for place, name in enumerate(iterator.filepaths)}


@row("flow_from_directory", "directory", 'class_mode="sparse"')
def test_folders(photos: Path) -> None:
    theirs, ours = of_iterator(flow(photos, class_mode="sparse")), of_dataset(read(photos))
    assert_same_pixels(ours, theirs, within=0)
    assert {name: label for name, (_, label) in ours.items()} == {name: label for name, (_, label) in theirs.items()}


@row("flow_from_directory", "target_size")
def test_size(photos: Path) -> None:
    assert flow(photos, target_size=(12, 16)).image_shape == read(photos, 12, 16).train.images.shape == (12, 16, 3)


@row("flow_from_directory", "color_mode")
def test_greyscale(photos: Path) -> None:
    theirs = of_iterator(flow(photos, color_mode="grayscale"))
    assert_same_pixels(of_dataset(read(photos, color="grayscale")), theirs, within=0)


@row("flow_from_directory", "classes", ".class_indices")
def test_choice_and_order_of_classes(photos: Path) -> None:
    backwards = ["green", "blue"]
    theirs = flow(photos, classes=backwards).class_indices
    assert {name: index for index, name in enumerate(read(photos, classes=backwards).class_names)} == theirs
    assert {name: index for index, name in enumerate(read(photos).class_names)} == flow(photos).class_indices


@row("flow_from_directory", 'class_mode="categorical"', 'class_mode="binary"')
@pytest.mark.parametrize(("mode", "task"), [("categorical", "multi-class"), ("binary", "binary")])
def test_targets(photos: Path, mode: str, task: Any) -> None:
    theirs = of_iterator(flow(photos, class_mode=mode))
    for name, (_, label) in of_dataset(read(photos)).items():
        targets = Objective(task, 2).targets(np.array([label]))[0]
        assert targets.tolist() == np.atleast_1d(theirs[name][1]).tolist()


@row("flow_from_directory", 'class_mode="input"')
def test_photos_as_targets_are_refused(photos: Path) -> None:
    inputs, targets = flow(photos, class_mode="input")[0]
    assert (inputs == targets).all()
    with pytest.raises(UsageError, match="task"):
        edgekit.train(photos, task="input")


@row("flow_from_directory", "class_mode=None")
def test_prediction(photos: Path, run: Any) -> None:
    answers = run.model.keras_model.predict(flow(photos, class_mode=None, target_size=(16, 16)), verbose=0)
    assert answers.shape == (20, 2)
    done = CliRunner().invoke(cli, ["predict", str(run.path), str(photos / CLASSES[0]), "--json"])
    assert done.exit_code == 0, done.output
    assert done.stdout.count(".png") == 10
    json.loads(done.stdout)


@row("flow_from_directory", "interpolation")
def test_no_pixel_is_dropped(tmp_path: Path) -> None:
    """A grid of single bright pixels: nearest neighbours lose it, a mean keeps its brightness."""
    from PIL import Image

    grid = np.zeros((64, 64, 3), np.uint8)
    grid[1::4, 1::4] = 255
    for name in CLASSES:
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.fromarray(np.roll(grid, 4 * number, 0) + number).save(tmp_path / name / f"{number}.png")
    theirs = flow(tmp_path, target_size=(16, 16))[0][0]
    ours = read(tmp_path, 16, 16, validation=0.5).train.images.take(np.arange(2))
    assert ours.mean() == pytest.approx(grid.mean(), abs=2)
    assert abs(theirs.mean() - grid.mean()) > 10


@row("flow_from_directory", "keep_aspect_ratio")
def test_crop(photos: Path) -> None:
    theirs = of_iterator(flow(photos, target_size=(48, 48), keep_aspect_ratio=True, interpolation="bilinear"))
    # Keras' crop reads a pixel beyond its edges.
    assert_same_pixels(of_dataset(read(photos, 48, 48, resize="crop")), theirs, within=3)


@row("flow_from_directory", "follow_links")
def test_links(photos: Path, tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "more").symlink_to(photos / name, target_is_directory=True)
    theirs = flow(tmp_path, follow_links=True)
    assert theirs.samples == sum(len(part) for part in (read(tmp_path).train, read(tmp_path).validation)) == 20


@row("flow_from_directory", "the iterator itself")
def test_an_iterator_is_a_source(photos: Path) -> None:
    iterator = flow(photos)
    ours = read(iterator)
    assert ours.class_names == CLASSES
    wanted = {photo.astype(np.uint8).tobytes() for photo in iterator[0][0]}
    assert {pixels.tobytes() for pixels, _ in of_dataset(ours).values()} <= wanted
    assert len(ours.train) + len(ours.validation) == 20
