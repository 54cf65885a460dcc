"""Writes ``vectors.json``: small images from formulas, and the exact bytes that they become.

    python tests/golden/make_vectors.py           writes the file anew
    python tests/golden/make_vectors.py --check   fails where the file is not what would be written

The expected bytes come from :mod:`edgekit.preprocess`; ``README.md`` describes the format.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.preprocess import plan_resize, prepare
from edgekit.spec import Color, ImageFormat, ResizeMode

VECTORS = Path(__file__).with_name("vectors.json")
FORMAT = 1

Pixels = NDArray[np.uint8]
Formula = Callable[[int, int, int], Pixels]
Size = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """One image and what it is to become; sizes are (width, height)."""

    name: str
    formula: Formula
    source: Size
    channels: int
    target: ImageFormat


def horizontal(width: int, height: int, channels: int) -> Pixels:
    """0 at the left to 255 at the right; each channel a little darker than the one before."""
    x = np.arange(width).reshape(1, width, 1)
    return _gradient(np.broadcast_to(x, (height, width, channels)), width)


def vertical(width: int, height: int, channels: int) -> Pixels:
    """0 at the top to 255 at the bottom."""
    y = np.arange(height).reshape(height, 1, 1)
    return _gradient(np.broadcast_to(y, (height, width, channels)), height)


def diagonal(width: int, height: int, channels: int) -> Pixels:
    """0 at the top left to 255 at the bottom right."""
    x, y = np.arange(width).reshape(1, width, 1), np.arange(height).reshape(height, 1, 1)
    return _gradient(np.broadcast_to(x + y, (height, width, channels)), width + height - 1)


def noise(width: int, height: int, channels: int) -> Pixels:
    """The upper bytes of the linear congruential generator of Numerical Recipes; its seed is the size."""
    state = width * 65536 + height * 16 + channels
    values = bytearray()
    for _ in range(width * height * channels):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return np.frombuffer(bytes(values), np.uint8).reshape(height, width, channels)


def checkerboard(width: int, height: int, channels: int) -> Pixels:
    """Pixels of 0 and 255 in turns; every other channel is inverted."""
    odd: NDArray[np.int64] = np.indices((height, width, channels)).sum(axis=0) % 2
    return (odd * 255).astype(np.uint8)


def edge(width: int, height: int, channels: int) -> Pixels:
    """Black, and white from one third of the width on; channels step one pixel further right each."""
    pixels = np.zeros((height, width, channels), np.uint8)
    for channel in range(channels):
        pixels[:, width // 3 + channel :, channel] = 255
    return pixels


def frame(width: int, height: int, channels: int) -> Pixels:
    """White with a border of one black pixel: shows any pixel that is read outside of the box."""
    pixels = np.full((height, width, channels), 255, np.uint8)
    pixels[[0, -1]] = 0
    pixels[:, [0, -1]] = 0
    return pixels


def color_cube(width: int, height: int, channels: int) -> Pixels:
    """Colours that cover the cube, with every alpha from 0 to 255 when there are 4 channels."""
    index = np.arange(width * height).reshape(height, width)
    planes = (index * 37, index * 91 + 64, index * 151 + 128, index)
    return np.stack([plane % 256 for plane in planes[:channels]], axis=2).astype(np.uint8)


def _gradient(steps: NDArray[np.int64], count: int) -> Pixels:
    values: NDArray[np.int64] = steps * 255 // max(count - 1, 1) - 20 * np.arange(steps.shape[2])
    return values.clip(0, 255).astype(np.uint8)


def _to(width: int, height: int, resize: ResizeMode = "crop", color: Color = "rgb", fill: int = 0) -> ImageFormat:
    return ImageFormat(width, height, color, resize, fill)


MODES: tuple[ResizeMode, ...] = ("crop", "stretch", "letterbox")

CASES: tuple[Case, ...] = (
    # Colour alone: the target has the source's size.
    Case("identity rgb", noise, (7, 5), 3, _to(7, 5)),
    Case("identity grayscale", noise, (7, 5), 1, _to(7, 5, color="grayscale")),
    Case("rgb to grayscale", color_cube, (32, 32), 3, _to(32, 32, color="grayscale")),
    Case("rgba over white", color_cube, (16, 16), 4, _to(16, 16)),
    Case("rgba over white, noise", noise, (12, 12), 4, _to(12, 12)),
    Case("rgba over white to grayscale", noise, (16, 16), 4, _to(16, 16, color="grayscale")),
    Case("grayscale to rgb", horizontal, (16, 4), 1, _to(16, 4)),
    # Every mode: wide, tall and square sources; up, down, and with a reduce before.
    *(Case(f"{mode} wide, larger", diagonal, (9, 5), 3, _to(16, 16, mode, fill=114)) for mode in MODES),
    *(Case(f"{mode} tall, larger", noise, (5, 11), 3, _to(16, 16, mode, fill=255)) for mode in MODES),
    *(Case(f"{mode} wide, smaller", noise, (31, 23), 3, _to(16, 16, mode, fill=114)) for mode in MODES),
    *(Case(f"{mode} tall, reduced", noise, (31, 43), 3, _to(12, 12, mode)) for mode in MODES),
    *(Case(f"{mode} wide, reduced", noise, (52, 28), 3, _to(16, 16, mode, fill=7)) for mode in MODES),
    *(Case(f"{mode} odd target", noise, (41, 31), 3, _to(19, 7, mode, fill=200)) for mode in MODES),
    *(Case(f"{mode} tall odd target", edge, (47, 50), 3, _to(5, 17, mode, fill=1)) for mode in MODES),
    *(Case(f"{mode} grayscale", noise, (50, 33), 1, _to(11, 13, mode, "grayscale", 99)) for mode in MODES),
    *(Case(f"{mode} rgb to grayscale", noise, (33, 40), 3, _to(16, 10, mode, "grayscale", 128)) for mode in MODES),
    # One pixel wide, one pixel high.
    *(Case(f"{mode} of 1x1", noise, (1, 1), 3, _to(4, 3, mode, fill=50)) for mode in MODES),
    *(Case(f"{mode} of 1x40", noise, (1, 40), 3, _to(8, 8, mode, fill=50)) for mode in MODES),
    *(Case(f"{mode} of 40x1", noise, (40, 1), 3, _to(8, 8, mode, fill=50)) for mode in MODES),
    *(Case(f"{mode} to 1x1", noise, (30, 20), 3, _to(1, 1, mode)) for mode in MODES),
    *(Case(f"{mode} to 1x9", vertical, (14, 30), 3, _to(1, 9, mode, fill=3)) for mode in MODES),
    *(Case(f"{mode} to 9x1", horizontal, (30, 14), 3, _to(9, 1, mode, fill=3)) for mode in MODES),
    # Reduce alone: blocks that fit, and blocks that the edge cuts; Pillow has code of its own for 2 to 5.
    *(Case(f"reduce {n} exactly", noise, (8 * n, 8 * n), 1, _to(8, 8, color="grayscale")) for n in (2, 3, 4, 5, 7)),
    *(Case(f"reduce {n} cut", noise, (9 * n - 1, 9 * n - 1), 1, _to(8, 8, color="grayscale")) for n in (2, 3, 4, 5)),
    Case("reduce x only", noise, (90, 9), 1, _to(8, 8, "stretch", "grayscale")),
    Case("reduce y only", noise, (9, 90), 1, _to(8, 8, "stretch", "grayscale")),
    Case("reduce x 6 and y 3", noise, (50, 26), 3, _to(8, 8, "stretch")),
    Case("just under reduce 2", noise, (31, 31), 3, _to(16, 16)),
    Case("saturated blocks", checkerboard, (48, 48), 3, _to(16, 16)),
    # Gradients and edges.
    Case("horizontal gradient, larger", horizontal, (10, 4), 3, _to(25, 10)),
    Case("vertical gradient, larger", vertical, (4, 10), 3, _to(10, 25)),
    Case("diagonal gradient, smaller", diagonal, (60, 45), 3, _to(24, 24)),
    Case("edge, larger", edge, (7, 7), 3, _to(20, 20)),
    Case("edge, smaller", edge, (30, 30), 3, _to(20, 20)),
    Case("checkerboard, larger", checkerboard, (5, 5), 3, _to(16, 16)),
    Case("checkerboard, smaller", checkerboard, (27, 27), 3, _to(16, 16)),
    Case("crop reads nothing outside, reduced", frame, (50, 30), 3, _to(10, 10)),
    Case("crop reads nothing outside, smaller", frame, (40, 21), 3, _to(16, 16)),
    Case("crop with an odd rest", noise, (34, 17), 3, _to(17, 17)),
    Case("large noise", noise, (64, 48), 3, _to(32, 32)),
)


def build() -> str:
    """The text of ``vectors.json``, one case a line."""
    lines = ",\n".join(json.dumps(_describe(case)) for case in CASES)
    return f'{{"format": {FORMAT}, "cases": [\n{lines}\n]}}\n'


def _describe(case: Case) -> dict[str, Any]:
    width, height = case.source
    pixels = case.formula(width, height, case.channels)
    target = case.target
    plan = plan_resize(width, height, target)
    expected = prepare(pixels, target)
    return {
        "name": case.name,
        "mode": target.resize,
        "fill": target.fill,
        "color": target.color,
        "source": {"width": width, "height": height, "channels": case.channels, "pixels": _encode(pixels)},
        "target": {"width": target.width, "height": target.height, "channels": target.channels},
        "plan": {"box": plan.box, "factors": plan.factors, "size": plan.size, "offset": plan.offset},
        "expected": _encode(expected),
    }


def _encode(pixels: Pixels) -> str:
    return base64.b64encode(pixels.tobytes()).decode("ascii")


def main() -> int:
    """Writes or checks the file; the exit status."""
    parser = argparse.ArgumentParser(description="Writes the golden vectors of the resize.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 where the file is not up to date")
    text = build()
    if not parser.parse_args().check:
        VECTORS.write_text(text, encoding="utf-8")
        print(f"Wrote {len(CASES)} cases, {len(text) / 1024:.0f} KB: {VECTORS}")
        return 0
    if not VECTORS.is_file() or VECTORS.read_text(encoding="utf-8") != text:
        print(f"{VECTORS} is not what its formulas give. Run: make golden", file=sys.stderr)
        return 1
    print(f"{VECTORS.name}: {len(CASES)} cases are up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
