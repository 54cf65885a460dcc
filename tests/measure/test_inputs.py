"""Inputs to measure with."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.measure.inputs import random_inputs, random_pixels
from edgekit.runtime.engines.base import TensorInfo
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier

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


def test_a_range_in_the_spec_is_drawn_from():
    inputs = (
        TensorSpec("ids", (None, 99), "int64", value_range=(3.0, 9.0)),
        TensorSpec("x", (None, 99), value_range=(-5.0, -4.0)),
    )
    spec = ModelSpec("m", "tensors", inputs, (TensorSpec("y", (None, 1)),))
    tensors = (TensorInfo("ids", (1, 99), "int64"), TensorInfo("x", (1, 99), "float32"))
    values = random_inputs(tensors, spec)
    assert (values["ids"].dtype, values["ids"].min(), values["ids"].max()) == (np.int64, 3, 9)
    assert -5 <= values["x"].min() < values["x"].max() <= -4


def test_strings_are_empty():
    assert random_inputs((TensorInfo("words", (2,), "string"),))["words"].tolist() == [b"", b""]


def test_a_seed_gives_the_same_values():
    info = (TensorInfo("x", (1, 50), "float32"),)
    np.testing.assert_array_equal(random_inputs(info, seed=3)["x"], random_inputs(info, seed=3)["x"])
    assert (random_inputs(info, seed=3)["x"] != random_inputs(info, seed=4)["x"]).any()


@pytest.mark.parametrize("shape", [(9, 5, 3), (4, 8, 1), (1, 1, 3)])
def test_images_differ_in_their_colours(shape):
    images = random_pixels(16, *shape)
    assert (images.shape, images.dtype) == ((16, *shape), np.uint8)
    assert len({image.tobytes() for image in images}) > 12
    means = images.mean(axis=(1, 2))
    assert means[1::2].std(axis=0).min() > 30
    np.testing.assert_array_equal(images, random_pixels(16, *shape))
