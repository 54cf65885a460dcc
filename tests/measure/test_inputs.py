"""Inputs to measure with."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.measure.inputs import random_inputs
from edgekit.runtime.engines.base import TensorInfo
from edgekit.spec import ImageFormat, Label, image_classifier

SPEC = image_classifier("x", (Label("a"),), ImageFormat(8, 8))


@pytest.mark.parametrize(
    ("info", "spec", "low", "high"),
    [
        (TensorInfo("image", (1, 8, 8, 3), "float32"), SPEC, 0, 255),
        (TensorInfo("image", (None, 8, 8, 3), "uint8", 1.0), SPEC, 0, 255),
        (TensorInfo("x", (1, 200), "float32"), None, 0, 1),
        (TensorInfo("x", (1, 200), "int8", 0.1, 5), None, -128, 127),
        (TensorInfo("x", (1, 200), "int16", 0.1), None, -32768, 32767),
    ],
)
def test_values_fill_the_range(info, spec, low, high):
    values = random_inputs((info,), spec)[info.name]
    assert values.dtype == info.dtype
    assert values.shape == tuple(size or 1 for size in info.shape)
    assert low <= values.min() < values.max() <= high
    assert np.ptp(values.astype(np.float64)) > 0.9 * (high - low)


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool"])
def test_ids_and_flags_are_zero(dtype):
    values = random_inputs((TensorInfo("ids", (1, 9), dtype),))["ids"]
    assert values.dtype == dtype
    assert not values.any()


def test_strings_are_empty():
    assert random_inputs((TensorInfo("words", (2,), "string"),))["words"].tolist() == [b"", b""]


def test_a_seed_gives_the_same_values():
    info = (TensorInfo("x", (1, 50), "float32"),)
    np.testing.assert_array_equal(random_inputs(info, seed=3)["x"], random_inputs(info, seed=3)["x"])
    assert (random_inputs(info, seed=3)["x"] != random_inputs(info, seed=4)["x"]).any()
