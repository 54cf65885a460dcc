"""Photos that come one after the other: ``tf.data``, ``keras.utils.PyDataset``, data sets with a length, generators.

Each item is a photo and its label, or a batch of both. They are taken once, in their order, and spooled
to a file, so that training can shuffle and repeat them without ever holding them in memory.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from edgekit.data.records import Listing
from edgekit.data.sources.base import Request
from edgekit.data.sources.intake import Intake
from edgekit.errors import DataError, UsageError

_INFINITE = -1
_UNKNOWN = -2
"""What ``tf.data`` says of its cardinality."""


class TensorFlowSource:
    """A ``tf.data.Dataset``, batched or not. TensorFlow is not imported: whoever has one has done that."""

    def matches(self, source: Any) -> bool:
        """An instance of the class that TensorFlow has loaded."""
        return _is_instance(source, "tensorflow", "data", "Dataset")

    def describe(self, source: Any) -> str:
        """Its type."""
        return "tf.data.Dataset"

    def name(self, source: Any) -> str | None:
        """It has none."""
        return None

    def list(self, source: Any, request: Request) -> Listing:
        """Takes everything, or as many items as ``steps`` says."""
        length = int(source.cardinality())
        steps = request.options.steps
        if length == _INFINITE and steps is None:
            raise DataError(_endless("The tf.data.Dataset", "It was repeated without a count. ", "data.take(100)"))
        if steps is not None:
            source = source.take(steps)
            length = steps if length in (_INFINITE, _UNKNOWN) else min(length, steps)
        known = getattr(source, "class_names", None)
        return Intake(self.describe(source), request, _names(known)).take(
            _numpy_items(source), None if length == _UNKNOWN else length
        )


class PyDatasetSource:
    """A ``keras.utils.PyDataset``; among them what ``ImageDataGenerator`` flows from folders and tables."""

    def matches(self, source: Any) -> bool:
        """An instance of the class that Keras has loaded."""
        return _is_instance(source, "keras", "utils", "PyDataset")

    def describe(self, source: Any) -> str:
        """Its type."""
        return type(source).__name__

    def name(self, source: Any) -> str | None:
        """It has none."""
        return None

    def list(self, source: Any, request: Request) -> Listing:
        """Takes one epoch, batch by batch: iterators of Keras go on for ever, but have a length."""
        length = _length(self.describe(source), lambda: source.num_batches)
        steps = request.options.steps
        if length is None and steps is None:
            raise DataError(
                _endless(f"The {self.describe(source)}", "It has no length. ", "itertools.islice(data, 100)")
            )
        number = min(value for value in (length, steps) if value is not None)
        indices = getattr(source, "class_indices", None)
        known = sorted(indices, key=indices.__getitem__) if isinstance(indices, Mapping) else None
        return Intake(self.describe(source), request, _names(known)).take(_by_index(source, number), number)


class SequenceSource:
    """Anything with a length and items by index, such as the data sets of PyTorch and of Hugging Face; lists."""

    def matches(self, source: Any) -> bool:
        """What has the two methods, and is no mapping or text."""
        if isinstance(source, str | bytes | Mapping | tuple | set | frozenset):
            return False
        return hasattr(type(source), "__len__") and hasattr(type(source), "__getitem__")

    def describe(self, source: Any) -> str:
        """Its type."""
        return type(source).__name__

    def name(self, source: Any) -> str | None:
        """It has none."""
        return None

    def list(self, source: Any, request: Request) -> Listing:
        """Takes the items in their order."""
        length = _length(self.describe(source), lambda: len(source))
        number = min(value for value in (length, request.options.steps) if value is not None)
        return Intake(self.describe(source), request).take(_by_index(source, number), number)


class IterableSource:
    """A generator, or anything else that can be iterated over."""

    def matches(self, source: Any) -> bool:
        """What has the method, and is no mapping or text."""
        return hasattr(source, "__iter__") and not isinstance(source, str | bytes | Mapping | set | frozenset)

    def describe(self, source: Any) -> str:
        """Its type."""
        return type(source).__name__

    def name(self, source: Any) -> str | None:
        """It has none."""
        return None

    def list(self, source: Any, request: Request) -> Listing:
        """Takes everything, or as many items as ``steps`` says."""
        has_length = hasattr(type(source), "__len__")
        length = _length(self.describe(source), lambda: len(source)) if has_length else None
        known = [value for value in (length, request.options.steps) if value is not None]
        return Intake(self.describe(source), request).take(_items(source), min(known) if known else None)


def is_used_up(source: Any) -> bool:
    """Whether a source can be read only once, as a generator can."""
    return hasattr(source, "__next__") and not hasattr(source, "__len__")


def refuse_unknown(source: Any) -> UsageError:
    """What to say of something that is no source."""
    hint = " Call the function: pass what it returns." if callable(source) else ""
    return UsageError(
        "A source is a folder of class folders, a CSV or TSV table, an archive, a DataFrame, arrays as a tuple (x, y), "
        "a tf.data.Dataset, a keras.utils.PyDataset, or an iterable of (photo, label). "
        f"Got: {type(source).__name__}.{hint}"
    )


def _is_instance(source: Any, module: str, *names: str) -> bool:
    """``isinstance`` with a class of a module that is perhaps not loaded."""
    kind: Any = sys.modules.get(module)
    for name in names:
        kind = getattr(kind, name, None)
    return isinstance(kind, type) and isinstance(source, kind)


def _by_index(source: Any, number: int) -> Iterator[Any]:
    return (source[index] for index in range(number))


def _items(source: Any) -> Iterator[Any]:
    yield from source


def _numpy_items(source: Any) -> Iterator[Any]:
    yield from source.as_numpy_iterator()


def _length(name: str, ask: Callable[[], Any]) -> int | None:
    """The length that a source says it has.

    Raises:
        DataError: it fails to say it.
    """
    try:
        length = ask()
        return None if length is None else int(length)
    except Exception as error:
        raise DataError(f"{name} cannot say its length ({type(error).__name__}: {error}).") from error


def _names(names: Iterable[Any] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(map(str, names))


def _endless(what: str, why: str, example: str) -> str:
    return f"{what} never ends. {why}Say how many items or batches to take with steps, or pass a part: {example}."
