"""From what a user writes to a converter's ``Options``."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgekit.arguments import in_words
from edgekit.errors import UsageError

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclasses.dataclass(frozen=True)
class Rules:
    """What an option can be, besides a value of its field's type.

    Attributes:
        choices: the texts that there are; empty for any.
        least: of a number, ``None`` for no limit.
        most: likewise; a function where it has to be found out, which is done for those who give the option.
        precisions: that it has an effect on; empty for all of the format.
    """

    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | Callable[[], int] | None = None
    precisions: tuple[str, ...] = ()


_RULES = "rules"


def option(default: Any, **rules: Any) -> Any:
    """A field of a converter's ``Options`` with :class:`Rules`, as in ``option(4, least=1, most=8)``."""
    return dataclasses.field(default=default, metadata={_RULES: Rules(**rules)})


def rules_of(field: dataclasses.Field[Any]) -> Rules:
    """Of a field of a converter's ``Options``."""
    found: Rules = field.metadata.get(_RULES, Rules())
    return found


def make_options(format: str, kind: type, given: Mapping[str, Any], precisions: Sequence[str] | None = None) -> Any:
    """A converter's options.

    Args:
        format: of the converter, for messages.
        kind: its ``Options``, a frozen dataclass with fields of str, int, float or bool, or of one of them
            or ``None``; with :func:`option` where not every value will do.
        given: by name; a string is read as the field's type.
        precisions: that are exported; ``None`` for any.

    Raises:
        UsageError: a name that there is not, a value of another type or against the field's rules, or one
            without an effect on any of ``precisions``; likewise what the dataclass itself refuses, when it is
            made or in its method ``check_precisions(precisions)``, if it has one.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values = {}
    for name, value in given.items():
        if name not in fields:
            known = f"Known: {', '.join(fields)}." if fields else "It has none."
            raise UsageError(f"{format} has no option {name!r}. {known}")
        values[name] = _read(f"{format}.{name}", value, hints[name])
        rules = rules_of(fields[name])
        _check(f"{format}.{name}", values[name], rules)
        _refuse_idle(format, name, rules, precisions)
    made = kind(**values)
    if precisions is not None and hasattr(made, "check_precisions"):
        made.check_precisions(precisions)
    return made


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


def _check(name: str, value: Any, rules: Rules) -> None:
    if rules.choices and value not in rules.choices:
        raise UsageError(f"The option {name} is {in_words(rules.choices, 'or')}. Got: {value!r}.")
    if value is None or rules.least is rules.most is None:
        return
    with contextlib.redirect_stdout(io.StringIO()):  # what finding a limit prints is no part of a --json document
        most = rules.most() if callable(rules.most) else rules.most
    if (rules.least is not None and value < rules.least) or (most is not None and value > most):
        limits = f"from {rules.least} to {most}" if rules.least is not None and most is not None else ""
        limits = limits or (f"of at least {rules.least}" if most is None else f"of at most {most}")
        raise UsageError(f"The option {name} is a number {limits}. Got: {value!r}.")


def _refuse_idle(format: str, name: str, rules: Rules, precisions: Sequence[str] | None) -> None:
    """What changes nothing of what is exported was meant for something else."""
    if precisions is None or not rules.precisions or set(precisions) & set(rules.precisions):
        return
    exported = in_words([f"{format}:{precision}" for precision in precisions])
    raise UsageError(
        f"The option {format}.{name} changes {in_words(rules.precisions)} only, not {exported}. Leave it out, or add "
        f"--to {format}:{rules.precisions[0]}"
    )


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
