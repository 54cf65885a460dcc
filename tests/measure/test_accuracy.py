"""Top-1 and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.measure.accuracy import measure_accuracy, wilson_interval

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1], [0.2, 0.2, 0.6]], np.float32)
LABELS = np.array([0, 1, 1, 2])


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_of_published_examples(successes, count, low, high):
    assert wilson_interval(successes, count) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_interval_is_symmetric_and_stays_in_range():
    low, high = wilson_interval(20, 20)
    assert high == 1.0
    assert low == pytest.approx(1 - wilson_interval(0, 20)[1])


def test_accuracy_by_class():
    accuracy = measure_accuracy(PROBABILITIES, LABELS, ("a", "b", "c"))
    assert (accuracy.count, accuracy.correct, accuracy.top1) == (4, 3, 0.75)
    assert accuracy.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert [(one.label, one.count, one.correct) for one in accuracy.classes] == [("a", 1, 1), ("b", 2, 1), ("c", 1, 1)]
    assert accuracy.low < 0.75 < accuracy.high


def test_a_class_without_photos_is_kept():
    accuracy = measure_accuracy(PROBABILITIES[:2], LABELS[:2], ("a", "b", "c"))
    assert accuracy.classes[2].count == 0


def test_to_dict_is_plain():
    document = measure_accuracy(PROBABILITIES, LABELS, ("a", "b", "c")).to_dict()
    assert document["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert document["classes"][1] == {"label": "b", "count": 2, "correct": 1}


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [(PROBABILITIES[:0], LABELS[:0]), (PROBABILITIES, LABELS[:3]), (PROBABILITIES[:, :2], LABELS)],
)
def test_shapes_must_fit(probabilities, labels):
    with pytest.raises(UsageError, match="one row of 3 probabilities"):
        measure_accuracy(probabilities, labels, ("a", "b", "c"))
