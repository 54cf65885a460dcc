"""Two models' answers, compared as their spec asks for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgekit.errors import UsageError
from edgekit.measure.comparison import accuracy_of, compare_answers
from edgekit.measure.parity import Parity, measure_parity, pair_accuracy
from edgekit.measure.tolerances import TOLERANCES
from edgekit.measure.values import ValueParity, judge_values, measure_values
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier, tensor_classifier

IMAGE = ImageFormat(8, 8)
TWENTY = tuple(f"label {index}" for index in range(20))
MULTI = image_classifier("m", TWENTY, IMAGE, multi_label=True)
ONE_OF_TWENTY = np.eye(20, dtype=np.float32)[np.arange(600) % 20] * 0.9 + 0.05
VALUES = ModelSpec(
    "v", "tensors", (TensorSpec("x", (None, 2)),), (TensorSpec("y", (None, 3)), TensorSpec("z", (None,)))
)


def answers(probabilities: np.ndarray) -> dict[str, np.ndarray]:
    return {"probabilities": probabilities.astype(np.float32)}


def test_a_model_that_never_answers_does_not_pass_for_one_that_does() -> None:
    """19 of 20 labels are absent from each photo, so 95 % of all decisions agree."""
    silent = np.full_like(ONE_OF_TWENTY, 0.05)
    for labels in (None, (ONE_OF_TWENTY > 0.5).astype(np.uint8)):
        compared = compare_answers(answers(ONE_OF_TWENTY), answers(silent), MULTI, labels)
        assert compared.parity.to_dict()["agreement"] == 0.0
        for precision in ("fp32", "fp16", "int8", "int8-dynamic"):
            assert not compared.judge(TOLERANCES[precision]).passed


def test_a_photo_agrees_where_all_its_labels_do() -> None:
    candidate = ONE_OF_TWENTY.copy()
    candidate[7, [3, 4]] = (0.6, 0.95)
    parity = compare_answers(answers(ONE_OF_TWENTY), answers(candidate), MULTI).parity
    assert isinstance(parity, Parity)
    assert (parity.count, parity.agreement) == (600, 599 / 600)
    (found,) = parity.disagreements
    assert (found.index, found.label, found.reference, found.candidate) == (7, 3, 0, 1)
    assert found.margin == pytest.approx(0.9, abs=1e-6)


def test_an_undecided_label_does_not_excuse_another() -> None:
    reference = np.tile(np.array([[0.5001, 0.95]], np.float32), (50, 1))
    spec = image_classifier("m", ("a", "b"), IMAGE, multi_label=True)
    undecided = compare_answers(answers(reference), answers(reference - [0.0002, 0]), spec)
    assert undecided.parity.to_dict()["agreement"] == 0.0
    assert undecided.judge(TOLERANCES["int8"]).passed
    wrong = compare_answers(answers(reference), answers(reference * [1, 0.1]), spec)
    assert not wrong.judge(TOLERANCES["int8"]).passed


def test_exact_matches_are_paired() -> None:
    reference = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]] * 2, np.float32)
    paired = pair_accuracy(reference, reference[::-1].copy(), np.array([0, 0, 1, 0, 0, 0]), decisions=2)
    assert (paired.count, paired.reference_correct, paired.candidate_correct) == (3, 2, 1)
    assert paired.measure == "Exact match"


def test_rows_that_make_no_whole_photos() -> None:
    with pytest.raises(UsageError, match="Parity compares"):
        measure_parity(np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32), decisions=2)


def test_accuracy_is_of_the_task() -> None:
    labels = (ONE_OF_TWENTY > 0.5).astype(np.uint8)
    assert accuracy_of(answers(ONE_OF_TWENTY), labels, MULTI).to_dict()["exact_match"] == 1.0
    single = image_classifier("m", TWENTY, IMAGE)
    assert accuracy_of(answers(ONE_OF_TWENTY), labels.argmax(axis=1), single).to_dict()["top1"] == 1.0


def test_samples_are_not_called_photos() -> None:
    spec = tensor_classifier("m", (None, 4), "float32", ("a", "b"))
    flipped = np.tile(np.array([[0.9, 0.1]], np.float32), (10, 1))
    compared = compare_answers(answers(flipped), answers(flipped[:, ::-1]), spec, np.zeros(10, np.int64))
    (difference, agreement) = compared.judge(TOLERANCES["fp32"]).reasons
    assert "samples" in agreement
    assert "photos" not in difference + agreement


def values(noise: float) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    base, errors = generator.normal(5, 2, (100, 3)), generator.normal(0, noise, (100, 3))
    return {"y": (base + errors).astype(np.float32), "z": np.ones(100, np.float32)}


@pytest.mark.parametrize("precision", TOLERANCES)
def test_values_are_held_against_their_own_variation(precision: str) -> None:
    limit = TOLERANCES[precision].max_relative_error
    for share, passed in ((0.5, True), (2.0, False)):
        compared = compare_answers(values(0), values(2 * limit * share), VALUES)
        verdict = compared.judge(TOLERANCES[precision])
        assert verdict.passed is passed
        assert passed or "root mean square" in verdict.reasons[0]


def test_the_worst_output_counts() -> None:
    reference, candidate = values(0), values(0)
    candidate["z"] = np.full(100, 1.5, np.float32)  # never changes: held against its size
    parity = compare_answers(reference, candidate, VALUES).parity
    assert isinstance(parity, ValueParity)
    assert parity.relative_error == pytest.approx(0.5)
    assert parity.max_difference == pytest.approx(0.5)


def test_not_a_number_fails() -> None:
    candidate = values(0)
    candidate["y"][3, 1] = np.nan
    parity = compare_answers(values(0), candidate, VALUES).parity
    assert isinstance(parity, ValueParity)
    assert "not numbers" in judge_values(parity, TOLERANCES["int8"]).reasons[0]
    document = json.loads(json.dumps(parity.to_dict(), allow_nan=False))
    assert (document["relative_error"], document["agreement"]) == (None, None)


def test_shapes_that_differ() -> None:
    with pytest.raises(UsageError, match="the same"):
        measure_values([np.zeros((2, 3))], [np.zeros((2, 4))])
