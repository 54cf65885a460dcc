"""Taking a stream of items in: photos and labels, single or in batches."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from edgekit.data.columns import IMAGE_NAMES, LABEL_NAMES
from edgekit.data.label_values import read_labels
from edgekit.data.records import Content, Listing, Record, Row
from edgekit.data.sources.arrays import as_array
from edgekit.data.sources.base import Request
from edgekit.data.sources.files import file_record, is_path
from edgekit.data.spool import Spool
from edgekit.errors import DataError, EdgeKitError, first_line

MAX_ITEMS = 1_000_000
"""Of a stream without an end that is known: above this it is taken for endless."""

_FEWEST_REPEATS = 100

_FLAT = 8
"""Times as wide as high: what a photo is not, and a batch of photos as rows of numbers is."""


class Intake:
    """Takes one stream.

    Args:
        source: what it is called.
        request: what indices mean, how many steps, the cache.
        known: the class names that the stream brings itself.
    """

    def __init__(self, source: str, request: Request, known: tuple[str, ...] | None = None) -> None:
        self._name = source if request.part is None else f"{request.part} {source}"
        self._request = request
        self._known = known or request.known
        self._spool = Spool(self._name, request.options.cache)
        self._contents: list[int | str] = []
        self._labels: list[Any] = []
        self._warned = False

    def take(self, items: Iterator[Any], length: int | None) -> Listing:
        """Reads the stream to its end.

        Args:
            items: (photo, label) or (photos, labels).
            length: as many are taken; ``None`` where nobody knows.

        Raises:
            DataError: an item is not such a pair, has the wrong shape or values, or the stream fails, is
                empty, or does not end.
        """
        repeats = _Repeats() if length is None else None
        with self._request.progress.task(f"Reading {self._name}", total=length or 0) as task:
            number = 0
            while length is None or number < length:
                try:
                    item = next(items)
                except StopIteration:
                    break
                except EdgeKitError:
                    raise
                except Exception as error:
                    raise DataError(self._failure(number, error)) from error
                before = len(self._spool)
                place = f"{self._name}[{number}]"
                try:
                    self._add(item, place)
                except (TypeError, ValueError) as error:  # objects that NumPy makes nothing of
                    raise DataError(f"{place} is no photo with its label ({_reason(error)}).") from error
                number += 1
                if length is not None:
                    task.advance()
                if repeats is not None:
                    self._refuse_endless(repeats, before)
        return self._listing()

    def _add(self, item: Any, place: str) -> None:
        photo, label = self._split(item, place)
        if is_path(photo):
            self._contents.append(os.fspath(photo))
            self._labels.append(label)
            return
        photos = as_array(photo, place)
        if photos.dtype.kind in "SUO":
            raise DataError(
                f"{place} has {photos.dtype} where pixels should be. Decode the photos, or make a table of paths."
            )
        if _is_flat_batch(photos, label):
            raise DataError(
                f"{place} has the shape {photos.shape} and {len(label)} labels: photos that were made flat. Give them "
                "their shape back, as in x.reshape(-1, height, width, channels)."
            )
        if _is_batch(photos, label):
            labels = list(label) if isinstance(label, list | tuple) else list(np.atleast_1d(np.asarray(label)))
            if len(labels) != len(photos):
                raise DataError(f"{place} has {len(photos)} photos, but {len(labels)} labels. Give one for each photo.")
            if not labels:
                return
        else:
            photos, labels = photos[np.newaxis], [label]
        first = len(self._spool)
        self._spool.add(photos, place)
        self._contents += range(first, len(self._spool))
        self._labels += labels

    def _split(self, item: Any, place: str) -> tuple[Any, Any]:
        if isinstance(item, Mapping):
            found = [_entry(item, names, place) for names in ((*IMAGE_NAMES, "x"), (*LABEL_NAMES, "y"))]
            return found[0], found[1]
        if not isinstance(item, tuple | list) or len(item) not in (2, 3):
            got = f"{len(item)} parts" if isinstance(item, tuple | list) else type(item).__name__
            raise DataError(f"{place} must be a photo and its label, or a batch of both: (x, y). Got: {got}.")
        if len(item) == 3 and not self._warned:
            self._warned = True
            self._request.progress.warn(f"{self._name} has sample weights, which are not used. Use class_weights.")
        if isinstance(item[0], Mapping | tuple):
            raise DataError(f"{place} has several inputs. A photo is one array.")
        return item[0], item[1]

    def _refuse_endless(self, repeats: _Repeats, before: int) -> None:
        endless = repeats.add(self._spool.digests[before:])
        if endless or len(self._contents) > MAX_ITEMS:
            seen = f"after {repeats.distinct:,} photos all come again" if endless else f"it gave {MAX_ITEMS:,} photos"
            raise DataError(
                f"{self._name} seems never to end: {seen}. Say how many items or batches to take with steps, or "
                "pass a part: itertools.islice(data, 100)."
            )

    def _listing(self) -> Listing:
        if not self._contents:
            raise DataError(
                f"{self._name} gave no photos. A generator can be read once only; make a new one. Of others check "
                "the length and what leaves photos out."
            )
        labels = read_labels([_plain(label) for label in self._labels], self._known, f"the labels of {self._name}")
        pixels = self._spool.pixels() if len(self._spool) else None
        records = []
        for index, (content, own) in enumerate(zip(self._contents, labels.names, strict=True)):
            name = f"{self._name}[{index}]"
            if isinstance(content, str):
                records.append(file_record(content, self._request, own, name))
            else:
                assert pixels is not None
                place: Content = Row(pixels, content)
                records.append(Record(place, name, own, self._request.undecided))
        return Listing(self._name, labels.class_names, tuple(records), labels.multi_label)

    def _failure(self, number: int, error: Exception) -> str:
        return f"{self._name} failed after {number:,} items ({_reason(error)})."


def _reason(error: Exception) -> str:
    # TensorFlow begins with where in its graph that was.
    text = re.sub(r"\{\{[^{}]*\}\} ?", "", str(error)).strip()
    return f"{type(error).__name__}: {first_line(text)}" if text else type(error).__name__


class _Repeats:
    """Notices that a stream has begun again: nothing new for as many photos as there are."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._in_a_row = 0

    @property
    def distinct(self) -> int:
        return len(self._seen)

    def add(self, digests: list[bytes]) -> bool:
        for digest in digests:
            if digest in self._seen:
                self._in_a_row += 1
            else:
                self._seen.add(digest)
                self._in_a_row = 0
        return self._in_a_row >= max(len(self._seen), _FEWEST_REPEATS)


