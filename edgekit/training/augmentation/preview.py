"""One photo, and what augmentation makes of it. Keras is imported inside, for it takes seconds."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras
from edgekit.training.augmentation.describe import describe
from edgekit.training.augmentation.parsing import to_text
from edgekit.training.augmentation.settings import Augmentation
from edgekit.training.plot_style import figure, shorten

CHANGED = 9
"""Changed photos in a preview."""

_TRIES = 50
_COLUMNS = 5
_INCHES = 1.75


def draw_preview(
    photo: NDArray[np.uint8],
    settings: Augmentation,
    path: Path,
    seed: int = 0,
    others: NDArray[np.uint8] | None = None,
) -> None:
    """Draws a photo and nine changed ones of it as PNG, as training would see them.

    Args:
        photo: (height, width, channels).
        settings: what is changed; they are told in words, too.
        path: of the picture.
        seed: of the random changes.
        others: (n, height, width, channels), n at least 1: photos to be mixed in where MixUp or CutMix is on.
            Without them nothing is mixed, and the picture says so.

    Raises:
        UsageError: the photo is no array of such numbers, or the others have another shape.
        MissingExtraError: Keras or Matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    draw_augmented(augment_samples(photo, settings, seed, others=others), settings, path, mixed=others is not None)


def draw_augmented(photos: NDArray[np.uint8], settings: Augmentation, path: Path, *, mixed: bool) -> None:
    """Draws a photo and changed ones of it as PNG.

    Args:
        photos: (n, height, width, channels), see :func:`augment_samples`.
        settings: what was changed; they are told in words, too.
        path: of the picture.
        mixed: whether there were other photos to be mixed in. If not, the picture says so.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        OutputError: the file cannot be written.
    """
    height, width = photos.shape[1:3]
    rows = -(-len(photos) // _COLUMNS)
    title = f"Augmentation: {shorten(to_text(settings), 80)}"
    words = describe(settings) + (" (not shown: no other photos)" if settings.mixes and not mixed else "")
    lines = textwrap.wrap(words, 125)
    with figure(path, _COLUMNS * _INCHES, rows * (_INCHES * height / width + 0.1) + 0.4 + 0.16 * len(lines)) as canvas:
        canvas.suptitle(title, fontsize=11, fontweight="bold", x=0.01, ha="left")
        for axes, pixels in zip(canvas.subplots(rows, _COLUMNS).flat, photos, strict=True):
            axes.imshow(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, cmap="gray", vmin=0, vmax=255)
            axes.set_axis_off()
        canvas.axes[0].set_title("the photo", fontsize=9, fontweight="normal", pad=3)
        canvas.supxlabel("\n".join(lines), fontsize=9, x=0.01, ha="left")


def augment_samples(
    photo: NDArray[np.uint8],
    settings: Augmentation,
    seed: int = 0,
    count: int = CHANGED,
    others: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """A photo and ``count`` changed ones of it.

    Args:
        photo: (height, width, channels).
        settings: what is changed.
        seed: of the random changes.
        count: at least 1.
        others: photos of the same shape to be mixed in where MixUp or CutMix is on; without them nothing is mixed.
            Of the mixtures those are shown that are for the most part the photo.

    Returns:
        (1 + count, height, width, channels): the photo as it is, then changed ones.

    Raises:
        UsageError: the photo is no array of such numbers, or the others have another shape.
        MissingExtraError: Keras is not installed.
    """
    photo = np.asarray(photo)
    if photo.ndim != 3 or photo.dtype != np.uint8 or 0 in photo.shape:
        raise UsageError(
            f"A photo is an array (height, width, channels) of uint8. Got: {photo.dtype} of shape {photo.shape}."
        )
    if others is not None and np.shape(others)[1:] != photo.shape:
        raise UsageError(
            f"The others are photos of the same shape, (n, {', '.join(map(str, photo.shape))}). "
            f"Got: {np.shape(others)}."
        )
    import_keras()
    from edgekit.training.augmentation.layers import build_augmenter, build_mixer

    mixer = build_mixer(settings, seed + 1) if others is not None and len(others) else None
    photos = np.repeat(photo[None], count, axis=0)
    if mixer is not None:
        assert others is not None
        photos = np.concatenate([photos, np.asarray(others)[np.arange(count) % len(others)]])
    augmenter = build_augmenter(settings, photo.shape, seed)
    changed = photos.astype(np.float32)
    if augmenter is not None:
        changed = np.asarray(augmenter(changed, training=True))
    if mixer is not None:
        changed = np.stack([_mix(mixer, changed[index], changed[count + index]) for index in range(count)])
    return np.concatenate([photo[None], np.clip(np.rint(changed), 0, 255).astype(np.uint8)])


def _mix(mixer: Any, photo: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The photo mixed with another; a pair at a time, for a whole batch gets either MixUp or CutMix.

    Drawn again while the other has more than half: the picture is of the photo.
    """
    for _ in range(_TRIES):
        pixels, shares = mixer(np.stack([other, photo]), np.eye(2, dtype=np.float32), training=True)
        if shares[1][1] >= 0.5:
            return np.asarray(pixels[1], np.float32)
    return photo
