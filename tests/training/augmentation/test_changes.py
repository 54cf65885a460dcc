"""Each option does what it says, measured against NumPy and Pillow, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from edgekit.training.augmentation.rand_augment import OPERATIONS
from tests.training.augmentation import reference
from tests.training.augmentation.conftest import Change

Photo = NDArray[np.float64]

CLOSE = 0.02
"""Float32 coordinates are off by some 1e-5 of a pixel, times at most 255."""


def off(changed: NDArray[np.float32], expected: Photo) -> float:
    assert changed.shape == expected.shape
    return float(np.abs(changed - expected).max())


@pytest.mark.parametrize(("draw", "degrees"), [(1.0, 40.0), (0.0, -40.0), (0.75, 20.0)])
def test_rotation_turns_around_the_center(photo: Photo, change: Change, draw: float, degrees: float) -> None:
    changed = change(photo, "rotation=40", rotation=draw)
    assert off(changed, reference.rotate(photo, degrees)) < CLOSE
    assert off(changed, photo) > 20


def test_rotation_is_the_direction_of_pillow(photo: Photo, change: Change) -> None:
    square = photo[:, :20]
    turned = np.asarray(Image.fromarray(square.astype(np.uint8)).transpose(Image.Transpose.ROTATE_90))
    assert off(change(square, "rotation=90", rotation=1.0), turned.astype(np.float64)) < CLOSE


def test_rotation_agrees_with_pillow_inside(photo: Photo, change: Change) -> None:
    image = Image.fromarray(photo.astype(np.uint8)).rotate(15, Image.Resampling.BILINEAR)
    # Away from the corners, which Pillow fills with black; it rounds to whole numbers.
    inside = np.s_[6:14, 8:20]
    assert off(change(photo, "rotation=15", rotation=1.0)[inside], np.asarray(image, np.float64)[inside]) <= 1.0


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_shift_and_fill(photo: Photo, change: Change, fill_mode: str) -> None:
    text = f"shift_x=0.4,shift_y=0.3,fill_mode={fill_mode},fill_value=200"
    changed = change(photo, text, shift_x=1.0, shift_y=0.0)
    assert off(changed, reference.shift(photo, 0.4 * 28, -0.3 * 20, fill_mode=fill_mode, fill_value=200)) < CLOSE


@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_fill_far_outside(photo: Photo, change: Change, fill_mode: str) -> None:
    changed = change(photo, f"zoom=3..3,fill_mode={fill_mode},fill_value=90", zoom=0.0)
    assert off(changed, reference.zoom(photo, 3.0, fill_mode=fill_mode, fill_value=90)) < CLOSE


def test_a_positive_shift_goes_right_and_down(photo: Photo, change: Change) -> None:
    changed = change(photo, "shift_x=0.25,shift_y=0.25", shift_x=1.0, shift_y=1.0)
    assert off(changed[5:, 7:], photo[:-5, :-7]) < CLOSE


def test_shift_of_one_axis_leaves_the_other(photo: Photo, change: Change) -> None:
    # The vertical draw is at its end as well, but vertical shift is off.
    changed = change(photo, "shift_x=0.25", shift_x=1.0, shift_y=1.0)
    assert off(changed[:, 7:], photo[:, :-7]) < CLOSE


@pytest.mark.parametrize(("draw", "degrees"), [(1.0, 25.0), (0.0, -25.0)])
def test_shear(photo: Photo, change: Change, draw: float, degrees: float) -> None:
    assert off(change(photo, "shear=25", shear=draw), reference.shear(photo, degrees)) < CLOSE


@pytest.mark.parametrize(("draw", "section"), [(0.0, 0.6), (1.0, 1.4), (0.25, 0.8)])
def test_zoom(photo: Photo, change: Change, draw: float, section: float) -> None:
    assert off(change(photo, "zoom=0.6..1.4", zoom=draw), reference.zoom(photo, section)) < CLOSE


def test_flips_are_exact(photo: Photo, change: Change) -> None:
    image = Image.fromarray(photo.astype(np.uint8))
    for option, expected in (("horizontal_flip", ImageOps.mirror(image)), ("vertical_flip", ImageOps.flip(image))):
        flipped = change(photo, option, **{option: 0.2})
        np.testing.assert_array_equal(flipped, np.asarray(expected, np.float32))
        np.testing.assert_array_equal(change(photo, option, **{option: 0.8}), photo.astype(np.float32))


def test_changes_of_place_follow_one_another(photo: Photo, change: Change) -> None:
    """Flip, zoom, shear, rotation, shift: the same as one after the other, without blurring each time."""
    text = "horizontal_flip,zoom=0.5..0.5,shear=20,rotation=30,shift_x=0.1,shift_y=0.2"
    draws = {"horizontal_flip": 0.0, "shear": 1.0, "rotation": 1.0, "shift_x": 1.0, "shift_y": 1.0}
    slope = np.tan(np.radians(20))
    turn = np.array([[np.cos(np.pi / 6), np.sin(np.pi / 6)], [-np.sin(np.pi / 6), np.cos(np.pi / 6)]])
    forward = turn @ np.array([[1, slope], [0, 1]]) @ (np.eye(2) / 0.5) @ np.diag([-1, 1])
    back = np.linalg.inv(forward)

    def source(x: float, y: float) -> tuple[float, float]:
        from_x, from_y = back @ np.array([x - 2.8, y - 4.0])
        return float(from_x), float(from_y)

    assert off(change(photo, text, **draws), reference.warp(photo, source)) < CLOSE


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.6), (1.0, 1.4)])
@pytest.mark.parametrize("channels", [1, 3])
def test_brightness_and_contrast(photo: Photo, change: Change, draw: float, factor: float, channels: int) -> None:
    photo = photo[..., :channels]
    for name, expected in (("brightness", reference.brighten), ("contrast", reference.contrast)):
        changed = change(photo, f"{name}=0.4", **{name: draw})
        assert off(changed, expected(photo, factor)) < CLOSE
        assert off(changed, photo) > 20


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.2), (1.0, 1.8)])
def test_saturation(photo: Photo, change: Change, draw: float, factor: float) -> None:
    assert off(change(photo, "saturation=0.8", saturation=draw), reference.saturate(photo, factor)) < CLOSE


def test_colors_are_those_of_pillow(photo: Photo, change: Change) -> None:
    image = Image.fromarray(photo.astype(np.uint8))
    for name, enhance in (
        ("brightness", ImageEnhance.Brightness),
        ("contrast", ImageEnhance.Contrast),
        ("saturation", ImageEnhance.Color),
    ):
        expected = np.asarray(enhance(image).enhance(1.3), np.float64)
        # Pillow cuts off fractions, and rounds the mean and each grey first.
        assert off(change(photo, f"{name}=0.3", **{name: 1.0}), expected) <= 2.0


def test_hue_turns_colors_and_keeps_brightness(photo: Photo, change: Change) -> None:
    colors = 0.3 * photo + 90  # dull enough that nothing is clipped
    third = change(colors, "hue=120", hue=1.0)
    np.testing.assert_allclose(reference.luma(third), reference.luma(colors), atol=0.1)
    assert off(third, colors) > 20
    twice = change(third.astype(np.float64), "hue=120", hue=1.0)
    assert off(change(twice.astype(np.float64), "hue=120", hue=1.0), colors) < 0.1


def test_hue_turns_red_towards_green(change: Change) -> None:
    red = np.tile(np.array([160.0, 100.0, 100.0]), (4, 4, 1))
    turned = change(red, "hue=90", hue=1.0)[0, 0]
    assert turned[1] == max(turned)


def test_greyscale_has_no_colors_to_change(photo: Photo, change: Change) -> None:
    grey = photo[..., :1]
    np.testing.assert_array_equal(change(grey, "saturation=1,hue=180", saturation=0.0, hue=0.9), grey)


def test_values_are_clipped(photo: Photo, change: Change) -> None:
    for draw in (0.0, 1.0):
        changed = change(photo, "brightness=1,contrast=1,saturation=1", brightness=draw, contrast=1.0, saturation=draw)
        assert changed.min() >= 0
        assert changed.max() <= 255
    assert change(photo, "brightness=1", brightness=1.0).max() == 255


def test_the_fill_value_keeps_its_color(change: Change) -> None:
    white = np.full((8, 8, 3), 100.0)
    changed = change(white, "shift_x=0.5,brightness=0.5,fill_mode=constant,fill_value=77", shift_x=1.0, brightness=0.0)
    np.testing.assert_array_equal(changed[:, :4], 77)
    np.testing.assert_array_equal(changed[:, 4:], 50)


@pytest.mark.parametrize(
    "text",
    ["horizontal_flip", "vertical_flip", "rotation=180", "shift=1", "shear=60", "zoom=0.5", "brightness=1",
     "contrast=1", "saturation=1", "hue=180"],
)  # fmt: skip
def test_the_middle_of_each_range_is_no_change(photo: Photo, change: Change, text: str) -> None:
    assert off(change(photo, text), photo) < 1e-3


def operation(name: str, positive: bool = True) -> tuple[float, float]:
    """The two numbers that draw an operation."""
    return (OPERATIONS.index(name) + 0.5) / len(OPERATIONS), 0.9 if positive else 0.1


NOTHING = operation("identity")


@pytest.mark.parametrize("positive", [True, False])
def test_rand_augment_moves(photo: Photo, change: Change, positive: bool) -> None:
    sign = 1 if positive else -1
    angle = np.degrees(np.arctan(0.3))
    for name, expected in (
        ("rotate", reference.rotate(photo, sign * 30)),
        ("shift_x", reference.shift(photo, sign * 0.3 * 28, 0)),
        ("shift_y", reference.shift(photo, 0, sign * 0.3 * 20)),
        ("shear_x", reference.shear(photo, sign * angle)),
        ("shear_y", reference.shear(photo.transpose(1, 0, 2), sign * angle).transpose(1, 0, 2)),
    ):
        changed = change(photo, "rand_augment=2,magnitude=10", operations=(*operation(name, positive), *NOTHING))
        assert off(changed, expected) < CLOSE, name


@pytest.mark.parametrize("positive", [True, False])
def test_rand_augment_recolors(photo: Photo, change: Change, positive: bool) -> None:
    factor = 1.45 if positive else 0.55
    for name, expected in (
        ("brightness", reference.brighten(photo, factor)),
        ("contrast", reference.contrast(photo, factor)),
        ("saturation", reference.saturate(photo, factor)),
    ):
        changed = change(photo, "rand_augment=2,magnitude=5", operations=(*NOTHING, *operation(name, positive)))
        assert off(changed, expected) < CLOSE, name


@pytest.mark.parametrize(("positive", "factor"), [(True, 1.45), (False, 0.55)])
def test_rand_augment_sharpens(change: Change, positive: bool, factor: float) -> None:
    noise = np.random.default_rng(0).integers(60, 200, (12, 14, 3)).astype(np.float64)
    expected = np.asarray(ImageEnhance.Sharpness(Image.fromarray(noise.astype(np.uint8))).enhance(factor), np.float64)
    changed = change(noise, "rand_augment=1,magnitude=5", operations=operation("sharpness", positive))
    # Pillow rounds what it smooths, cuts off fractions, and leaves the edge as it is.
    assert off(changed[1:-1, 1:-1], expected[1:-1, 1:-1]) <= 1.5
    assert off(changed, noise) > 15


def test_rand_augment_solarizes_and_posterizes(photo: Photo, change: Change) -> None:
    image = Image.fromarray(photo.astype(np.uint8))
    for name, expected in (("solarize", ImageOps.solarize(image, 128)), ("posterize", ImageOps.posterize(image, 6))):
        changed = change(photo, "rand_augment=1,magnitude=5", operations=operation(name))
        np.testing.assert_array_equal(changed, np.asarray(expected, np.float32), err_msg=name)


def test_rand_augment_stretches_contrast(photo: Photo, change: Change) -> None:
    dull = 0.5 * photo + 40
    changed = change(dull, "rand_augment=1", operations=operation("autocontrast"))
    assert changed.min() == pytest.approx(0, abs=CLOSE)
    assert changed.max() == pytest.approx(255, abs=CLOSE)
    expected = (dull - dull.min()) * 255 / (dull.max() - dull.min())
    assert off(changed, expected) < CLOSE
    flat = np.full((6, 6, 3), 80.0)
    assert np.isfinite(change(flat, "rand_augment=1", operations=operation("autocontrast"))).all()


def test_rand_augment_twice_the_same_operation(photo: Photo, change: Change) -> None:
    twice = (*operation("rotate"), *operation("rotate"))
    changed = change(photo, "rand_augment=2,magnitude=5", operations=twice)
    assert off(changed, reference.rotate(photo, 30)) < CLOSE


def test_rand_augment_of_the_last_number_is_an_operation(photo: Photo, change: Change) -> None:
    last = float(np.nextafter(np.float32(1), np.float32(0)))
    changed = change(photo, "rand_augment=1,magnitude=10", operations=(last, last))
    np.testing.assert_array_equal(changed, np.floor(photo / 16) * 16)


def test_rand_augment_identity_and_strength_0(photo: Photo, change: Change) -> None:
    np.testing.assert_allclose(change(photo, "rand_augment=1", operations=NOTHING), photo, atol=1e-4)
    for name in OPERATIONS:
        if name == "autocontrast":  # has no strength
            continue
        changed = change(photo, "rand_augment=1,magnitude=0", operations=operation(name))
        np.testing.assert_allclose(changed, photo, atol=1e-3, err_msg=name)
