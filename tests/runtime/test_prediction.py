"""The choice of the best classes."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.runtime.prediction import FEW_CLASSES, display_name, top_predictions
from edgekit.spec import Label

LABELS = tuple(Label(name) for name in "abcd")


@pytest.mark.parametrize(
    ("values", "top", "expected"),
    [
        ([0.1, 0.6, 0.1, 0.2], 1, "b"),
        ([0.1, 0.6, 0.1, 0.2], 4, "bdac"),
        ([0.25, 0.25, 0.25, 0.25], 3, "abc"),
        ([0.0, 0.5, 0.5, 0.0], 1, "b"),
        ([0.0, 0.5, 0.5, 0.0], 9, "bcad"),
    ],
)
def test_best_first_and_equal_ones_in_order(values, top, expected):
    found = top_predictions(np.array(values, np.float32), LABELS, top)
    assert "".join(one.label for one in found) == expected


@pytest.mark.parametrize("classes", [FEW_CLASSES - 1, FEW_CLASSES, FEW_CLASSES + 1, 1000])
def test_few_and_many_classes_are_ordered_alike(classes):
    # 8-bit probabilities: many are equal.
    values = (np.random.default_rng(classes).integers(0, 20, classes) / 256).astype(np.float32)
    expected = sorted(range(classes), key=lambda index: (-values[index], index))[:7]
    found = top_predictions(values, (), 7)
    assert [one.index for one in found] == expected
    assert [one.probability for one in found] == [float(values[index]) for index in expected]


@pytest.mark.parametrize(("threshold", "expected"), [(None, "b"), (0.0, "b"), (0.5, "b"), (0.51, "none of these")])
def test_the_threshold_itself_is_enough(threshold, expected):
    assert top_predictions(np.array([0.25, 0.5, 0.125, 0.125], np.float32), LABELS, 1, threshold)[0].label == expected


def test_not_a_number_is_none_of_these():
    (only,) = top_predictions(np.full(4, np.nan, np.float32), LABELS, 1, 0.1)
    assert only.is_none


def test_without_labels_a_class_is_called_by_its_index():
    assert [one.label for one in top_predictions(np.array([0.1, 0.9], np.float32), (), 2)] == ["1", "0"]


@pytest.mark.parametrize(
    ("values", "top", "threshold", "expected"),
    [
        ([0.1, 0.6, 0.9, 0.5], 5, 0.5, "cbd"),
        ([0.1, 0.6, 0.9, 0.5], 2, 0.5, "cb"),
        ([0.1, 0.6, 0.9, 0.5], 5, 0.95, None),
        ([0.1, 0.6, 0.9, 0.5], 5, 0.0, "cbda"),
    ],
)
def test_of_many_labels_those_that_reach_the_threshold(values, top, threshold, expected):
    found = top_predictions(np.array(values, np.float32), LABELS, top, threshold, multi_label=True)
    if expected is None:
        assert [(one.label, one.index) for one in found] == [("none of these", -1)]
        assert found[0].probability == pytest.approx(0.9)
    else:
        assert "".join(one.label for one in found) == expected


def test_name_and_description_in_a_language():
    labels = (Label("rose", {"en": "Rose", "de": "Die Rose"}, {"de": "Eine Blume."}), Label("lily"))
    values = np.array([0.75, 0.25], np.float32)
    german = top_predictions(values, labels, 2, language="de-AT")
    assert [(one.name, one.description) for one in german] == [("Die Rose", "Eine Blume."), ("lily", "")]
    assert german[0].to_dict() == {
        "label": "rose",
        "name": "Die Rose",
        "description": "Eine Blume.",
        "probability": 0.75,
        "index": 0,
    }
    english = top_predictions(values, labels, 2)
    assert (english[0].name, english[0].description) == ("Rose", "Eine Blume.")


@pytest.mark.parametrize(
    ("names", "expected"),
    [({}, "rose"), ({"en": "Rose", "de": "Die Rose"}, "Rose"), ({"de": "Die Rose"}, "Die Rose"), ({"en": ""}, "rose")],
)
def test_display_name(names, expected):
    assert display_name(Label("rose", names)) == expected
