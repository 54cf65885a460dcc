from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.data import Dataset
from edgekit.errors import ImageError
from edgekit.kerasfile import import_keras

import_keras()

from edgekit.training.distribution import LocalBatch  # noqa: E402 -- imports Keras
from edgekit.training.feeding import ArraySamples, Batches, Order, class_weights  # noqa: E402
from edgekit.training.objective import Objective  # noqa: E402

OBJECTIVE = Objective("multi-class", 4)


def _batches(dataset: Dataset, **options: object) -> Batches:
    targets = OBJECTIVE.targets(dataset.train.labels)
    return Batches(dataset.train.images, targets, 10, **options)  # type: ignore[arg-type]


def _labels(batches: Batches) -> list[int]:
    return [int(label) for index in range(len(batches)) for label in batches[index][1].argmax(axis=1)]


def test_a_part_in_its_own_order(textures: Dataset) -> None:
    batches = _batches(textures)
    assert len(batches) == 7
    pixels, targets = batches[6]
    assert pixels.shape == (4, 32, 32, 3)
    assert pixels.dtype == np.uint8
    assert targets.shape == (4, 4)
    assert _labels(batches) == textures.train.labels.tolist()
    batches.start_epoch(1)
    assert _labels(batches) == textures.train.labels.tolist()


def test_each_epoch_has_an_order_of_its_own_that_the_seed_fixes(textures: Dataset) -> None:
    one, other = (_batches(textures, order=Order(3)) for _ in range(2))
    first = _labels(one)
    assert first == _labels(other)
    one.start_epoch(1)
    second = _labels(one)
    assert second != first
    assert sorted(second) == sorted(textures.train.labels.tolist())
    assert _labels(_batches(textures, order=Order(4))) != first
    other.start_epoch(1)  # as after a resume
    assert _labels(other) == second


def test_mixing_hands_over_the_targets_as_an_input(textures: Dataset) -> None:
    (pixels, given), targets = _batches(textures, mixed=True)[0]
    assert pixels.shape == (10, 32, 32, 3)
    np.testing.assert_array_equal(given, targets)


def test_weights_of_samples_and_of_processes_multiply(textures: Dataset) -> None:
    weights = np.arange(64, dtype=np.float32)
    share = lambda chosen: LocalBatch(chosen[5:], np.full(5, 2, np.float32))  # noqa: E731
    pixels, targets, given = _batches(textures, weights=weights, share=share)[1]
    assert len(pixels) == len(targets) == 5
    assert given.tolist() == [30, 32, 34, 36, 38]
    assert _batches(textures, share=share)[1][2].tolist() == [2] * 5


def test_a_photo_that_has_vanished_is_named(tmp_path: Path) -> None:
    class Gone:
        def __len__(self) -> int:
            return 3

        def take(self, indices: object) -> np.ndarray:
            raise ImageError(str(tmp_path / "gone.jpg"), "it has vanished")

    batches = Batches(Gone(), np.zeros((3, 1), np.float32), 2)
    with pytest.raises(ImageError, match="vanished"):
        batches[0]
    assert isinstance(batches.failure, ImageError)


def test_arrays_are_samples() -> None:
    values = np.arange(12).reshape(6, 2)
    assert ArraySamples(values).take(np.array([4, 0])).tolist() == [[8, 9], [0, 1]]
    assert len(ArraySamples(values)) == 6


def test_class_weights() -> None:
    labels = np.array([0, 0, 0, 1])
    assert class_weights("none", labels, ("a", "b")) is None
    balanced = class_weights("balanced", labels, ("a", "b"))
    assert balanced is not None
    assert balanced.mean() == pytest.approx(1)
    assert balanced[:3].sum() == pytest.approx(balanced[3])
    chosen = class_weights({"b": 5}, labels, ("a", "b"))
    assert chosen is not None
    assert chosen.tolist() == [1, 1, 1, 5]
