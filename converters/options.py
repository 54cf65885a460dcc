"""From what a user writes to a converter's ``Options``."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from edgekit.errors import UsageError

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def make_options(format: str, kind: type, given: Mapping[str, Any]) -> Any:
    """A converter's options.

    Args:
        format: of the converter, for messages.
        kind: its ``Options``, a frozen dataclass with fields of str, int, float or bool, or of one of them
            or ``None``.
        given: by name; a string is read as the field's type.

    Raises:
        UsageError: a name that there is not, or a value of another type; likewise what the dataclass
            itself refuses.
    """
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    for name in given:
        if name not in names:
            known = f"Known: {', '.join(names)}." if names else "It has none."
            raise UsageError(f"{format} has no option {name!r}. {known}")
    return kind(**{name: _read(f"{format}.{name}", value, hints[name]) for name, value in given.items()})


def parse_options(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Reads ``FORMAT.NAME=VALUE`` into values by format and name.

    Raises:
        UsageError: not of this form.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        place, equals, value = text.partition("=")
        format, dot, name = place.strip().partition(".")
        if not (equals and dot and format and name):
            raise UsageError(f"{text!r} is no option of a format. Write FORMAT.NAME=VALUE, as in coreml.author='Ada'.")
        found.setdefault(format, {})[name] = value.strip()
    return found


def _read(name: str, value: Any, hint: Any) -> Any:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and types.NoneType in kinds:
        return None
    if isinstance(value, str) and str not in kinds:
        value = _parse(value, kinds)
    allowed = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in kinds):
        words = " or ".join(_WORDS[kind] for kind in kinds if kind in _WORDS)
        raise UsageError(f"The option {name} is {words}. Got: {value!r}.")
    return value


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _parse(text: str, kinds: tuple[Any, ...]) -> Any:
    """The value that a text stands for, or the text where it stands for none."""
    if bool in kinds and text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    return text
