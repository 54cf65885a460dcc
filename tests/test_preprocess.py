"""The resize: golden vectors, the port without Pillow, and arrays of every shape."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgekit.errors import UsageError
from edgekit.preprocess import open_image, plan_resize, prepare, resize, to_color
from edgekit.spec import RESIZE_MODES, Color, ImageFormat, ResizeMode
from tests.both_ways import both_ways  # noqa: F401 - runs all tests below twice
from tests.golden import make_vectors, reference

Pixels = NDArray[np.uint8]

VECTORS: dict[str, Any] = json.loads(make_vectors.VECTORS.read_text(encoding="utf-8"))
each_vector = pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])


# --- The golden vectors -----------------------------------------------------------------------------


def _decode(text: str, size: dict[str, Any]) -> Pixels:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(size["height"], size["width"], size["channels"])


def _target(case: dict[str, Any]) -> ImageFormat:
    target = case["target"]
    return ImageFormat(target["width"], target["height"], case["color"], case["mode"], case["fill"])


@each_vector
def test_golden_vector_is_reproduced(case: dict[str, Any]) -> None:
    source, target = _decode(case["source"]["pixels"], case["source"]), _target(case)
    expected = _decode(case["expected"], case["target"])
    np.testing.assert_array_equal(prepare(source, target), expected)
    plan = plan_resize(case["source"]["width"], case["source"]["height"], target)
    assert case["plan"] == {
        "box": list(plan.box),
        "factors": list(plan.factors),
        "size": list(plan.size),
        "offset": list(plan.offset),
    }


@each_vector
def test_golden_vector_agrees_with_the_port_without_pillow(case: dict[str, Any]) -> None:
    source, size = _decode(case["source"]["pixels"], case["source"]), case["target"]
    result = reference.prepare(source, size["width"], size["height"], case["mode"], case["color"], case["fill"])
    np.testing.assert_array_equal(result, _decode(case["expected"], size))
    box, factors, resized, offset = reference.plan(
        case["source"]["width"], case["source"]["height"], size["width"], size["height"], case["mode"]
    )
    assert [list(part) for part in (box, factors, resized, offset)] == list(case["plan"].values())


def test_golden_file_is_what_its_formulas_give() -> None:
    assert make_vectors.build() == make_vectors.VECTORS.read_text(encoding="utf-8")


def test_golden_cases_cover_what_they_promise() -> None:
    cases = VECTORS["cases"]
    assert len({case["name"] for case in cases}) == len(cases)
    assert {case["mode"] for case in cases} == set(RESIZE_MODES)
    assert {case["source"]["channels"] for case in cases} == {1, 3, 4}
    factors = {tuple(case["plan"]["factors"]) for case in cases}
    assert {(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)} <= factors
    assert any(x == 1 < y for x, y in factors)
    assert any(y == 1 < x for x, y in factors)
    folder = make_vectors.VECTORS.parent
    assert sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) < 300_000


# --- The resize -------------------------------------------------------------------------------------

sides = st.one_of(st.integers(1, 12), st.integers(1, 130))


@st.composite
def images(draw: st.DrawFn) -> Pixels:
    """Noise, or noise of 0 and 255 only, where rounding and clipping show."""
    shape = (draw(sides), draw(sides), draw(st.sampled_from((1, 3, 4))))
    pixels = np.random.default_rng(draw(st.integers(0, 2**32))).integers(0, 256, shape, np.uint8)
    return np.where(pixels > 127, np.uint8(255), np.uint8(0)) if draw(st.booleans()) else pixels


@settings(deadline=None, max_examples=200)
@given(
    images(), sides, sides, st.sampled_from(RESIZE_MODES), st.sampled_from(("rgb", "grayscale")), st.integers(0, 255)
)
def test_pillow_and_the_port_give_the_same_bytes(
    pixels: Pixels, width: int, height: int, mode: ResizeMode, color: Color, fill: int
) -> None:
    ours = prepare(pixels, ImageFormat(width, height, color, mode, fill))
    np.testing.assert_array_equal(ours, reference.prepare(pixels, width, height, mode, color, fill))


@pytest.mark.parametrize("mode", RESIZE_MODES)
def test_real_photos_agree_with_the_port(mode: ResizeMode, shared_data: Path) -> None:
    photos = sorted((shared_data / "flowers-original" / "val").rglob("*.jpg"))[::7]
    assert photos
    for path in photos:
        pixels = np.asarray(to_color(open_image(path), "rgb"))
        expected = reference.prepare(pixels, 96, 64, mode, "rgb", 114)
        np.testing.assert_array_equal(prepare(path, ImageFormat(96, 64, "rgb", mode, 114)), expected)


@settings(deadline=None, max_examples=100)
@given(images(), st.integers(1, 9), st.integers(1, 9), st.data())
def test_reduce_of_a_box_is_reduce_of_the_crop(pixels: Pixels, fx: int, fy: int, data: st.DataObject) -> None:
    image = to_color(open_image(pixels), "rgb")
    left, top = data.draw(st.integers(0, image.width - 1)), data.draw(st.integers(0, image.height - 1))
    right = data.draw(st.integers(left + 1, image.width))
    bottom = data.draw(st.integers(top + 1, image.height))
    box = (left, top, right, bottom)
    at_once = np.asarray(image.reduce((fx, fy), box=box))
    np.testing.assert_array_equal(at_once, np.asarray(image.crop(box).reduce((fx, fy))))
    np.testing.assert_array_equal(at_once, reference.reduce(np.asarray(image)[top:bottom, left:right], fx, fy))


@settings(deadline=None)
@given(*[st.integers(1, 70_000)] * 2, *[st.integers(1, 1_000)] * 2, st.sampled_from(RESIZE_MODES))
def test_plan_stays_inside(width: int, height: int, tw: int, th: int, mode: ResizeMode) -> None:
    plan = plan_resize(width, height, ImageFormat(tw, th, resize=mode))
    left, top, right, bottom = plan.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    # Centred, up to the odd pixel.
    assert 0 <= (width - right) - left <= 1
    assert 0 <= (height - bottom) - top <= 1
    for outer, inner, start in zip((tw, th), plan.size, plan.offset, strict=True):
        assert inner >= 1
        assert start >= 0
        assert start + inner <= outer
    # A reduce never goes below the size that is wanted.
    for box, factor, size in zip((right - left, bottom - top), plan.factors, plan.size, strict=True):
        assert factor == 1 or box // factor >= size
    if mode == "crop":
        assert plan.size == (tw, th)
        assert right - left == width or bottom - top == height
    else:
        assert plan.box == (0, 0, width, height)
    if mode == "letterbox":
        assert plan.size[0] == tw or plan.size[1] == th


def test_plan_in_whole_numbers() -> None:
    assert plan_resize(640, 480, ImageFormat(224, 224)).box == (80, 0, 560, 480)
    assert plan_resize(640, 480, ImageFormat(224, 224)).factors == (2, 2)
    assert plan_resize(480, 641, ImageFormat(224, 224)).box == (0, 80, 480, 560)
    letterbox = plan_resize(640, 480, ImageFormat(225, 225, resize="letterbox"))
    assert (letterbox.size, letterbox.offset) == ((225, 168), (0, 28))
    assert plan_resize(10_000, 1, ImageFormat(8, 8, resize="letterbox")).size == (8, 1)


def test_letterbox_bars_have_the_fill_value() -> None:
    white = np.full((2, 4, 3), 255, np.uint8)
    result = prepare(white, ImageFormat(4, 4, resize="letterbox", fill=7))
    assert result[:, 0, 0].tolist() == [7, 255, 255, 7]
    gray = prepare(white, ImageFormat(4, 4, "grayscale", "letterbox", 7))
    assert gray[:, 0, 0].tolist() == [7, 255, 255, 7]


def test_resize_leaves_the_source_as_it_is() -> None:
    image = Image.fromarray(make_vectors.noise(40, 30, 3))
    before = image.tobytes()
    resize(image, ImageFormat(7, 7))
    assert image.tobytes() == before


def test_colors_agree_with_the_formulas_everywhere() -> None:
    luma = make_vectors.color_cube(256, 256, 3)
    np.testing.assert_array_equal(
        prepare(luma, ImageFormat(256, 256, "grayscale")), reference.to_color(luma, "grayscale")
    )
    value, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    over = np.stack([value, value, value, alpha], axis=2)
    exact = np.floor((value.astype(float) * alpha + 255.0 * (255 - alpha.astype(float))) / 255 + 0.5)
    result = prepare(over, ImageFormat(256, 256))
    for channel in range(3):
        np.testing.assert_array_equal(result[:, :, channel], exact)


# --- Arrays ------------------------------------------------------------


@pytest.mark.parametrize("color", ["rgb", "grayscale"])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 3), (9, 7, 4)])
def test_arrays_of_every_shape(shape: tuple[int, ...], color: Color) -> None:
    array = make_vectors.noise(7, 9, shape[2] if len(shape) == 3 else 1).reshape(shape)
    expected = reference.prepare(array.reshape(9, 7, -1), 5, 4, "crop", color, 0)
    target = ImageFormat(5, 4, color)
    np.testing.assert_array_equal(prepare(array, target), expected)
    # The same pixels in another memory order, and as every other pixel of a larger array.
    np.testing.assert_array_equal(prepare(np.asfortranarray(array), target), expected)
    apart = np.repeat(np.repeat(array, 2, axis=0), 2, axis=1)[::2, ::2]
    assert not apart.flags.c_contiguous
    np.testing.assert_array_equal(prepare(apart, target), expected)
    mirrored = np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
    np.testing.assert_array_equal(prepare(mirrored, target), expected)


def test_array_of_the_right_size_comes_back_as_it_is() -> None:
    array = make_vectors.noise(8, 6, 3)
    assert prepare(array, ImageFormat(8, 6)) is array


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((4, 4), bool),
        np.zeros((8, 8, 3), np.float32),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_array_of_another_dtype(array: NDArray[Any]) -> None:
    with pytest.raises(UsageError, match=rf"must be uint8 with values 0\.\.255\. Got: {array.dtype}"):
        prepare(array, ImageFormat(8, 8))


@pytest.mark.parametrize(
    "shape", [(), (4,), (4, 4, 2), (4, 4, 5), (3, 4, 8), (1, 4, 4, 3), (0, 4, 3), (4, 0), (4, 4, 0)]
)
def test_array_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"must have the shape \(height, width\).*Got: \("):
        prepare(np.zeros(shape, np.uint8), ImageFormat(8, 8))


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (ImageFormat(64, 64, "bgr"), "the color is one of rgb, grayscale, and not 'bgr'"),  # type: ignore[arg-type]
        (ImageFormat(64, 64, resize="fill"), "resize is one of .* and not 'fill'"),  # type: ignore[arg-type]
        (ImageFormat(64, 64, "rgb", "letterbox", 300), "the letterbox fill 300 is not in 0..255"),
        (ImageFormat(0, 64), "the image size 0x64 is not in 1..65535"),
        (ImageFormat(3.5, 64), "width, height and fill are integers"),  # type: ignore[arg-type]
    ],
)
def test_a_format_that_no_photo_can_become(target: ImageFormat, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        prepare(np.zeros((4, 4, 3), np.uint8), target)


def test_an_array_of_more_pixels_than_a_photo_may_have() -> None:
    with pytest.raises(UsageError, match="has at most 178,956,970 pixels"):
        prepare(np.broadcast_to(np.uint8(1), (10**9, 1, 3)), ImageFormat(8, 8))
