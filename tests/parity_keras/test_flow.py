"""``ImageDataGenerator.flow``, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import edgekit
from edgekit.data import Dataset
from edgekit.errors import EdgeKitError, UsageError
from edgekit.training.feeding import Order, class_weights
from tests.parity_keras.rows import row
from tests.parity_keras.side_by_side import CLASSES, read, smooth

X = np.stack([smooth(100 * (number % 2) + number, number % 2) for number in range(20)])
Y = np.arange(20) % 2


def flow(x: Any, y: Any, split: float = 0.0, **settings: Any) -> Any:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(validation_split=split).flow(x, y, batch_size=100, **settings)


def pairs(photos: Any, labels: Any) -> set[tuple[bytes, int]]:
    return {(np.asarray(photo, np.uint8).tobytes(), int(label)) for photo, label in zip(photos, labels, strict=True)}


def pairs_of(dataset: Dataset) -> set[tuple[bytes, int]]:
    parts = (dataset.train, dataset.validation)
    return set().union(*(pairs(part.images.take(np.arange(len(part))), part.labels) for part in parts))


@row("flow", "x, y")
def test_arrays() -> None:
    theirs = flow(X, Y, shuffle=False)[0]
    assert pairs_of(read((X, Y))) == pairs(*theirs)
    assert pairs_of(read((list(X), list(Y)))) == pairs(*theirs)
    names = [CLASSES[label] for label in Y]
    assert read((X, names)).class_names == CLASSES
    assert pairs_of(read((X, names))) == pairs_of(read((X, np.eye(2)[Y]))) == pairs(*theirs)


@row("flow", "x of 0..1")
def test_photos_of_floating_point_numbers() -> None:
    theirs = flow(X / 255, Y, shuffle=False)[0]
    assert theirs[0].max() <= 1
    assert pairs_of(read((X / 255, Y))) == pairs(np.rint(theirs[0] * 255), theirs[1]) == pairs_of(read((X, Y)))


@row("flow", "sample_weight")
def test_weights_are_of_classes() -> None:
    assert len(flow(X, Y, sample_weight=np.ones(20))[0]) == 3
    with pytest.raises(UsageError, match="sample_weight"):
        edgekit.train((X, Y), sample_weight=np.ones(20))
    weights = class_weights({"green": 3.0}, Y, CLASSES)
    assert weights is not None
    assert weights.tolist() == [1.0, 3.0] * 10


@row("flow", "shuffle")
def test_every_epoch_has_all_photos_in_another_order() -> None:
    iterator = flow(X, np.arange(20), shuffle=True, seed=0)
    theirs = [next(iterator)[1].tolist() for _ in range(2)]
    ours = [Order(0).of_epoch(epoch, 20).tolist() for epoch in range(2)]
    for first, second in (theirs, ours):
        assert first != second
        assert sorted(first) == sorted(second) == list(range(20))


@row("flow", "subset")
def test_both_sides_at_once() -> None:
    theirs = [len(flow(X, Y, split=0.2, subset=name)[0][1]) for name in ("training", "validation")]
    ours = read((X, Y), validation=0.2)
    assert [len(ours.train), len(ours.validation)] == theirs == [16, 4]


@row("flow", "ignore_class_split")
def test_labels_in_order_do_no_harm() -> None:
    order = np.argsort(Y, kind="stable")
    with pytest.raises(ValueError, match="different number of classes"):
        flow(X[order], Y[order], split=0.2, subset="training")
    ours = read((X[order], Y[order]), validation=0.2)
    assert np.bincount(ours.validation.labels).tolist() == [2, 2]


@row("flow", "save_to_dir")
def test_augmented_photos_can_be_seen(run: Any, tmp_path: Path) -> None:
    flow(X[:2], Y[:2], save_to_dir=tmp_path)[0]
    assert len(list(tmp_path.glob("*.png"))) == 2
    picture = np.asarray(Image.open(run.path.with_suffix(".training") / "augmentation.png").convert("RGB"))
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100


@row("flow", "several inputs")
def test_one_input() -> None:
    assert len(flow((X, np.zeros(20)), Y)[0][0]) == 2
    with pytest.raises(EdgeKitError):
        read(((X, np.zeros(20)), Y))
    with pytest.raises(UsageError, match="two"):
        read((X, np.zeros(20), Y))
