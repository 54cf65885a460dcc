"""Calibration: the photos, or other samples, from which a quantizer learns the range of every activation."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.dataset import Part
from edgekit.errors import DataError
from edgekit.spec import ImageFormat, ModelSpec

LIMIT = 200
"""Enough for stable ranges: MobileNetV2's int8 accuracy on the flowers no longer moves above some
100 photos, and Google's guide to post-training quantization asks for "a few hundred"."""


@dataclass(frozen=True)
class Calibration:
    """A stratified sample of training photos (or of other samples), prepared for the model.

    Attributes:
        images: (n, height, width, channels) uint8, values 0..255; of a model that takes no photos
            its samples, (n, ...) of any number type.
        labels: (n,) int64, the index of each photo's class; of a multi-label model (n, labels) of
            0 and 1.
        source: where they come from, for a person.
    """

    images: NDArray[Any]
    labels: NDArray[np.integer]
    source: str

    def __len__(self) -> int:
        return len(self.images)

    def with_extremes(self) -> NDArray[Any]:
        """The images and one synthetic sample that reaches 0 and 255; what is no photo is left as it is.

        Only then is the input's scale exactly 1.0 and its zero point 0, which lets a photo's bytes
        be the input tensor. The sample is the first photo with one black and one white pixel, so
        that no other range is moved.
        """
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            return self.images
        synthetic = self.images[:1].copy()
        synthetic[0, 0, 0] = 0
        synthetic[0, -1, -1] = 255
        return np.concatenate([self.images, synthetic])

    def save(self, path: Path, *, compressed: bool = True) -> None:
        """Writes an ``.npz``, into a folder that is written whole. Compressing takes a second for 200 photos."""
        save = np.savez_compressed if compressed else np.savez
        with path.open("wb") as handle:
            save(handle, images=self.images, labels=self.labels, source=np.array(self.source))

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
        if found.images.ndim < 1 or found.images.dtype.kind not in "iuf" or len(found.images) != len(found.labels):
            raise DataError(f"{path} is not a calibration sample of images. Train again.")
        return found

    def check_fits(self, image: ImageFormat) -> None:
        """Raises :class:`DataError` where the images have not the model's size."""
        if self.images.shape[1:] != image.shape or self.images.dtype != np.uint8:
            raise DataError(
                f"The calibration photos of {self.source} have the shape {self.images.shape[1:]}, "
                f"but the model takes {image.shape}. Pass photos with --calibration FOLDER."
            )

    def check_samples(self, spec: ModelSpec) -> None:
        """Raises :class:`DataError` where the samples are no numbers, or not those of a model that takes no photos."""
        shape = spec.inputs[0].shape[1:]
        given = self.images.shape[1:]
        if len(given) != len(shape) or any(size not in (None, there) for size, there in zip(shape, given, strict=True)):
            raise DataError(f"The calibration samples have the shape {given}, but {spec.name} takes {shape}.")
        check_finite(self.images, self.source)


def check_finite(samples: NDArray[Any], source: str, places: NDArray[np.integer] | None = None) -> None:
    """Refuses samples with values that are infinite or no numbers as float32: one of them makes every range useless.

    Args:
        samples: (n, ...) of any number type.
        source: where they come from.
        places: (n,) their indices there; by default 0, 1, 2, ...

    Raises:
        DataError: there are some; the message names the first.
    """
    with np.errstate(over="ignore"):  # beyond float32, which is what the graph computes in
        finite = np.isfinite(samples.astype(np.float32, copy=False)).all(axis=tuple(range(1, samples.ndim)))
    if finite.all():
        return
    first, *more = np.flatnonzero(~finite)
    number = first if places is None else places[first]
    others = f"; {len(more)} more of them cannot, either" if more else ""
    raise DataError(
        f"Sample {number} of {source} (counted from 0) cannot calibrate: it has values that are infinite or no numbers "
        f"(NaN){others}. Leave such samples out, or mend what makes them."
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


def stratified_choice(labels: NDArray[np.integer], limit: int, seed: int) -> NDArray[np.int64]:
    """Sorted indices of at most ``limit`` items: one of each class in turn, in a seeded order.

    Args:
        labels: (n,) indices of classes; or (n, classes) of 0 and 1, where an item counts for the
            rarest of its labels, so that the rare ones are there, too.
        limit: the most items.
        seed: of the order.
    """
    if labels.ndim == 2:
        labels = _rarest(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    rank_in_class = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank_in_class[members] = np.arange(len(members))
    by_rank = order[np.argsort(rank_in_class[order], kind="stable")]
    return np.sort(by_rank[:limit])


def _rarest(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """(n,): the rarest label of each item; -1 for one without any."""
    present = labels.astype(bool)
    frequency = np.where(present, present.sum(axis=0), len(labels) + 1)
    return np.where(present.any(axis=1), frequency.argmin(axis=1), -1).astype(np.int64)
