from __future__ import annotations

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.measure.per_class import measure_classes
from edgekit.outputs import class_probabilities
from tests.training_results import three_classes, three_labels


def test_each_class_against_the_others() -> None:
    # sklearn.metrics.precision_recall_fscore_support of [0,0,1,1,2,2] and [0,0,0,1,0,2] gives these.
    result, dataset = three_classes()
    scores = measure_classes(dataset.validation.labels, result.validation_probabilities, dataset.class_names)
    assert [item.precision for item in scores.classes] == [0.5, 1.0, 1.0]
    assert [item.recall for item in scores.classes] == [1.0, 0.5, 0.5]
    assert [item.f1 for item in scores.classes] == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert [item.support for item in scores.classes] == [2, 2, 2]
    first = scores.classes[0]
    assert (first.true_positives, first.false_positives, first.false_negatives, first.true_negatives) == (2, 2, 0, 2)


def test_macro_averages() -> None:
    result, dataset = three_classes()
    scores = measure_classes(dataset.validation.labels, result.validation_probabilities, dataset.class_names)
    assert scores.precision == pytest.approx(5 / 6)
    assert scores.recall == pytest.approx(2 / 3)
    assert scores.f1 == pytest.approx(2 / 3)
    assert scores.to_dict()["macro"]["recall"] == pytest.approx(2 / 3)


def test_what_is_not_defined_is_none() -> None:
    answers = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]], np.float32)
    never_answered, never_there = measure_classes(np.array([0, 1]), answers, ("a", "b", "c")).classes[1:]
    assert (never_answered.precision, never_answered.recall, never_answered.f1) == (None, 0.0, 0.0)
    assert (never_there.precision, never_there.recall, never_there.f1) == (None, None, None)


def test_means_are_over_what_is_defined() -> None:
    answers = np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]], np.float32)
    scores = measure_classes(np.array([0, 1]), answers, ("a", "b", "c"))
    assert scores.precision == 0.5  # of a alone
    assert scores.recall == 0.5  # of a and b
    assert scores.f1 == pytest.approx((2 / 3 + 0) / 2)


def test_several_labels_a_photo() -> None:
    result, dataset = three_labels()
    sea, sun, snow = measure_classes(
        dataset.validation.labels, result.validation_probabilities, dataset.class_names
    ).classes
    assert (sea.true_positives, sea.false_positives, sea.false_negatives, sea.true_negatives) == (1, 0, 1, 2)
    assert (sun.true_positives, sun.false_positives, sun.false_negatives, sun.true_negatives) == (2, 1, 0, 1)
    assert (snow.precision, snow.recall, snow.f1, snow.true_negatives) == (None, None, None, 4)


def test_one_output_for_two_classes() -> None:
    from tests.training_results import make_result

    labels = np.array([0, 0, 1, 1])
    result, dataset = make_result(labels, [[0.2], [0.7], [0.6], [0.9]], ("no", "yes"))
    probabilities = class_probabilities(result.validation_probabilities, result.spec)
    no, yes = measure_classes(labels, probabilities, dataset.class_names).classes
    assert (no.precision, no.recall) == (1.0, 0.5)
    assert (yes.precision, yes.recall) == (pytest.approx(2 / 3), 1.0)


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        (np.array([0, 1]), np.zeros((3, 2))),
        (np.array([0, 1]), np.zeros((2, 3))),
        (np.zeros((2, 3), np.uint8), np.zeros((2, 2))),
        (np.array([], np.int64), np.zeros((0, 2))),
    ],
)
def test_shapes_that_do_not_fit(labels: np.ndarray, probabilities: np.ndarray) -> None:
    with pytest.raises(UsageError, match="Scores need"):
        measure_classes(labels, probabilities, ("a", "b"))
