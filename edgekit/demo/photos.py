"""Made-up photos of fruit: seeded, drawn with Pillow, hard enough that no model is perfect."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from edgekit.progress import Progress

Point = tuple[float, float]
Color = tuple[int, int, int]
Drawing = list[tuple[list[Point], Color]]
"""Filled polygons on the unit circle, from back to front."""

_SUPERSAMPLING = 2
_SIZES = ((160, 120), (120, 160), (144, 144))
_VALIDATION_EVERY = 5


def make_photos(folder: Path, per_class: int, seed: int, progress: Progress) -> None:
    """Writes ``folder/train`` and ``folder/val``, each with ``<class>/<number>.jpg``.

    The same seed and Pillow give the same bytes. One photo in five is for validation.

    Args:
        folder: a new folder.
        per_class: photos of each class, at least 5.
        seed: of everything that is random.
        progress: one step for each photo.
    """
    random = np.random.default_rng(seed)
    with progress.task("Drawing", per_class * len(FRUIT)) as task:
        for name, draw in FRUIT.items():
            for part in ("train", "val"):
                (folder / part / name).mkdir(parents=True)
            for number in range(per_class):
                part = "train" if number % _VALIDATION_EVERY else "val"
                make_photo(draw(random), random).save(folder / part / name / f"{number:03d}.jpg", quality=85)
                task.advance()


def make_photo(drawing: Drawing, random: np.random.Generator) -> Image.Image:
    """One fruit of any size, place and turn on a table, in any light, with clutter, blur and noise."""
    width, height = _SIZES[random.integers(len(_SIZES))]
    canvas = _table(width * _SUPERSAMPLING, height * _SUPERSAMPLING, random)
    draw = ImageDraw.Draw(canvas)
    for _ in range(int(random.integers(1, 6))):
        _draw_clutter(draw, canvas.size, random)
    side = min(canvas.size)
    radius = side * random.uniform(0.2, 0.38)
    # Centred enough that the centre crop keeps it.
    x, y = (length / 2 + side * random.uniform(-0.12, 0.12) for length in canvas.size)
    angle, squeeze = random.uniform(0, 2 * math.pi), random.uniform(0.8, 1.0)
    for outline, color in drawing:
        draw.polygon(_place(outline, x, y, radius, angle, squeeze), fill=color)
    photo = canvas.resize((width, height), Image.Resampling.BILINEAR)
    photo = photo.filter(ImageFilter.GaussianBlur(random.uniform(0, 1.6)))
    light = random.uniform(0.55, 1.1)
    noise = random.normal(0, random.uniform(3, 18), (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(photo) * light + noise, 0, 255).astype(np.uint8))


def _apple(random: np.random.Generator) -> Drawing:
    color = _hue(random, 0.97, 1.03) if random.uniform() < 0.6 else _hue(random, 0.2, 0.33)
    notch = [(0.12 * math.cos(t) * 2, -0.93 + 0.16 * math.sin(t)) for t in _angles(16)]
    stem = [(-0.05, -0.8), (0.05, -0.8), (0.14, -1.2), (0.04, -1.22)]
    return [(_circle(0, 0, 1), color), (notch, _darker(color)), (stem, (90, 60, 30))]


def _banana(random: np.random.Generator) -> Drawing:
    color = _hue(random, 0.11, 0.17)
    bend = random.uniform(0.35, 0.6)
    outer = [(math.cos(t), math.sin(t)) for t in np.linspace(0.15 * math.pi, 0.85 * math.pi, 24)]
    inner = [(x, (y - 0.45) * (1 - bend) + 0.3) for x, y in reversed(outer)]
    centred = [(x, y - 0.6) for x, y in (*outer, *inner)]
    return [(centred, color), (_circle(0.9, -0.15, 0.08), (80, 60, 20)), (_circle(-0.9, -0.15, 0.08), (80, 60, 20))]


def _grapes(random: np.random.Generator) -> Drawing:
    low, high = (0.74, 0.84) if random.uniform() < 0.6 else (0.2, 0.33)
    places = [(column - row / 2, row) for row in range(4) for column in range(row + 1)]
    return [(_circle(0.5 * x, 0.45 * (1.2 - y) + 0.1, 0.3), _hue(random, low, high)) for x, y in places]


def _orange(random: np.random.Generator) -> Drawing:
    color = _hue(random, 0.03, 0.1)
    pores = [_circle(random.uniform(-0.6, 0.6), random.uniform(-0.6, 0.6), 0.05) for _ in range(14)]
    return [(_circle(0, 0, 1), color), *((pore, _darker(color)) for pore in pores)]


FRUIT: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "apple": _apple,
    "banana": _banana,
    "grapes": _grapes,
    "orange": _orange,
}
"""Class name to what draws one of its kind."""


def _table(width: int, height: int, random: np.random.Generator) -> Image.Image:
    """A soft gradient between four colours of wood, cloth and stone."""
    corners = random.integers(90, 220, (2, 2, 1)) + random.integers(-25, 26, (2, 2, 3))
    return Image.fromarray(corners.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)


def _draw_clutter(draw: ImageDraw.ImageDraw, size: tuple[int, int], random: np.random.Generator) -> None:
    ends = [(random.uniform(0, size[0]), random.uniform(0, size[1])) for _ in range(2)]
    draw.line(ends, fill=_hue(random, 0, 1), width=int(random.integers(3, 12)))


def _place(outline: list[Point], x: float, y: float, radius: float, angle: float, squeeze: float) -> list[Point]:
    cos, sin = math.cos(angle) * radius, math.sin(angle) * radius
    return [(x + px * cos - py * squeeze * sin, y + px * sin + py * squeeze * cos) for px, py in outline]


def _angles(count: int) -> list[float]:
    return [2 * math.pi * k / count for k in range(count)]


def _circle(x: float, y: float, radius: float) -> list[Point]:
    return [(x + radius * math.cos(t), y + radius * math.sin(t)) for t in _angles(32)]


def _hue(random: np.random.Generator, low: float, high: float) -> Color:
    saturation, value = random.uniform(0.6, 0.95), random.uniform(0.55, 0.95)
    red, green, blue = colorsys.hsv_to_rgb(random.uniform(low, high) % 1, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _darker(color: Color) -> Color:
    red, green, blue = color
    return int(red * 0.75), int(green * 0.75), int(blue * 0.75)
