from __future__ import annotations

import pytest

from edgekit.errors import ImageError, TrainingError
from edgekit.training.failures import diverged, explain_failure


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize(
    "error",
    [
        ResourceExhaustedError("Graph execution error: OOM when allocating tensor with shape[256,112,112,96]"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9663676416 bytes."),
        MemoryError(),
    ],
)
def test_out_of_memory_says_which_batch_size_to_try(error: Exception) -> None:
    explained = explain_failure(error, 64)
    assert isinstance(explained, TrainingError)
    assert "--batch-size 32" in str(explained)
    assert "--image-size" in str(explain_failure(error, 1))


def test_own_errors_stay_and_unknown_ones_are_not_guessed_at() -> None:
    own = ImageError("a.jpg", "it has vanished")
    assert explain_failure(own, 8) is own
    assert explain_failure(ValueError("something else"), 8) is None


def test_divergence_names_the_rate() -> None:
    assert "smaller --learning-rate than 0.1" in str(diverged(float("nan"), 3, "head", 0.1))
