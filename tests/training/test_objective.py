from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgekit.data import Dataset
from edgekit.errors import DataError, EdgeKitError, UsageError
from edgekit.training.objective import Objective, choose_objective


def _with(dataset: Dataset, names: tuple[str, ...], labels: np.ndarray) -> Dataset:
    part = dataclasses.replace(dataset.train, labels=labels)
    return dataclasses.replace(dataset, class_names=names, class_labels=(), train=part)


@pytest.fixture
def two(textures: Dataset) -> Dataset:
    return _with(textures, ("cat", "dog"), np.arange(64) % 2)


@pytest.fixture
def several(textures: Dataset) -> Dataset:
    return _with(textures, ("a", "b", "c"), np.ones((64, 3), np.uint8))


def test_auto_follows_the_labels(two: Dataset, several: Dataset) -> None:
    assert choose_objective("auto", two) == Objective("multi-class", 2)
    assert choose_objective("binary", two) == Objective("binary", 2)
    assert choose_objective("auto", several) == Objective("multi-label", 3)


@pytest.mark.parametrize(
    ("objective", "outputs", "activation", "monitor", "targets"),
    [
        (Objective("multi-class", 3), 3, "softmax", "val_accuracy", [[1, 0, 0], [0, 0, 1]]),
        (Objective("binary", 2), 1, "sigmoid", "val_accuracy", [[0], [1]]),
    ],
)
def test_targets(objective: Objective, outputs: int, activation: str, monitor: str, targets: list) -> None:
    assert (objective.outputs, objective.activation, objective.monitor) == (outputs, activation, monitor)
    given = objective.targets(np.array([0, 2 if outputs == 3 else 1]))
    assert given.dtype == np.float32
    assert given.tolist() == targets


def test_many_labels_are_their_own_targets() -> None:
    objective = Objective("multi-label", 3)
    assert (objective.outputs, objective.activation, objective.monitor) == (3, "sigmoid", "val_f1")
    assert objective.targets(np.array([[1, 0, 1]], np.uint8)).tolist() == [[1, 0, 1]]


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        ("multi-label", UsageError, "Every photo of these data has one label"),
        ("binary", UsageError, "A binary classifier has 2 classes. Got 4"),
    ],
)
def test_tasks_that_do_not_fit(task: str, error: type[EdgeKitError], message: str, textures: Dataset) -> None:
    with pytest.raises(error, match=message):
        choose_objective(task, textures)


def test_several_labels_need_multi_label(several: Dataset) -> None:
    with pytest.raises(UsageError, match="several labels"):
        choose_objective("binary", several)


def test_one_class_is_no_classifier(make_dataset: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match=r"at least 2 classes\. Got: cat"):
        choose_objective("auto", _with(make_dataset(), ("cat",), np.zeros(64, np.int64)))
