"""Labels as people have them in Python: indices, names, one-hot and multi-hot rows, lists of names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.records import class_name, shown
from edgekit.errors import DataError

_LARGEST = 2**53
"""Up to here floating-point numbers are whole without gaps."""

_LISTS = (list, tuple, set, frozenset)


@dataclass(frozen=True)
class LabelNames:
    """The labels of some photos.

    Attributes:
        names: of each photo; one name, or any number.
        class_names: in order.
        multi_label: whether a photo can have several, or none.
    """

    names: tuple[tuple[str, ...], ...]
    class_names: tuple[str, ...]
    multi_label: bool


def read_labels(values: Any, known: Sequence[str] | None, name: str = "y") -> LabelNames:
    """Makes names of labels in any usual form.

    Args:
        values: (n,) indices or names; (n, classes) of 0 and 1; or n lists of names.
        known: what indices mean, in order: 0 is the first. Where these are whole numbers themselves, or
            ``None``, an index is its own name.
        name: what the labels are called in an error.

    Raises:
        DataError: no such labels.
    """
    if isinstance(values, _LISTS) and any(_is_names(value) for value in values):
        return _from_collections(list(values), name)
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise DataError(
            f"{name} has rows of different lengths. Several labels of a photo are a list of names, or a row of 0 and 1 "
            "for all classes."
        ) from error
    if array.ndim == 0:
        raise DataError(f"{name} must have one entry for each photo. Got: {values!r}.")
    if array.dtype == object or array.dtype.kind in "SUT":
        return _from_names(array, known, name)
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} must be indices, names, or rows of 0 and 1. Got: {array.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = int(np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))[0])
        raise DataError(
            f"{name}[{first}] is not a finite number ({array[first]}). Give the photo a label, or leave it out."
        )
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 1:
        return _from_indices(array, known, name)
    if array.ndim == 2:
        return _from_rows(array, known, name)
    raise DataError(
        f"{name} must have the shape (n,) with indices or names, or (n, classes) with 0 and 1. Got: {array.shape}."
    )


def sort_names(names: Iterable[str]) -> tuple[str, ...]:
    """Class names in order: whole numbers by value, else by letter."""
    found = set(names)
    return tuple(sorted(found, key=int) if are_numbers(found) else sorted(found))


def are_numbers(names: Collection[str]) -> bool:
    """Whether all names are whole numbers, as labels without names are."""
    return bool(names) and all(name.isascii() and name.isdigit() for name in names)


def _is_names(value: object) -> bool:
    return isinstance(value, _LISTS) and (not value or any(isinstance(item, str | bytes) for item in value))


def _from_collections(values: list[Any], name: str) -> LabelNames:
    names = []
    for index, value in enumerate(values):
        if not isinstance(value, _LISTS):
            raise DataError(f"{name}[{index}] is not a list of names, as others are. Got: {value!r}.")
        names.append(tuple(dict.fromkeys(_text(item, f"{name}[{index}]") for item in value)))
    return LabelNames(tuple(names), sort_names(label for own in names for label in own), _several(names))


def _from_names(array: NDArray[Any], known: Sequence[str] | None, name: str) -> LabelNames:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        return _from_collections([list(row) for row in array], name)
    values = array.tolist()
    if any(isinstance(value, _LISTS) for value in values):
        return _from_collections(values, name)
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return _from_indices(np.array(values, np.int64), known, name)
    names = [(_text(value, f"{name}[{index}]"),) for index, value in enumerate(values)]
    return LabelNames(tuple(names), sort_names(label for (label,) in names), multi_label=False)


def _from_indices(array: NDArray[Any], known: Sequence[str] | None, name: str) -> LabelNames:
    fractions = (array != np.floor(array)) | (abs(array) > _LARGEST) if array.dtype.kind == "f" else np.zeros(1, bool)
    if fractions.any():
        first = int(np.flatnonzero(fractions)[0])
        raise DataError(
            f"{name}[{first}] is {array[first]:g}, which is no class. Labels are the indices of classes (0, 1, 2, "
            "...), names, or rows of 0 and 1."
        )
    whole = array.astype(np.int64)
    if len(whole) and whole.min() < 0:
        first = int(np.flatnonzero(whole < 0)[0])
        raise DataError(f"{name}[{first}] is {whole[first]}. The first class has the index 0.")
    if known is None or are_numbers(known):
        names = [(str(value),) for value in whole.tolist()]
        return LabelNames(tuple(names), sort_names(label for (label,) in names), multi_label=False)
    if len(whole) and whole.max() >= len(known):
        off_by_one = " They seem to begin with 1: subtract 1." if whole.min() == 1 and whole.max() == len(known) else ""
        raise DataError(
            f"{name} has the index {whole.max()}, but there are {len(known)} classes, with the indices 0 to "
            f"{len(known) - 1}: {shown(known)}.{off_by_one}"
        )
    table = [(label,) for label in known]
    return LabelNames(tuple(table[value] for value in whole.tolist()), tuple(known), multi_label=False)


def _from_rows(array: NDArray[Any], known: Sequence[str] | None, name: str) -> LabelNames:
    ones = array == 1
    if not (ones | (array == 0)).all():
        first = int(np.flatnonzero(~(ones | (array == 0)).all(axis=1))[0])
        raise DataError(
            f"{name}[{first}] has values other than 0 and 1: {shown(array[first].tolist(), 5)}. A row has 1 for each "
            "class of its photo and 0 for the others; of probabilities take the class, as in y.argmax(axis=1)."
        )
    columns = array.shape[1]
    if known is None or are_numbers(known):
        known = [str(column) for column in range(columns)]
    if len(known) != columns:
        raise DataError(f"{name} has {columns} columns for {len(known)} classes ({shown(known)}). Give one for each.")
    counts = ones.sum(axis=1)
    names = [tuple(known[column] for column in np.flatnonzero(row).tolist()) for row in ones]
    return LabelNames(tuple(names), tuple(known), bool((counts != 1).any()))


def _several(names: Sequence[tuple[str, ...]]) -> bool:
    return any(len(own) != 1 for own in names)


def _text(value: object, place: str) -> str:
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise DataError(f"{place} is not UTF-8. Got: {value!r}.") from None
    if isinstance(value, np.integer):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise DataError(f"{place} is not the name of a class. Got: {value!r}.")
    name = class_name(value.strip())
    if not name:
        raise DataError(f"{place} is empty. Give the photo a label, or leave it out.")
    return name
