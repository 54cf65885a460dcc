"""Photos that are read on demand can be gone before the training is over."""

from __future__ import annotations

import dataclasses

import numpy as np

from edgekit.data.dataset import Dataset, Part
from edgekit.errors import ImageError


def leave_out_vanished(dataset: Dataset, failure: BaseException | None) -> Dataset:
    """The data set without the photos that cannot be read any more, after one of them broke the training off.

    Args:
        dataset: its train and validation parts are looked through; the same object is returned where all is there.
        failure: what broke the training off; only an :class:`~edgekit.errors.ImageError` has a look taken.

    Raises:
        ImageError: a part has no readable photo left.
    """
    if not isinstance(failure, ImageError):
        return dataset
    train, validation = (_readable(part, failure) for part in (dataset.train, dataset.validation))
    if train is dataset.train and validation is dataset.validation:
        return dataset
    return dataclasses.replace(dataset, train=train, validation=validation)


def _readable(part: Part, failure: ImageError) -> Part:
    kept = np.array([index for index in range(len(part)) if _can_be_read(part, index)], np.int64)
    if len(kept) == len(part):
        return part
    if not len(kept):
        raise failure
    return Part(
        part.name,
        part.images.subset(kept),
        part.labels[kept],
        tuple(part.files[index] for index in kept),
        tuple(part.digests[index] for index in kept) if part.digests else (),
    )


def _can_be_read(part: Part, index: int) -> bool:
    try:
        part.images.take(np.array([index]))
    except ImageError:
        return False
    return True
