"""What another program or device tells: nothing is believed before its type, its range and its length are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLOCKS_DIFFER = 1.0
"""Seconds by which another clock may be ahead."""


class ToldError(ValueError):
    """Something that was told cannot be what it is said to be; the message is a clause without a full stop."""


def one_line(value: object, limit: int = 100) -> str:
    """A text of somebody else, for a terminal: one line of at most ``limit`` characters, nothing in it that steers.

    Args:
        value: the text; ``None`` is an empty one.
        limit: from 1 on. What is longer ends with an ellipsis.
    """
    words = " ".join(str("" if value is None else value)[: 8 * limit].split())
    line = "".join(char if char.isprintable() else "?" for char in words)
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Told:
    """An object of JSON, field by field.

    Args:
        fields: what was told.
        path: where it stands in all that was told, for messages; empty for the whole of it.

    Raises:
        ToldError: it is no object.
    """

    def __init__(self, fields: object, path: str = "") -> None:
        if not isinstance(fields, Mapping):
            raise ToldError(f"{path or 'it'} is {_shown(fields)} and no object")
        self._fields, self._path = fields, path

    def part(self, name: str) -> Told:
        """An object in it."""
        return Told(self._fields.get(name), self._where(name))

    def text(self, name: str, limit: int = 100) -> str:
        """A text, as :func:`one_line` makes it; empty where there is none."""
        value = self._fields.get(name)
        if not isinstance(value, str | None):
            raise ToldError(f"{self._where(name)} is {_shown(value)} and no text")
        return one_line(value, limit)

    def texts(self, name: str, limit: int = 300, most: int = 20) -> tuple[str, ...]:
        """The first texts of a list, each as :func:`one_line` makes it."""
        return tuple(one_line(value, limit) for value in self._list(name)[:most])

    def number(self, name: str, low: float, high: float) -> float:
        """A finite number from ``low`` to ``high``."""
        return _number(self._fields.get(name), self._where(name), low, high)

    def maybe(self, name: str, low: float, high: float) -> float | None:
        """The same, or ``None`` where nothing was told."""
        return None if self._fields.get(name) is None else self.number(name, low, high)

    def numbers(self, name: str, low: float, high: float) -> tuple[float, ...]:
        """A list of them, at least one."""
        values = self._list(name)
        if not values:
            raise ToldError(f"{self._where(name)} is empty")
        return tuple(_number(one, f"{self._where(name)}[{place}]", low, high) for place, one in enumerate(values))

    def durations(self, name: str, in_a_second: float, seconds: float) -> tuple[float, ...]:
        """A list of how long runs took that came one after the other.

        Args:
            name: of the field.
            in_a_second: how many of its units are a second.
            seconds: that have passed here meanwhile; together they cannot have taken longer.
        """
        longest = in_a_second * (seconds + CLOCKS_DIFFER)
        values = self.numbers(name, 0, longest)
        if (total := sum(values)) > longest:
            total /= in_a_second
            raise ToldError(f"the runs took {total:.1f} s by its clock, where {seconds:.1f} s have passed")
        return values

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number from ``low`` to ``high``; ``None`` where nothing was told."""
        if self._fields.get(name) is None:
            return None
        value = self.number(name, low, high)
        if value != int(value):
            raise ToldError(f"{self._where(name)} is {value:g} and no whole number")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """True or false; ``None`` where nothing was told."""
        value = self._fields.get(name)
        if not isinstance(value, bool | None):
            raise ToldError(f"{self._where(name)} is {_shown(value)}, neither true nor false")
        return value

    def __getitem__(self, name: str) -> Any:
        """Whatever was told, unchecked; ``None`` where nothing was."""
        return self._fields.get(name)

    def _list(self, name: str) -> list[Any]:
        values = self._fields.get(name)
        if not isinstance(values, list | tuple):
            raise ToldError(f"{self._where(name)} is {_shown(values)} and no list")
        return list(values)

    def _where(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _number(value: object, where: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ToldError(f"{where} is {_shown(value)} and no number")
    if not low <= value <= high:  # NaN is in no range; an int may be too large for a float
        raise ToldError(f"{where} is {_shown(value)}, outside of {low:g} to {high:g}")
    return float(value)


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool | float):
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**9 else "a huge number"
    if isinstance(value, str):
        return repr(one_line(value, 20))
    return "a list" if isinstance(value, list | tuple) else "an object" if isinstance(value, Mapping) else "something"
