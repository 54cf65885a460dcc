"""Which photos show what augmentation did to a training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Part
from edgekit.training.augmentation import Augmentation, resolve_augmentation
from edgekit.training.augmentation.preview import CHANGED
from edgekit.training.config import AUTO_AUGMENTATION
from edgekit.training.plan import HEAD
from edgekit.training.result import TrainingResult


def used_augmentation(result: TrainingResult) -> Augmentation:
    """What photos went through: ``auto`` changes none while only a head is trained, and little otherwise."""
    wanted = result.config.augmentation
    if wanted != AUTO_AUGMENTATION:
        return resolve_augmentation(wanted)
    return resolve_augmentation("none" if result.stages == (HEAD,) else "light")


def choose_photos(part: Part, settings: Augmentation, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """A photo to change, and others to mix into it where photos are mixed.

    Returns:
        (height, width, channels) and (n, height, width, channels), n at least 1, or ``None``.

    Raises:
        ImageError: a photo that is decoded on demand has vanished.
    """
    order = np.random.default_rng((seed, len(part))).permutation(len(part))[: 1 + CHANGED]
    if not settings.mixes or len(order) == 1:
        return part.images.take(order[:1])[0], None
    photos = part.images.take(order)
    return photos[0], photos[1:]
