"""What activation and labels mean together."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.outputs import class_probabilities, decision_targets, decisions, decisions_per_sample, sigmoid, softmax
from edgekit.spec import ImageFormat, Label, ModelSpec, image_classifier, tensor_classifier

IMAGE = ImageFormat(8, 8)
ABC = ("a", "b", "c")
AB = ("a", "b")


def probabilities(spec: ModelSpec, *rows: tuple[float, ...]) -> list[list[float]]:
    answer = class_probabilities(np.array(rows, np.float32), spec)
    assert answer.dtype == np.float32
    return np.round(answer, 4).tolist()


def test_softmax_outputs_stay() -> None:
    assert probabilities(image_classifier("m", ABC, IMAGE), (0.5, 0.25, 0.25)) == [[0.5, 0.25, 0.25]]


def test_raw_scores_become_probabilities() -> None:
    spec = image_classifier("m", ABC, IMAGE, "none")
    np.testing.assert_allclose(probabilities(spec, (0.0, 0.0, np.log(2))), [[0.25, 0.25, 0.5]], atol=1e-4)


def test_the_one_output_of_a_binary_model_is_the_second_label() -> None:
    assert probabilities(image_classifier("m", AB, IMAGE, "sigmoid"), (0.75,), (0.0,)) == [[0.25, 0.75], [1.0, 0.0]]
    raw = image_classifier("m", AB, IMAGE, "none", binary=True)
    assert probabilities(raw, (0.0,), (100.0,), (-100.0,)) == [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]


def test_many_labels_stay_apart() -> None:
    assert probabilities(image_classifier("m", AB, IMAGE, multi_label=True), (0.75, 0.5)) == [[0.75, 0.5]]
    raw = image_classifier("m", AB, IMAGE, "none", multi_label=True)
    assert probabilities(raw, (0.0, 100.0)) == [[0.5, 1.0]]
    tensors = tensor_classifier("m", (None, 4), "float32", AB, "sigmoid", multi_label=True)
    assert probabilities(tensors, (0.75, 0.5)) == [[0.75, 0.5]]


def test_decisions_have_one_best_column() -> None:
    spec = image_classifier("m", ABC, IMAGE)
    rows = np.array([[0.5, 0.25, 0.25]], np.float32)
    assert decisions(rows, spec) is rows
    assert decision_targets(np.array([2]), spec).tolist() == [2]
    assert decisions_per_sample(spec) == 1


@pytest.mark.parametrize(("threshold", "expected"), [(None, [0, 1, 1, 0]), (0.3, [1, 1, 1, 0]), (0.9, [0, 1, 0, 0])])
def test_each_pair_of_photo_and_label_is_a_decision(threshold: float | None, expected: list[int]) -> None:
    spec = image_classifier("m", AB, IMAGE, confidence_threshold=threshold, multi_label=True)
    rows = decisions(np.array([[0.4, 0.95], [0.6, 0.1]], np.float32), spec)
    assert rows.argmax(axis=1).tolist() == expected
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
    assert decision_targets(np.array([[0, 1], [1, 0]], np.uint8), spec).tolist() == [0, 1, 1, 0]
    assert decisions_per_sample(spec) == 2


def test_sigmoid_and_softmax_survive_large_scores() -> None:
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0.0, 0.5, 1.0]
        assert softmax(np.array([[1000.0, 1000.0]], np.float32)).tolist() == [[0.5, 0.5]]


def test_a_model_without_labels_counts_its_outputs() -> None:
    base = image_classifier("m", (Label("a"), Label("b"), Label("c")), IMAGE, multi_label=True)
    spec = ModelSpec("m", base.task, base.inputs, base.outputs, (), "sigmoid")
    assert decisions_per_sample(spec) == 3
