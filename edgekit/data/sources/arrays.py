"""Arrays: a tuple (x, y) of photos and labels, as NumPy arrays or Python lists."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edgekit.data.label_values import read_labels
from edgekit.data.pixels import ArrayPixels, photo_with_channels, with_channels
from edgekit.data.ranges import ValueRange
from edgekit.data.records import Listing, PixelRows, Record, Row
from edgekit.data.sources.base import Request
from edgekit.data.sources.files import file_record, is_path
from edgekit.errors import DataError, ImageError, UsageError
from edgekit.preprocess import open_image, to_color


class ArraysSource:
    """A tuple (x, y): photos, and their labels.

    ``x`` is (n, h, w) or (n, h, w, c), or a list of arrays, Pillow images or paths; ``y`` has indices,
    names, rows of 0 and 1, or lists of names.
    """

    def matches(self, source: Any) -> bool:
        """A tuple; or an array, for which the labels are missing."""
        return isinstance(source, tuple | np.ndarray)

    def describe(self, source: Any) -> str:
        """What they are."""
        return "arrays"

    def name(self, source: Any) -> str | None:
        """Arrays have none."""
        return None

    def list(self, source: Any, request: Request) -> Listing:
        """Lists the photos; nothing is copied."""
        x, y = split_pair(source)
        own = "x" if request.part is None else f"the {request.part} x"
        labels_name = "y" if request.part is None else f"the {request.part} y"
        photos = _as_photos(x, own)
        number = len(photos)
        labels = read_labels(y, request.known, labels_name)
        if len(labels.names) != number:
            raise DataError(
                f"{own} has {number:,} photos, but {labels_name} has {len(labels.names):,} labels. Give one for "
                "each photo."
            )
        if not number:
            raise DataError(f"{own} is empty. Give at least two photos of each class.")
        prefix = "arrays" if request.part is None else f"{request.part} arrays"
        records: list[Record] = []
        for index, own_labels in enumerate(labels.names):
            if isinstance(photos, list):
                records.append(file_record(photos[index], request, own_labels, f"{prefix}[{index}]"))
            else:
                records.append(Record(Row(photos, index), f"{prefix}[{index}]", own_labels, request.undecided))
        return Listing(prefix, labels.class_names, tuple(records), labels.multi_label)


def split_pair(source: Any) -> tuple[Any, Any]:
    """The photos and the labels of a tuple.

    Raises:
        UsageError: something else.
    """
    if isinstance(source, np.ndarray):
        raise UsageError("An array alone has no labels. Pass a tuple: (x, y).")
    if len(source) != 2:
        raise UsageError(
            f"Arrays are a tuple of two: (x, y), the photos and their labels. Got a tuple of {len(source)}."
        )
    x, y = source
    for name, value in (("x", x), ("y", y)):
        if not hasattr(value, "__array__") and not isinstance(value, list | tuple):
            raise UsageError(f"{name} must be an array or a list. Got: {type(value).__name__}.")
    return x, y


def _as_photos(x: Any, name: str) -> PixelRows | list[str]:
    """Rows of pixels; or where ``x`` is a list of them, paths."""
    if isinstance(x, list | tuple) and x and not isinstance(x[0], list | tuple):
        if all(is_path(item) for item in x):
            return [os.fspath(item) for item in x]
        if all(isinstance(item, Image.Image) or (hasattr(item, "__array__") and np.ndim(item)) for item in x):
            return _from_items(x, name)
    try:
        array = np.asarray(x)
    except ValueError:
        for index, item in enumerate(x):
            if not isinstance(item, list | tuple) and not np.ndim(item):
                raise DataError(
                    f"{name}[{index}] is no photo. Got: {type(item).__name__}. Leave it out, with its label."
                ) from None
        raise DataError(
            f"{name} is a list of lists of different lengths. Make an array of each photo, as in np.array(photo)."
        ) from None
    if array.dtype == object and array.ndim == 1 and len(array):
        return _as_photos(array.tolist(), name)
    if array.dtype.kind in "US" and array.ndim == 1:
        return [str(path) for path in array.astype(str).tolist()]
    return _from_array(array, name)


def _from_array(array: NDArray[Any], name: str) -> ArrayPixels:
    photos = with_channels(array, name)
    values = ValueRange(name)
    values.add_all(photos)
    return ArrayPixels(photos, values.scale() if len(photos) else "bytes")


def _from_items(items: Sequence[Any], name: str) -> ArrayPixels:
    values = ValueRange(name)
    photos = []
    for index, item in enumerate(items):
        photo = photo_with_channels(as_array(item, f"{name}[{index}]"), f"{name}[{index}]")
        values.add(photo, f"{name}[{index}]")
        photos.append(photo)
    return ArrayPixels(photos, values.scale())


def as_array(photo: Any, name: str) -> NDArray[Any]:
    """One photo as an array; a Pillow image upright, in RGB or greyscale.

    Raises:
        DataError: it cannot be made one.
    """
    try:
        if isinstance(photo, Image.Image):
            opened = open_image(photo, name)
            return np.asarray(to_color(opened, "grayscale" if opened.mode == "L" else "rgb"))
        return np.asarray(photo)
    except ImageError as error:
        raise ImageError(name, error.reason) from error
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} cannot be made an array ({error}).") from error
