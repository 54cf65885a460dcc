"""Reading a spec's JSON field by field: each value is checked, and an error names its place."""

from __future__ import annotations

import json
import sys
from typing import Any

from edgekit.errors import SpecError


class Fields:
    """One JSON object on its way to a dataclass; knows its place, for the error's sentence."""

    def __init__(self, document: object, source: str, place: str) -> None:
        self._source = source
        self._place = place
        if not isinstance(document, dict):
            raise self._error(place or "the document", f"should be an object, not {_describe(document)}")
        self._document: dict[str, Any] = document

    def take(self, key: str, kind: type[Any]) -> Any:
        """A field that must be there."""
        if key not in self._document:
            raise self._error(self._name(key), "is missing")
        return self._check(self._name(key), self._document[key], kind)

    def optional(self, key: str, kind: type[Any]) -> Any:
        """A field that may be missing or null."""
        return None if self._document.get(key) is None else self.take(key, kind)

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """A string that is one of the choices."""
        value = str(self.take(key, str))
        if value not in choices:
            raise self._error(self._name(key), f"is {value!r}, not one of {', '.join(choices)}")
        return value

    def items(self, key: str) -> list[Fields]:
        """The objects of an array."""
        return [
            Fields(item, self._source, f"{self._name(key)}[{index}]") for index, item in enumerate(self.take(key, list))
        ]

    def child(self, key: str) -> Fields:
        """An object that must be there."""
        return Fields(self.take(key, dict), self._source, self._name(key))

    def optional_child(self, key: str) -> Fields | None:
        """An object that may be missing or null."""
        return None if self._document.get(key) is None else self.child(key)

    def bounds(self, key: str) -> tuple[float, float] | None:
        """Two finite numbers, or null."""
        values = self.optional(key, list)
        if values is None:
            return None
        if len(values) != 2 or not all(fits(value, float) for value in values):
            raise self._error(self._name(key), "should be two finite numbers, or null")
        return (float(values[0]), float(values[1]))

    def dimensions(self, key: str) -> tuple[int | None, ...]:
        """Sizes, null where any is taken."""
        values = self.take(key, list)
        if not all(value is None or (fits(value, int) and value >= 0) for value in values):
            raise self._error(self._name(key), "should be a list of sizes, null for any")
        return tuple(values)

    def mapping(self, key: str, kind: type[Any]) -> dict[str, Any]:
        """An object whose values are all of one kind."""
        place = self._name(key)
        values = self.take(key, dict)
        return {self._check(place, name, str): self._check(f"{place}.{name}", values[name], kind) for name in values}

    def _check(self, place: str, value: object, kind: type[Any]) -> Any:
        if not fits(value, kind):
            raise self._error(place, f"should be {_KINDS[kind]}, not {_describe(value)}")
        return float(value) if kind is float else value  # type: ignore[arg-type]

    def _name(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _error(self, name: str, what: str) -> SpecError:
        return SpecError(f"The spec of {self._source} is not complete: {name} {what}. Export the model again.")


_KINDS = {dict: "an object", list: "an array", str: "a string", int: "a whole number", float: "a finite number"}


def fits(value: object, kind: type[Any]) -> bool:
    """Whether a JSON value can be taken as ``kind``: a boolean is no number, a whole number is a ``float`` too."""
    if isinstance(value, bool):
        return False
    if kind is float:
        return isinstance(value, int | float) and abs(value) <= sys.float_info.max
    if kind is str and isinstance(value, str):
        # Half of a surrogate pair, as from an undecodable file name, could not be written again.
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, kind)


def _describe(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        return "a string" if fits(value, str) else "one that is no valid Unicode"
    if isinstance(value, int | float):
        return str(value) if fits(value, float) else "a number beyond all limits"
    return "an array" if isinstance(value, list) else "an object"
