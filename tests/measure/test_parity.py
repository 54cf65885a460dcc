"""Parity, and the verdicts on it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import UsageError
from edgekit.measure.parity import PairedAccuracy, Parity, judge, measure_parity, pair_accuracy
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
    parity = measure_parity(two_classes(0.9), two_classes(0.9 + difference))
    assert judge(parity, TOLERANCES["fp32"]).passed is passed


def test_a_tie_of_fp32_within_the_difference_is_no_failure():
    parity = measure_parity(two_classes(0.50002, 0.9), two_classes(0.49998, 0.9))
    assert parity.agreement == 0.5
    assert judge(parity, TOLERANCES["fp32"]).passed


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20), st.integers(0, 2**32 - 1))
def test_rounding_never_fails_fp32(values, seed):
    reference = two_classes(*values)
    noise = np.random.default_rng(seed).uniform(-9e-5, 9e-5, reference.shape).astype(np.float32)
    assert judge(measure_parity(reference, reference + noise), TOLERANCES["fp32"]).passed


def clear_photos(count: int, wrong: int) -> Parity:
    reference = two_classes(*[0.9] * count)
    return measure_parity(reference, two_classes(*[0.1] * wrong + [0.9] * (count - wrong)))


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


def test_a_reference_that_is_never_sure_still_refuses_nonsense():
    reference = two_classes(0.52, 0.49, 0.51)
    assert judge(measure_parity(reference, two_classes(0.48, 0.53, 0.5)), TOLERANCES["int8"]).passed
    verdict = judge(measure_parity(reference, two_classes(0.99, 0.01, 0.99)), TOLERANCES["int8"])
    assert not verdict.passed
    assert "sure of none of the 3 photos" in verdict.reasons[0]


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
