"""Arrays go ways of their own (``compiled.py`` and ``arrays.py``): they must give the bytes that an image gives."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgekit.preprocess import arrays, plan_resize, prepare, resize, to_color
from edgekit.spec import RESIZE_MODES, Color, ImageFormat, ResizeMode
from tests.both_ways import both_ways  # noqa: F401 - runs all tests below twice
from tests.golden import reference

Pixels = NDArray[np.uint8]

sides = st.one_of(st.integers(1, 40), st.integers(1, 2000))


def _noise(shape: tuple[int, ...], seed: int) -> Pixels:
    """Noise, or of every other seed noise of 0 and 255 only, where rounding and overflow show."""
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return np.where(pixels > 127, np.uint8(255), np.uint8(0)) if seed % 2 else pixels


def _by_image(pixels: Pixels, target: ImageFormat) -> Pixels:
    """The definition, step by step, as a decoded photo goes it."""
    image = Image.fromarray(np.ascontiguousarray(pixels if pixels.shape[2] > 1 else pixels[:, :, 0]))
    return np.asarray(resize(to_color(image, target.color), target)).reshape(target.shape)


@settings(max_examples=150)
@given(
    st.tuples(sides, sides, st.sampled_from((1, 3, 4))),
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from(RESIZE_MODES),
    st.sampled_from(("rgb", "grayscale")),
    st.integers(0, 2**32),
)
def test_an_array_becomes_what_an_image_becomes(
    shape: tuple[int, int, int], width: int, height: int, mode: ResizeMode, color: Color, seed: int
) -> None:
    pixels, target = _noise(shape, seed), ImageFormat(width, height, color, mode, 114)
    np.testing.assert_array_equal(prepare(pixels, target), _by_image(pixels, target))


@settings(max_examples=150)
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32))
def test_means_of_blocks_are_pillows_and_the_ports(width: int, height: int, fx: int, fy: int, seed: int) -> None:
    pixels = _noise((height, width, 3), seed)
    ours = arrays.reduce_array(pixels, (fx, fy)) if arrays.can_reduce(pixels, (fx, fy)) else None
    expected = reference.reduce(pixels, fx, fy)
    np.testing.assert_array_equal(np.asarray(Image.fromarray(pixels).reduce((fx, fy))), expected)
    if ours is not None:
        np.testing.assert_array_equal(np.asarray(ours), expected)


@pytest.mark.parametrize("count", range(2, arrays.MOST_PIXELS_OF_A_BLOCK + 1))
def test_every_sum_of_every_block_is_divided_as_defined(count: int) -> None:
    sums = np.arange(255 * count + 1)
    expected = ((sums + count // 2) * (2**24 // count)) >> 24
    values, means = sums.astype(np.uint16), np.empty(len(sums), np.uint8)
    arrays._divide(values, count, means)
    np.testing.assert_array_equal(means, expected)


def test_the_largest_blocks() -> None:
    white = np.full((257, 514, 3), 255, np.uint8)
    assert arrays.can_reduce(white, (257, 1))
    assert not arrays.can_reduce(white, (2, 129))
    for factors in ((257, 1), (1, 257), (16, 16), (128, 2)):
        assert np.asarray(arrays.reduce_array(white, factors)).min() == 255
    np.testing.assert_array_equal(prepare(white, ImageFormat(2, 1, "rgb", "stretch")), np.full((1, 2, 3), 255))


def test_large_frames_are_worked_on_in_bands() -> None:
    pixels, target = _noise((1100, 1900, 3), 2), ImageFormat(224, 224)
    factors = plan_resize(1900, 1100, target).factors
    assert 1100 // factors[1] * 1100 * 3 * 2 > 2 * arrays.BAND_BYTES, "else this test shows nothing"
    np.testing.assert_array_equal(prepare(pixels, target), _by_image(pixels, target))


VIEWS = {
    "BGR": lambda pixels: pixels[:, :, ::-1],
    "upside down": lambda pixels: pixels[::-1],
    "mirrored": lambda pixels: pixels[:, ::-1],
    "mirrored BGR": lambda pixels: pixels[:, ::-1, ::-1],
    "a part": lambda pixels: pixels[7:-5, 3:-9],
    "a part, BGR": lambda pixels: pixels[7:-5, 3:-9, ::-1],
    "every other pixel": lambda pixels: pixels[::2, ::2],
    "turned": lambda pixels: pixels.swapaxes(0, 1),
    "one pixel repeated": lambda pixels: np.broadcast_to(pixels[0, 0], pixels.shape),
    "three of four channels": lambda pixels: np.dstack([pixels, pixels[:, :, :1]])[:, :, :3],
    "read-only": lambda pixels: np.frombuffer(pixels.tobytes(), np.uint8).reshape(pixels.shape),
    "one column": lambda pixels: pixels[:, :1],
    "one row": lambda pixels: pixels[:1],
}


@pytest.mark.parametrize("size", [(211, 300), (40, 60)], ids=["reduced", "not reduced"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_views_of_every_kind(view, size) -> None:
    pixels = view(_noise((*size, 3), 4))
    before = pixels.copy()
    for target in (ImageFormat(48, 40), ImageFormat(pixels.shape[1], pixels.shape[0])):
        answer = prepare(pixels, target)
        np.testing.assert_array_equal(answer, _by_image(pixels, target))
        assert answer.flags.c_contiguous
    np.testing.assert_array_equal(pixels, before)


def test_threads_do_not_share_what_they_work_on() -> None:
    frames = [_noise((480 + 16 * number, 640, 3), 2 * number) for number in range(8)]
    target = ImageFormat(96, 96)
    expected = [_by_image(frame, target) for frame in frames]
    together = threading.Barrier(4)

    def work(first: int) -> list[Pixels]:
        together.wait()
        return [prepare(frames[(first + turn) % 8], target) for turn in range(24)]

    with ThreadPoolExecutor(4) as pool:
        for first, answers in zip(range(4), pool.map(work, range(4)), strict=True):
            for turn, answer in enumerate(answers):
                np.testing.assert_array_equal(answer, expected[(first + turn) % 8])


def test_an_answer_is_no_part_of_what_is_used_again() -> None:
    target = ImageFormat(64, 64)
    first = prepare(_noise((480, 640, 3), 0), target)
    copy = first.copy()
    prepare(_noise((480, 640, 3), 2), target)
    np.testing.assert_array_equal(first, copy)
