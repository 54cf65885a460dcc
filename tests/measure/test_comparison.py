"""Two models' answers, compared as their spec asks for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edgekit.errors import UsageError, VerificationError
from edgekit.measure.comparison import accuracy_of, compare_answers
from edgekit.measure.judging import Verdict
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
    reference = np.tile(np.array([[0.5001, 0.95], [0.5001, 0.05]], np.float32), (25, 1))
    spec = image_classifier("m", ("a", "b"), IMAGE, multi_label=True)
    undecided = compare_answers(answers(reference), answers(reference - [0.0002, 0]), spec)
    assert undecided.parity.to_dict()["agreement"] == 0.0
    assert undecided.judge(TOLERANCES["int8"]).passed
    wrong = compare_answers(answers(reference), answers(1.001 - reference), spec)
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


def scaled(*factors: float, count: int = 64) -> np.ndarray:
    """(count, channels) of random numbers, one factor for each channel."""
    return (np.random.default_rng(0).normal(size=(count, len(factors))) * factors).astype(np.float32)


def verdict_of(reference: np.ndarray, candidate: np.ndarray, precision: str) -> Verdict:
    spec = ModelSpec("v", "tensors", (TensorSpec("x", (None, 2)),), (TensorSpec("y", (None, *reference.shape[1:])),))
    return compare_answers({"y": reference}, {"y": candidate}, spec).judge(TOLERANCES[precision])


@pytest.mark.parametrize("precision", TOLERANCES)
@pytest.mark.parametrize("shape", [(64, 3), (2, 4, 4, 3), (64, 1, 3)])
def test_a_small_channel_of_zeros_fails(precision: str, shape: tuple[int, ...]) -> None:
    reference = scaled(1e3, 1, 1e-3, count=int(np.prod(shape[:-1]))).reshape(shape)
    for lost in ([1], [2], [1, 2]):
        candidate = reference.copy()
        candidate[..., lost] = 0
        verdict = verdict_of(reference, candidate, precision)
        assert (verdict.passed, verdict.decided) == (False, True)
        assert any(f"channel {channel} of 3 of the output 'y'" in verdict.reasons[0] for channel in lost)
        assert "Choose a precision of floating-point numbers" in verdict.reasons[-1]
    assert verdict_of(reference, reference, precision).passed


def test_a_large_channel_that_is_wrong_is_named_too() -> None:
    reference = scaled(1, 1, 1, 1)
    candidate = reference * np.array([1, 1, -1, 1], np.float32)
    reasons = verdict_of(reference, candidate, "int8").reasons
    assert "off by 1 of what the reference's vary" in reasons[0]
    assert "channel 2 of 4" in reasons[1]
    assert "floating-point" not in " ".join(reasons)


@pytest.mark.parametrize("factors", [(1.0, 1e-12), (1e6, 1e-3), (1.0, 0.0)])
def test_rounding_in_a_channel_that_is_none_does_not_fail_fp32(factors: tuple[float, float]) -> None:
    """As a float32 sum of terms of the size of the other channel leaves it."""
    reference = scaled(*factors)
    noise = np.random.default_rng(1).normal(0, 1e-7 * factors[0], 64)
    candidate = reference.copy()
    candidate[:, 1] += noise.astype(np.float32)
    assert verdict_of(reference, candidate, "fp32").passed


def test_a_constant_channel_is_held_against_its_size() -> None:
    reference = scaled(1, 0) + np.array([0, 100], np.float32)
    near, far = reference + np.array([0, 1e-3], np.float32), reference + np.array([0, 1.0], np.float32)
    assert verdict_of(reference, near, "fp32").passed
    assert not verdict_of(reference, far, "fp32").passed
    lost = reference * np.array([1, 0], np.float32)
    assert not verdict_of(reference, lost, "int8").passed


def test_probabilities_without_labels_are_parts_of_a_whole() -> None:
    """Steps of 1/256, as an int8 softmax has, leave nothing of classes that hardly ever occur."""
    scores = scaled(*[5.0] * 10) - np.array([0] * 5 + [30] * 5, np.float32)
    powers = np.exp(scores)
    reference = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    candidate = (np.round(reference * 256) / 256).astype(np.float32)
    assert (candidate[:, 5:] == 0).all()
    assert verdict_of(reference, candidate, "int8").passed
    assert not verdict_of(reference, reference[:, ::-1], "int8").passed


@pytest.mark.parametrize("shape", [(5, 3), (64,)])
def test_few_values_are_taken_together(shape: tuple[int, ...]) -> None:
    reference = scaled(*[1.0] * int(np.prod(shape[1:])), count=shape[0]).reshape(shape)
    reasons = verdict_of(reference, reference + 1, "fp32").reasons
    assert not any("channel" in reason for reason in reasons)


def test_values_that_never_change_prove_nothing() -> None:
    same = np.tile(np.array([[1.0, 2.0, 3.0]], np.float32), (64, 1))
    verdict = verdict_of(same, same, "fp32")
    assert (verdict.passed, verdict.decided) == (False, False)
    assert "answers the same to all 64 samples" in verdict.reasons[0]
    assert verdict_of(same, same * 2, "fp32").decided
    assert verdict_of(same[:1], same[:1], "fp32").passed  # one sample alone


def test_a_file_that_ignores_its_input_does_not_pass() -> None:
    """Values differ from place to place by far more than from sample to sample."""
    places = np.linspace(-100, 100, 48).reshape(1, 16, 3)
    reference = (places + np.random.default_rng(0).normal(0, 0.01, (64, 16, 3))).astype(np.float32)
    same = np.broadcast_to(reference.mean(axis=0), reference.shape)
    for precision in TOLERANCES:
        assert not verdict_of(reference, same, precision).passed
    assert "ignores its input" in verdict_of(reference, same, "int8").reasons[0]
    assert verdict_of(reference, reference + np.float32(1e-4), "int8").passed


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_reference_without_an_answer_is_no_fault_of_the_artifact(value: float) -> None:
    reference = values(0)
    reference["y"][3, 1] = value
    with pytest.raises(VerificationError, match=r"model v itself answers .* to 1 of 100 inputs, .* number 3"):
        compare_answers(reference, values(0), VALUES)


def test_shapes_that_differ() -> None:
    with pytest.raises(UsageError, match="the same"):
        measure_values([np.zeros((2, 3))], [np.zeros((2, 4))])
