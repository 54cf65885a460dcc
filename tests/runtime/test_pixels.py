"""From pixels to stored values."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.runtime import pixels as way
from edgekit.runtime.pixels import Normalization, make_encoder

PIXELS = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)


@pytest.mark.parametrize(("dtype", "scale"), [("float32", None), ("uint8", None), ("uint8", 1.0)])
def test_edgekits_own_tensors_take_pixels_as_they_are(dtype, scale):
    assert make_encoder(dtype, scale, 0, None, 3)(PIXELS) is PIXELS


def test_a_scale_and_zero_point_that_undo_the_normalization_take_bytes():
    # mobilenet_v1_0.25_224_quant: (pixel - 128) / 128, stored with scale 1/128 and zero point 128.
    assert make_encoder("uint8", 1 / 128, 128, Normalization((128.0,), (128.0,)), 3)(PIXELS) is PIXELS


def test_int8_is_shifted():
    stored = make_encoder("int8", 1.0, -128, None, 3)(PIXELS)
    assert stored.dtype == np.int8
    np.testing.assert_array_equal(stored, PIXELS.astype(np.int16) - 128)


def test_float_normalization():
    encoded = make_encoder("float32", None, 0, Normalization((127.5,), (127.5,)), 3)(PIXELS)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, (PIXELS.astype(np.float64) - 127.5) / 127.5, atol=1e-7)


def test_normalization_for_each_channel():
    mean, std = np.array([123.7, 116.3, 103.5]), np.array([58.4, 57.1, 57.4])
    encoded = make_encoder("float32", None, 0, Normalization(tuple(mean), tuple(std)), 3)(PIXELS)
    assert encoded.shape == PIXELS.shape
    np.testing.assert_allclose(encoded, (PIXELS - mean) / std, rtol=1e-6, atol=1e-6)


def test_values_beyond_the_range_are_clipped():
    stored = make_encoder("uint8", 0.5, 0, None, 1)(PIXELS[..., :1])
    assert stored.max() == 255
    assert stored[0, 0, 3, 0] == 6


def test_halves_are_rounded_up_as_tflite_does():
    stored = make_encoder("uint8", 2.0, 0, None, 1)(PIXELS[..., :1]).ravel()
    assert stored[:6].tolist() == [0, 1, 1, 2, 2, 3]


WAYS = {
    # dtype, scale, zero point, mean and std, what is to be used
    "as they are": (("float32", None, 0, None), way._copy),
    "bytes": (("uint8", 1 / 128, 128, Normalization((128.0,), (128.0,))), way._copy),
    "shifted": (("int8", 1.0, -128, None), way._add),
    "to -1..1": (("float32", None, 0, Normalization((127.5,), (127.5,))), way._subtract_and),
    "by a power of two": (("float32", None, 0, Normalization((128.0,), (128.0,))), way._subtract_and),
    "to 0..1": (("float32", None, 0, Normalization((0.0,), (255.0,))), way._subtract_and),
    "one number three times": (("float32", None, 0, Normalization((127.5,) * 3, (127.5,) * 3)), way._subtract_and),
    "odd numbers": (("float32", None, 0, Normalization((120.3,), (57.7,))), way._look_up),
    "half the range": (("int8", 1 / 64, 0, Normalization((127.5,), (127.5,))), way._look_up),
    "clipped": (("uint8", 0.5, 0, None), way._look_up),
    "each channel": (
        ("float32", None, 0, Normalization((123.7, 116.3, 103.5), (58.4, 57.1, 57.4))),
        way._look_up_channels,
    ),
    "each channel in 8 bits": (("int8", 0.02, 3, Normalization((1.0, 2.0, 3.0), (64.0,))), way._look_up_channels),
}


@pytest.mark.parametrize(("tensor", "used"), WAYS.values(), ids=WAYS)
def test_whatever_is_fastest_writes_the_tables_values(tensor, used):
    table = way._table(*tensor, 3)
    encoder = make_encoder(*tensor, 3)
    assert getattr(encoder.fill, "func", encoder.fill) is used
    photo = np.random.default_rng(0).integers(0, 256, (1, 37, 41, 3), np.uint8)
    expected = np.stack([table[channel][photo[..., channel]] for channel in range(3)], axis=-1)
    values = np.full(photo.shape, 7, table.dtype)
    encoder.fill(photo, values)
    assert values.tobytes() == expected.tobytes()
    encoded = encoder(photo)
    np.testing.assert_array_equal(encoded, expected)
    assert encoder.unchanged == (encoded is photo)
    # Views, as an array of the model's size may be one.
    values[...] = 7
    encoder.fill(photo[:, ::-1, :, ::-1], values)
    assert values.tobytes() == encoder(np.ascontiguousarray(photo[:, ::-1, :, ::-1])).astype(table.dtype).tobytes()
