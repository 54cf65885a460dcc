"""Pictures of photos, as the model sees them: samples of every class, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Part
from edgekit.measure.mistakes import Mistake
from edgekit.training.plot_style import FAINT, ORANGE, figure, shorten

_TILE = 128
"""Pixels of a photo in the sample grid."""

_MAX_CLASSES = 40
_SHEET_COLUMNS = 6


def choose_samples(part: Part, label: int, count: int, seed: int = 0) -> NDArray[np.intp]:
    """Some photos of a class, at random, in the order of the part; fewer where there are fewer."""
    members = np.flatnonzero(part.labels[:, label] if part.labels.ndim == 2 else part.labels == label)
    random = np.random.default_rng((seed, label))
    return np.sort(random.permutation(members)[:count])


def describe_mistake(mistake: Mistake, class_names: Sequence[str], multi_label: bool) -> tuple[str, str]:
    """What is true and what was said, each a few words."""
    answer = f"{class_names[mistake.answer]} {100 * mistake.probability:.0f} %"
    if multi_label:
        return ("it is there" if mistake.missed else "it is not there"), answer
    return ", ".join(class_names[label] for label in mistake.truth), answer


def draw_samples(part: Part, class_names: Sequence[str], path: Path, seed: int = 0) -> None:
    """A few photos of every class (of the first 40 where there are more).

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Matplotlib is not installed.
        ImageError: a photo that is decoded on demand has vanished.
    """
    count = min(len(class_names), _MAX_CLASSES)
    per_class, columns = (6, 1) if count <= 8 else (5, 2) if count <= 20 else (4, 3)
    rows = -(-count // columns)
    tile = _tile_size(part.images.shape)
    with figure(path, columns * (per_class * 0.85 + 0.25), rows * (0.85 * tile[0] / tile[1] + 0.3) + 0.35) as canvas:
        note = "" if count == len(class_names) else f", {count} of {len(class_names)} classes"
        canvas.suptitle(
            f"Training photos as the model sees them{note}", fontsize=11, fontweight="bold", x=0.01, ha="left"
        )
        grid = canvas.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for label in range(count):
            axes = grid[label % rows, label // rows]
            photos = part.images.take(choose_samples(part, label, per_class, seed))
            axes.imshow(_strip(photos, per_class, tile), cmap="gray", vmin=0, vmax=255)
            axes.set_title(shorten(class_names[label], 60), fontsize=9, fontweight="normal", pad=3)


def draw_mistakes(part: Part, mistakes: Sequence[Mistake], class_names: Sequence[str], path: Path) -> None:
    """A contact sheet: each photo with its truth, the answer with its probability, and its name.

    Args:
        part: the photos were taken from.
        mistakes: any number; where there are none, the sheet says so.
        class_names: in the order of the labels.
        path: of the PNG.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Matplotlib is not installed.
        ImageError: a photo that is decoded on demand has vanished.
    """
    columns = min(max(len(mistakes), 3), _SHEET_COLUMNS)
    rows = max(-(-len(mistakes) // columns), 1)
    height, width, channels = part.images.shape[:3]
    multi_label = part.labels.ndim == 2
    with figure(path, 1.75 * columns, rows * (1.68 * height / width + 0.5) + 0.3) as canvas:
        title = "The validation photos that were most wrong" if mistakes else "Every validation photo was right"
        canvas.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        grid = canvas.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        photos = part.images.take(np.array([mistake.photo for mistake in mistakes], np.intp))
        for axes, mistake, photo in zip(grid.flat, mistakes, photos, strict=False):
            truth, answer = describe_mistake(mistake, class_names, multi_label)
            axes.imshow(photo if channels == 3 else photo[:, :, 0], cmap="gray", vmin=0, vmax=255)
            name = shorten(part.files[mistake.photo].replace("\\", "/").rpartition("/")[2], 26)
            for line, text, look in (
                (0, shorten(answer, 26), {"color": ORANGE, "fontsize": 8.5, "fontweight": "bold"}),
                (1, shorten(truth if multi_label else f"true: {truth}", 28), {"fontsize": 8}),
                (2, name, {"color": FAINT, "fontsize": 6.5}),
            ):
                axes.annotate(
                    text,
                    (0, 0),
                    xycoords="axes fraction",
                    xytext=(0, -3 - 11 * line),
                    textcoords="offset points",
                    va="top",
                    annotation_clip=False,
                    **look,
                )


def _tile_size(shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = shape[:2]
    scale = _TILE / max(height, width)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def _strip(photos: NDArray[np.uint8], places: int, tile: tuple[int, int]) -> NDArray[np.uint8]:
    """Photos side by side, on white."""
    from PIL import Image

    height, width = tile
    channels = photos.shape[3]
    gap = 4
    strip = np.full((height, places * (width + gap) - gap, channels), 255, np.uint8)
    for place, photo in enumerate(photos):
        picture = Image.fromarray(photo if channels == 3 else photo[:, :, 0])
        small = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS)).reshape(height, width, channels)
        strip[:, place * (width + gap) : place * (width + gap) + width] = small
    return strip if channels == 3 else strip[:, :, 0]
