"""Accuracy of models that answer any number of labels."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.measure.accuracy import wilson_interval
from edgekit.measure.multi_label import measure_multi_label

PROBABILITIES = np.array([[0.9, 0.2, 0.6], [0.5, 0.4, 0.1], [0.1, 0.9, 0.8], [0.2, 0.1, 0.1]], np.float32)
LABELS = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [0, 0, 0]], np.uint8)


def test_figures_by_hand() -> None:
    found = measure_multi_label(PROBABILITIES, LABELS, ("a", "b", "c"))
    assert (found.count, found.exact, found.exact_match) == (4, 2, 0.5)
    assert (found.low, found.high) == wilson_interval(2, 4)
    assert found.label_accuracy == pytest.approx(10 / 12)
    # a: 2 of 2, no more; b: 1 of 2, no more; c: 1 of 1, one more.
    assert [item.f1 for item in found.per_label.classes] == pytest.approx([1.0, 2 / 3, 2 / 3])
    assert found.macro_f1 == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_the_threshold_decides_and_is_itself_enough() -> None:
    high = measure_multi_label(PROBABILITIES, LABELS, ("a", "b", "c"), threshold=0.8)
    assert [item.true_positives for item in high.per_label.classes] == [1, 1, 0]
    assert measure_multi_label(PROBABILITIES, LABELS, ("a", "b", "c"), threshold=0.5).exact == 2


def test_never_answering_is_no_good_though_most_labels_are_absent() -> None:
    labels = np.eye(20, dtype=np.uint8)
    found = measure_multi_label(np.zeros((20, 20), np.float32), labels, [str(index) for index in range(20)])
    assert found.label_accuracy == 0.95
    assert (found.exact_match, found.macro_f1) == (0.0, 0.0)


def test_to_dict_is_plain() -> None:
    document = measure_multi_label(PROBABILITIES, LABELS, ("a", "b", "c")).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["labels"][2]["label"] == "c"


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [(PROBABILITIES[:0], LABELS[:0]), (PROBABILITIES, LABELS[:, 0]), (PROBABILITIES[:, :2], LABELS)],
)
def test_shapes_must_fit(probabilities: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(UsageError, match="3 probabilities and 3 labels of 0 and 1"):
        measure_multi_label(probabilities, labels, ("a", "b", "c"))
