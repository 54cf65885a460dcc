"""Parity, and the verdicts on it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import UsageError
from edgekit.measure.judging import judge
from edgekit.measure.parity import PairedAccuracy, Parity, measure_parity, pair_accuracy
from edgekit.measure.tolerances import TOLERANCES, tolerance_of


def two_classes(*first: float) -> np.ndarray:
    """(n, 2) probabilities from those of class 0."""
    return np.array([(value, 1 - value) for value in first], np.float32)


def test_equal_answers_agree():
    parity = measure_parity(two_classes(0.9, 0.2), two_classes(0.9, 0.2))
    assert (parity.agreement, parity.max_difference, parity.disagreements) == (1.0, 0.0, ())
    assert judge(parity, TOLERANCES["fp32"]).passed


def test_disagreements_carry_their_margin_the_clearest_first():
    parity = measure_parity(two_classes(0.51, 0.9, 0.2, 0.7), two_classes(0.49, 0.1, 0.2, 0.7))
    assert parity.agreement == 0.5
    assert parity.max_difference == pytest.approx(0.8)
    assert parity.mean_difference == pytest.approx(0.205)
    assert [(one.index, one.reference, one.candidate) for one in parity.disagreements] == [(1, 0, 1), (0, 0, 1)]
    assert [one.margin for one in parity.disagreements] == pytest.approx([0.8, 0.02], abs=1e-6)
    assert parity.clear(0.1) == (3, 2)


def test_shapes_must_be_equal():
    with pytest.raises(UsageError, match=r"Got: \(2, 2\) and \(1, 2\)"):
        measure_parity(two_classes(0.1, 0.2), two_classes(0.1))


def test_not_a_number_fails_every_precision():
    parity = measure_parity(two_classes(0.9, 0.8), two_classes(0.9, math.nan))
    assert parity.agreement == 0.5
    for precision in ("fp32", "fp16", "int8", "int8-dynamic"):
        assert judge(parity, TOLERANCES[precision]).reasons == (
            "It answers values that are not numbers (NaN or infinite).",
        )
    assert json.loads(json.dumps(parity.to_dict(), allow_nan=False))["max_difference"] is None


@pytest.mark.parametrize(("difference", "passed"), [(0.9e-4, True), (1.1e-4, False)])
def test_fp32_is_judged_by_the_largest_difference(difference, passed):
    parity = measure_parity(two_classes(0.9, 0.3), two_classes(0.9 + difference, 0.3))
    assert judge(parity, TOLERANCES["fp32"]).passed is passed


def test_a_tie_of_fp32_within_the_difference_is_no_failure():
    parity = measure_parity(two_classes(0.50002, 0.9), two_classes(0.49998, 0.9))
    assert parity.agreement == 0.5
    assert judge(parity, TOLERANCES["fp32"]).passed


@given(st.lists(st.floats(0, 1, width=32), max_size=20), st.integers(0, 2**32 - 1))
def test_rounding_never_fails_fp32(values, seed):
    reference = two_classes(0.1, 0.9, *values)
    noise = np.random.default_rng(seed).uniform(-9e-5, 9e-5, reference.shape).astype(np.float32)
    assert judge(measure_parity(reference, reference + noise), TOLERANCES["fp32"]).passed


def clear_photos(count: int, wrong: int) -> Parity:
    """Each second photo is of either class."""
    first = np.tile([0.9, 0.1], count)[:count]
    return measure_parity(two_classes(*first), two_classes(*np.concatenate([1 - first[:wrong], first[wrong:]])))


@pytest.mark.parametrize(
    ("precision", "count", "wrong", "passed"),
    [
        ("fp16", 200, 1, True),
        ("fp16", 200, 2, False),
        ("int8", 100, 10, True),
        ("int8", 100, 11, False),
        ("int8-dynamic", 100, 11, False),
    ],
)
def test_without_labels_the_clear_photos_must_agree(precision, count, wrong, passed):
    verdict = judge(clear_photos(count, wrong), TOLERANCES[precision])
    assert verdict.passed is passed
    assert passed or f"{count - wrong} of the {count} photos" in verdict.reasons[0]


def test_undecided_photos_do_not_fail_int8():
    parity = measure_parity(two_classes(*[0.52] * 50, *[0.9] * 50), two_classes(*[0.48] * 50, *[0.9] * 50))
    assert parity.agreement == 0.5
    assert judge(parity, TOLERANCES["int8"]).passed


def unsure(count: int = 64, classes: int = 1000, spread: float = 0.1) -> np.ndarray:
    """(count, classes): as of a model with random weights. No class leads, and every probability is about 1/classes."""
    generator = np.random.default_rng(0)
    same, own = generator.normal(0, 0.1, classes), generator.normal(0, spread, (count, classes))
    powers = np.exp(same + own)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


PRECISIONS = ("fp32", "fp16", "int8", "int8-dynamic", "uint8", "uint16", "int4", "coreml:int8")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_reference_that_is_never_sure_still_refuses_nonsense(precision):
    """All differences are below 0.001, and so is what anything else would answer."""
    reference, tolerance = unsure(), TOLERANCES[precision]
    assert np.ptp(reference) < 2e-3
    shuffled = reference[:, ::-1]
    for wrong in (shuffled, np.full_like(reference, 0.001), np.zeros_like(reference)):
        verdict = judge(measure_parity(reference, wrong), tolerance)
        assert not verdict.passed
    assert judge(measure_parity(reference, shuffled), TOLERANCES["fp32"]).decided
    assert judge(measure_parity(reference, np.zeros_like(reference)), tolerance).decided


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_reference_that_is_never_sure_lets_the_sound_pass(precision):
    reference, tolerance = unsure(), TOLERANCES[precision]
    noise = np.random.default_rng(1).normal(0, 1, reference.shape).astype(np.float32)
    near = reference + noise * 0.5 * tolerance.max_relative_error * reference.std(axis=0)
    assert judge(measure_parity(reference, near), tolerance).passed


def test_steps_of_an_int8_output_are_no_fault():
    """As of a model that has hardly been trained: 4 probabilities of 0.25, within 0.009."""
    generator = np.random.default_rng(0)
    reference = (0.25 + generator.normal(0, 0.009, (64, 4))).astype(np.float32)
    candidate = (np.round(reference * 256) / 256).astype(np.float32)
    assert np.sqrt(np.mean((candidate - reference) ** 2)) > 0.1 * reference.std()
    assert judge(measure_parity(reference, candidate), TOLERANCES["int8"]).passed
    assert not judge(measure_parity(reference, candidate[::-1]), TOLERANCES["int8"]).passed


def test_labels_that_neither_knows_do_not_excuse_nonsense():
    reference = unsure()
    paired = pair_accuracy(reference, reference[:, ::-1].copy(), np.zeros(64, np.int64))
    assert abs(paired.drop) <= 0.05
    verdict = judge(measure_parity(reference, np.zeros_like(reference)), TOLERANCES["int8"], paired)
    assert "sure of none of the 64 photos" in verdict.reasons[0]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_nothing_is_proved_by_a_reference_that_answers_the_same(precision):
    for reference in (np.full((64, 4), 0.25, np.float32), two_classes(*[0.9] * 64)):
        verdict = judge(measure_parity(reference, reference), TOLERANCES[precision])
        assert (verdict.passed, verdict.decided) == (False, False)
        assert "answers the same to all 64 photos" in verdict.reasons[0]
    wrong = judge(measure_parity(reference, 1 - reference), TOLERANCES[precision])
    assert (wrong.passed, wrong.decided) == (False, True)


def test_what_hides_in_the_rounding_is_undecided():
    """Probabilities vary by 1e-4 of their size: float16 cannot tell, and float32 can."""
    reference = unsure(spread=1e-4)
    ignoring = np.broadcast_to(reference.mean(axis=0), reference.shape)
    verdict = judge(measure_parity(reference, ignoring), TOLERANCES["fp16"])
    assert (verdict.passed, verdict.decided) == (False, False)
    assert "right and wrong answers look alike" in verdict.reasons[0]
    assert judge(measure_parity(reference, ignoring), TOLERANCES["fp32"]).decided
    assert judge(measure_parity(reference, reference * np.float32(1 + 1e-6)), TOLERANCES["fp32"]).passed


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_file_that_always_answers_the_same_does_not_pass(precision):
    """Nor where the reference answers the same class to all, more or less surely, as it does to noise."""
    reference = two_classes(*np.linspace(0.7, 0.9, 64))
    verdict = judge(measure_parity(reference, two_classes(*[0.8] * 64)), TOLERANCES[precision])
    assert not verdict.passed
    if precision == "fp16":
        assert not verdict.decided
    paired = PairedAccuracy(600, 500, 500, 0, 0)  # labels tell no more: it has the same class for all
    assert not judge(measure_parity(reference, two_classes(*[0.8] * 64)), TOLERANCES[precision], paired).passed


def test_one_photo_has_no_variation():
    assert judge(measure_parity(two_classes(0.9), two_classes(0.90001)), TOLERANCES["fp32"]).passed


AGREES, DIFFERS = clear_photos(100, 4), clear_photos(100, 20)


@pytest.mark.parametrize(
    ("parity", "paired", "passed"),
    [
        # One point of 550 photos is 5.5: flowers-224 with the converter's int8 loses 0.2 points.
        (AGREES, PairedAccuracy(550, 491, 490, 12, 11), True),
        (AGREES, PairedAccuracy(1000, 900, 890, 20, 10), True),  # exactly one point
        (AGREES, PairedAccuracy(1000, 900, 889, 21, 10), False),
        (AGREES, PairedAccuracy(550, 491, 484, 10, 3), False),  # enough photos: chance is no excuse
        (AGREES, PairedAccuracy(50, 45, 44, 2, 1), True),  # 2 points, but one photo
        (AGREES, PairedAccuracy(50, 45, 39, 6, 0), False),  # p = 1/64
        (AGREES, PairedAccuracy(10, 9, 6, 3, 0), True),  # p = 1/8, and the clear photos agree
        (DIFFERS, PairedAccuracy(10, 9, 6, 3, 0), False),  # p = 1/8, but they do not
        (DIFFERS, PairedAccuracy(550, 491, 490, 60, 59), True),  # differs, and is as good: labels decide
        (AGREES, PairedAccuracy(50, 40, 45, 0, 5), True),  # better than the reference
    ],
)
def test_with_labels_the_drop_of_top1_decides_for_int8(parity, paired, passed):
    assert judge(parity, TOLERANCES["int8"], paired).passed is passed


@pytest.mark.parametrize(
    ("paired", "passed"),
    [
        (PairedAccuracy(550, 506, 499, 7, 0), True),  # flowers-224: 1.3 points
        (PairedAccuracy(1000, 900, 880, 30, 10), True),  # exactly two points
        (PairedAccuracy(1000, 900, 879, 31, 10), False),
    ],
)
def test_without_calibration_two_points_may_be_lost(paired, passed):
    assert judge(AGREES, TOLERANCES["int8-dynamic"], paired).passed is passed


def test_a_drop_put_down_to_chance_is_noted():
    verdict = judge(AGREES, TOLERANCES["int8"], PairedAccuracy(50, 45, 44, 2, 1))
    assert verdict.passed
    assert "fell by 2.0% on 50 photos, which is within chance (p = 0.50)" in verdict.notes[0]


def test_labels_do_not_excuse_fp32_and_fp16():
    equal = PairedAccuracy(100, 90, 90, 5, 5)
    assert not judge(clear_photos(100, 5), TOLERANCES["fp32"], equal).passed
    assert not judge(clear_photos(100, 5), TOLERANCES["fp16"], equal).passed


@pytest.mark.parametrize(
    ("lost", "won", "chance"),
    # One-sided sign test: sums of binomial(n, 1/2).
    [(0, 0, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (4, 1, 6 / 32), (9, 1, 11 / 1024), (2, 5, 120 / 128)],
)
def test_mcnemars_exact_test(lost, won, chance):
    assert PairedAccuracy(100, 50 + lost, 50 + won, lost, won).chance == pytest.approx(chance)


def test_pairs_are_counted():
    reference, candidate = two_classes(0.9, 0.9, 0.1, 0.1), two_classes(0.9, 0.2, 0.8, 0.1)
    paired = pair_accuracy(reference, candidate, np.array([0, 0, 0, 1]))
    assert paired == PairedAccuracy(4, 3, 3, 1, 1)
    assert paired.drop == 0


def test_a_format_may_have_a_tolerance_of_its_own():
    assert tolerance_of("coreml", "int8") == TOLERANCES["coreml:int8"]
    assert tolerance_of("tflite", "int8") == TOLERANCES["int8"]


def test_an_unknown_precision_lists_those_there_are():
    with pytest.raises(UsageError, match=r"for tflite:int3\. Known: fp32, fp16, int8, int8-dynamic"):
        tolerance_of("tflite", "int3")
