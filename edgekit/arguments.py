"""Checks of what a program passes: a wrong type is the user's mistake and told like any other."""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_path(value: object, name: str) -> Path:
    """A path from a string or a path.

    Raises:
        UsageError: anything else, or an empty string.
    """
    if isinstance(value, str | os.PathLike) and os.fspath(value):
        path = os.fspath(value)
        if isinstance(path, str):
            return Path(path)
    raise UsageError(f"{name} is a path. Got: {_shown(value)}.")


def as_texts(value: object, name: str) -> list[str]:
    """One string, or several in a list or the like.

    Raises:
        UsageError: anything else.
    """
    if isinstance(value, str):
        return [value]
    texts: list[Any] = list(value) if isinstance(value, Iterable) and not isinstance(value, bytes) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(f"{name} is a string, or a list of strings. Got: {_shown(value)}.")
    return texts


def as_array(value: object, name: str) -> NDArray[Any]:
    """An array from whatever NumPy makes one of.

    Raises:
        UsageError: NumPy makes none of it, as of lists of different lengths.
    """
    import numpy as np

    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name} is an array of numbers. Got: {_shown(value)} ({error}).") from error


def check_whole(value: object, name: str, least: int = 1, most: int | None = None) -> None:
    """Raises :class:`UsageError` unless ``value`` is a whole number of at least ``least`` and at most ``most``."""
    # NumPy's integers are Integral, too; True is, and is meant as something else.
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < least:
        raise UsageError(f"{name} is a whole number of at least {least}. Got: {_shown(value)}.")
    if most is not None and int(value) > most:
        raise UsageError(f"{name} is at most {most}. Got: {value}.")


def check_items(value: object, name: str, words: str) -> None:
    """Raises :class:`UsageError` for what cannot be walked, and for one string; ``words`` describe what can."""
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise UsageError(f"{name} is {words}. Got: {_shown(value)}.")


def check_kind(value: object, name: str, kinds: Any, words: str) -> None:
    """Raises :class:`UsageError` unless ``value`` is what ``isinstance`` takes ``kinds`` for; ``words`` describe it."""
    if not isinstance(value, kinds):
        raise UsageError(f"{name} is {words}. Got: {_shown(value)}.")


def in_words(items: Sequence[str], joined: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``: at least one item, for a sentence."""
    *first, last = items
    return f"{', '.join(first)} {joined} {last}" if first else last


def _shown(value: object, limit: int = 80) -> str:
    # An array's repr runs over pages of numbers, and a broken one may raise.
    if isinstance(value, str | int | float | None):
        text = repr(value)
        return text if len(text) <= limit else f"{text[:limit]}…"
    return f"a {type(value).__name__}"
