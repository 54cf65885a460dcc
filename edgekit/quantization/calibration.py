"""Calibration: the photos from which a quantizer learns the range of every activation."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.data.dataset import Part
from edgekit.errors import DataError
from edgekit.spec import ImageFormat

LIMIT = 200
"""Enough for stable ranges: MobileNetV2's int8 accuracy on the flowers no longer moves above some
100 photos, and Google's guide to post-training quantization asks for "a few hundred"."""


@dataclass(frozen=True)
class Calibration:
    """A stratified sample of training photos, prepared for the model.

    Attributes:
        images: (n, height, width, channels) uint8, values 0..255.
        labels: (n,) int64, the index of each photo's class.
        source: where they come from, for a person.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    source: str

    def __len__(self) -> int:
        return len(self.images)

    def with_extremes(self) -> NDArray[np.uint8]:
        """The images and one synthetic sample that reaches 0 and 255.

        Only then is the input's scale exactly 1.0 and its zero point 0, which lets a photo's bytes
        be the input tensor. The sample is the first photo with one black and one white pixel, so
        that no other range is moved.
        """
        synthetic = self.images[:1].copy()
        synthetic[0, 0, 0] = 0
        synthetic[0, -1, -1] = 255
        return np.concatenate([self.images, synthetic])

    def save(self, path: Path) -> None:
        """Writes a compressed ``.npz``, into a folder that is written whole."""
        with path.open("wb") as handle:
            np.savez_compressed(handle, images=self.images, labels=self.labels, source=np.array(self.source))

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Reads what :meth:`save` wrote; nothing in the file is executed.

        Raises:
            DataError: missing or not such a file.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found = cls(arrays["images"], arrays["labels"], str(arrays["source"]))
        except FileNotFoundError:
            raise DataError(f"There is no calibration sample at {path}.") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is not a readable calibration sample ({error}). Train again.") from error
        if found.images.ndim != 4 or found.images.dtype != np.uint8 or len(found.images) != len(found.labels):
            raise DataError(f"{path} is not a calibration sample of images. Train again.")
        return found

    def check_fits(self, image: ImageFormat) -> None:
        """Raises :class:`DataError` where the images have not the model's size."""
        if self.images.shape[1:] != image.shape:
            raise DataError(
                f"The calibration photos of {self.source} have the shape {self.images.shape[1:]}, "
                f"but the model takes {image.shape}. Pass photos with --calibration FOLDER."
            )


def sample(part: Part, limit: int = LIMIT, seed: int = 0) -> Calibration:
    """Takes up to ``limit`` photos of a part, the same number of each class as far as there are.

    Args:
        part: never the validation part of a training.
        limit: the most photos to take, at least 1.
        seed: of the choice.
    """
    chosen = stratified_choice(part.labels, limit, seed)
    return Calibration(part.images.take(chosen), part.labels[chosen], part.name)


def stratified_choice(labels: NDArray[np.int64], limit: int, seed: int) -> NDArray[np.int64]:
    """Sorted indices of at most ``limit`` items: one of each class in turn, in a seeded order."""
    order = np.random.default_rng(seed).permutation(len(labels))
    rank_in_class = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank_in_class[members] = np.arange(len(members))
    by_rank = order[np.argsort(rank_in_class[order], kind="stable")]
    return np.sort(by_rank[:limit])
