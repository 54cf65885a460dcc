from __future__ import annotations

import numpy as np
import pytest

from edgekit.measure.mistakes import Mistake, find_mistakes
from tests.training_results import three_classes, three_labels


def test_the_surest_wrong_answer_is_first() -> None:
    result, dataset = three_classes()
    worst, second = find_mistakes(dataset.validation.labels, result.validation_probabilities)
    assert (worst.photo, worst.answer, worst.truth) == (2, 0, (1,))
    assert worst.probability == pytest.approx(0.8)
    assert (second.photo, second.answer, second.truth) == (4, 0, (2,))


def test_what_is_right_is_no_mistake_however_unsure() -> None:
    assert find_mistakes(np.array([0]), np.array([[0.34, 0.33, 0.33]])) == ()


def test_no_more_than_asked_for_and_the_first_of_equals() -> None:
    probabilities = np.tile([0.9, 0.1], (50, 1))
    chosen = find_mistakes(np.ones(50, np.int64), probabilities, limit=3)
    assert [mistake.photo for mistake in chosen] == [0, 1, 2]


def test_each_photo_has_its_most_wrong_label() -> None:
    labels = np.array([[1, 0, 1], [0, 0, 1]], np.uint8)
    probabilities = np.array([[0.3, 0.99, 0.1], [0.1, 0.2, 0.45]])
    given, missed = find_mistakes(labels, probabilities)
    assert given == Mistake(photo=0, answer=1, probability=0.99, truth=(0, 2))
    assert not given.missed
    assert (missed.photo, missed.answer, missed.missed) == (1, 2, True)


def test_right_labels_are_no_mistakes() -> None:
    result, dataset = three_labels()
    found = find_mistakes(dataset.validation.labels, result.validation_probabilities)
    assert [(mistake.photo, mistake.answer, mistake.missed) for mistake in found] == [(1, 0, True), (3, 1, False)]
