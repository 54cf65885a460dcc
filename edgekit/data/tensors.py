"""Samples that are no photos, for models with an input of their own."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.build import Checked, assemble, check_listing
from edgekit.data.classes import choose_classes
from edgekit.data.dataset import DataOptions, Dataset, Indices
from edgekit.data.label_values import read_labels
from edgekit.data.parallel import ordered_map
from edgekit.data.pixels import digest_pixels
from edgekit.data.ranges import ValueRange
from edgekit.data.records import Listing, PartName, Record, Row
from edgekit.data.sources import join, read_class_labels
from edgekit.data.sources.arrays import split_pair
from edgekit.errors import DataError, UsageError
from edgekit.progress import SILENT, Progress

_CHUNK = 64

_LARGEST = float(np.finfo(np.float32).max)


class Samples:
    """Rows of an array (n, ...), as a listing refers to them."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @property
    def uniform(self) -> None:
        """They are no photos."""

    def __len__(self) -> int:
        return len(self.array)

    def read(self, index: int) -> NDArray[Any]:
        """One sample."""
        return np.asarray(self.array[index])


class ArrayStore:
    """Samples in arrays (n, ...) of one sample shape, of any numeric type; float32 when they are taken.

    Args:
        arrays: not copied.
        which: (m,) the array of each sample.
        rows: (m,) its row there.
    """

    def __init__(self, arrays: tuple[NDArray[Any], ...], which: NDArray[np.intp], rows: NDArray[np.int64]) -> None:
        self._arrays = arrays
        self._which = which
        self._rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self._arrays[0].shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: Indices) -> NDArray[np.float32]:
        """The samples at ``indices``: a new array (n, *shape) of float32."""
        which, rows = self._which[indices], self._rows[indices]
        taken = np.empty((len(rows), *self.shape), np.float32)
        for number in np.unique(which).tolist():
            here = np.flatnonzero(which == number)
            taken[here] = self._arrays[number][rows[here]]
        return taken

    def subset(self, indices: Indices) -> ArrayStore:
        """The same samples, fewer of them; nothing is copied."""
        return ArrayStore(self._arrays, self._which[indices], self._rows[indices])


def open_tensors(source: Any, options: DataOptions | None = None, progress: Progress = SILENT) -> Dataset:
    """Opens samples that are no photos, for training.

    Args:
        source: a tuple (x, y): samples (n, ...) of any shape and numeric type, and labels as for
            :func:`~edgekit.data.open_dataset`. NumPy arrays are not copied.
        options: validation is a share, or such a tuple; so is test. The cache is not used.
        progress: hears how the first pass goes.

    Returns:
        A data set whose stores give float32 of the samples' shape.

    Raises:
        DataError: NaN or infinite values, lengths or shapes that do not fit together, labels that mean
            nothing, or too few samples of a class.
        UsageError: no such tuple, or an option that is out of range.
    """
    options = options or DataOptions()
    if not isinstance(options, DataOptions):
        raise UsageError(f"options is a DataOptions. Got: {type(options).__name__}.")
    undecided: PartName | None = None if options.validation_source is None else "train"
    listing = _list_pair(source, None, undecided, options.classes)
    others: tuple[tuple[PartName, Any], ...] = (("validation", options.validation_source), ("test", options.test))
    for part, other in others:
        if other is not None:
            listing = join(listing, _list_pair(other, part, part, listing.class_names), part)
    chosen = choose_classes(listing, options.classes)
    chosen = dataclasses.replace(chosen, class_labels=read_class_labels(listing, chosen.class_names, options))
    check_listing(chosen, options.share)
    rows = [_row(record) for record in chosen.records]
    digesting = ordered_map(lambda row: digest_pixels(np.asarray(row.read(), np.float32)), rows, chunk=_CHUNK)
    with progress.task("Reading samples", total=len(rows)) as task, contextlib.closing(digesting) as found:
        digests = []
        for digest in found:
            digests.append(digest)
            task.advance()
    checked = Checked(chosen.records, digests, _store(rows), noun="sample")
    return assemble(chosen, checked, options.share, options.seed)


def _list_pair(
    source: Any, part: PartName | None, undecided: PartName | None, known: tuple[str, ...] | None
) -> Listing:
    own = "" if part is None else f"the {part} "
    if not isinstance(source, tuple | np.ndarray):
        raise UsageError(
            "A model whose input is no photo is trained on a tuple (x, y) of samples and labels. "
            f"Got: {type(source).__name__}."
        )
    x, y = split_pair(source)
    array = _as_array(x, f"{own}x")
    labels = read_labels(y, known, f"{own}y")
    if len(labels.names) != len(array):
        raise DataError(
            f"{own}x has {len(array):,} samples, but {own}y has {len(labels.names):,} labels. Give one for each sample."
        )
    samples = Samples(array)
    name = f"{part} arrays" if part else "arrays"
    records = tuple(
        Record(Row(samples, index), f"{name}[{index}]", names, undecided) for index, names in enumerate(labels.names)
    )
    return Listing(name, labels.class_names, records, labels.multi_label)


def _as_array(x: Any, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(x)
    except ValueError:
        raise DataError(f"The samples of {name} have different lengths. Make them one array (n, ...).") from None
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} must be an array of numbers (n, ...). Got: {array.dtype}.")
    if array.ndim < 2 or 0 in array.shape:
        raise DataError(f"{name} must have the shape (n, ...) with at least one number a sample. Got: {array.shape}.")
    values = ValueRange(name)
    values.add_all(array)
    if max(abs(values.low), abs(values.high)) > _LARGEST:
        raise DataError(f"{name} has values above {_LARGEST:.1e}, which float32 does not hold. Scale them.")
    return array


def _row(record: Record) -> Row:
    assert isinstance(record.content, Row)
    return record.content


def _store(rows: Sequence[Row]) -> ArrayStore:
    arrays = {id(row.pixels): row.pixels for row in rows}
    number = {key: place for place, key in enumerate(arrays)}
    samples = tuple(pixels.array for pixels in arrays.values() if isinstance(pixels, Samples))
    shapes = {array.shape[1:] for array in samples}
    if len(shapes) > 1:
        raise DataError(f"Samples must have one shape. Got: {' and '.join(map(str, shapes))}.")
    which = np.array([number[id(row.pixels)] for row in rows], np.intp)
    return ArrayStore(samples, which, np.array([row.index for row in rows], np.int64))
