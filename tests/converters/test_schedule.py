"""What runs when, and how much of it at once."""

from __future__ import annotations

import pytest

from edgekit.converters.base import MODULES
from edgekit.converters.schedule import longest_first, memory_of_job, parallel_jobs


@pytest.mark.parametrize(
    ("memory", "processors", "available", "expected"),
    [
        ([3, 3, 3, 3], 2, 300, 2),
        ([3], 8, 300, 1),
        ([3, 3, 3, 3], 8, 7, 2),
        ([1, 1, 1, 9], 8, 10, 2),  # any two fit; the large one and two others do not
        ([1, 1, 1, 9], 8, 12, 4),
        ([3, 3], 8, 1, 1),  # one at a time always goes
        ([3, 3, 3, 3], 8, None, 4),  # memory unknown
        ([], 8, 300, 1),
    ],
)
def test_as_many_side_by_side_as_fit(memory: list[int], processors: int, available: int | None, expected: int) -> None:
    assert parallel_jobs(memory, processors, available) == expected


@pytest.mark.parametrize(("weights", "expected"), [(2_000_000, 6), (100_000_000, 2), (1_300_000_000, 1)])
def test_giants_take_turns_where_small_ones_run_side_by_side(weights: int, expected: int) -> None:
    """As with MobileNetV2 0.35, ResNet50 and ViT-Large on a machine of 16 GB."""
    memory = [memory_of_job(format, weights) for format in MODULES]
    assert parallel_jobs(memory, 8, 16 * 10**9) == expected


def test_long_jobs_start_first_and_equal_ones_as_asked() -> None:
    assert longest_first({"tfjs": ["fp32"], "onnx": ["fp32", "int8"], "tflite": ["fp32"]})[0] == "onnx"
    assert longest_first({"tflite": ["fp32"], "coreml": ["fp16"]}) == ["coreml", "tflite"]
    assert longest_first({"tflite": ["fp32", "int8"], "onnx": ["fp32"]}) == ["tflite", "onnx"]
    assert longest_first({"tfjs": ["fp32"], "tflite": ["fp32"]}) == ["tfjs", "tflite"]
    everything = {format: ["fp32"] for format in MODULES}
    assert sorted(longest_first(everything)) == sorted(everything)