def _is_batch(photos: Any, label: Any) -> bool:
    """Four dimensions are a batch; three are one only of greyscale photos with a label for each."""
    if photos.ndim != 3:
        return bool(photos.ndim > 3)
    if isinstance(label, str | bytes) or np.ndim(label) == 0:
        return False
    return photos.shape[2] not in (1, 3, 4) and len(label) == photos.shape[0]


def _is_flat_batch(photos: Any, label: Any) -> bool:
    """A row of numbers for each label. No photo is so wide."""
    if photos.ndim != 2 or isinstance(label, str | bytes) or np.ndim(label) != 1:
        return False
    return bool(len(label) == photos.shape[0] and photos.shape[1] >= _FLAT * photos.shape[0])


def _entry(item: Mapping[Any, Any], names: tuple[str, ...], place: str) -> Any:
    found = [key for key in item if str(key).casefold() in names]
    if len(found) != 1:
        raise DataError(
            f"{place} must have one entry named {names[0]!r} or alike. Its entries: {', '.join(map(str, item))}. Pass "
            "pairs (photo, label)."
        )
    return item[found[0]]


def _plain(label: Any) -> Any:
    """Labels as lists and scalars: names in an array are a list of names."""
    if isinstance(label, list | tuple | set | frozenset | str | bytes | int):
        return label
    array = np.asarray(label)
    return array.tolist() if array.dtype.kind in "SUO" else array
