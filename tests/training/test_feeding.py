from __future__ import annotations

import numpy as np
import pytest

from edgekit.data import Dataset
from edgekit.kerasfile import import_keras

import_keras()

from edgekit.training.feeding import PhotoBatches, one_hot  # noqa: E402 -- imports Keras


def _labels(batches: PhotoBatches) -> list[int]:
    return [int(label) for index in range(len(batches)) for label in batches[index][1].argmax(axis=1)]


def test_a_part_in_its_own_order(textures: Dataset) -> None:
    batches = PhotoBatches(textures.train, 4, 10, seed=None)
    assert len(batches) == 7
    pixels, labels = batches[6]
    assert pixels.shape == (4, 32, 32, 3)
    assert pixels.dtype == np.uint8
    assert labels.shape == (4, 4)
    assert _labels(batches) == textures.train.labels.tolist()
    batches.on_epoch_end()
    assert _labels(batches) == textures.train.labels.tolist()


def test_each_epoch_has_a_new_order_that_the_seed_fixes(textures: Dataset) -> None:
    one, other = (PhotoBatches(textures.train, 4, 10, seed=3) for _ in range(2))
    first = _labels(one)
    assert first == _labels(other)
    one.on_epoch_end()
    second = _labels(one)
    assert second != first
    assert sorted(second) == sorted(textures.train.labels.tolist())
    assert _labels(PhotoBatches(textures.train, 4, 10, seed=4)) != first


@pytest.mark.parametrize("labels", [[0, 2], []])
def test_one_hot(labels: list[int]) -> None:
    table = one_hot(np.array(labels, np.int64), 3)
    assert table.shape == (len(labels), 3)
    assert table.argmax(axis=1).tolist() == labels
    assert table.sum() == len(labels)
