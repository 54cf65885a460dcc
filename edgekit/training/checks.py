"""Checks of settings: each says what a value should be, and what was given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from edgekit.errors import UsageError


def check_choice(value: object, name: str, choices: Sequence[str]) -> None:
    """Raises UsageError unless ``value`` is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise UsageError(f"{name} is one of {', '.join(choices)}. Got: {value!r}.")


def check_integer(value: object, name: str, low: int, high: int | None = None) -> None:
    """Raises UsageError unless ``value`` is a whole number from ``low`` to ``high``."""
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high)
    if not fits:
        bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise UsageError(f"{name} is a whole number {bounds}. Got: {value!r}.")


def check_number(value: object, name: str, *, above: float | None = None, least: float | None = None) -> None:
    """Raises UsageError unless ``value`` is a finite number above or from a bound."""
    if not is_number(value) or (above is not None and value <= above) or (least is not None and value < least):  # type: ignore[operator]
        bound = f"above {above:g}" if above is not None else f"of at least {least:g}"
        raise UsageError(f"{name} is a number {bound}. Got: {value!r}.")


def check_share(value: object, name: str) -> None:
    """Raises UsageError unless ``value`` is at least 0 and below 1."""
    if not is_number(value) or not 0 <= value < 1:  # type: ignore[operator]
        raise UsageError(f"{name} is at least 0 and below 1. Got: {value!r}.")


def check_callbacks(callbacks: object) -> None:
    """Raises UsageError unless these are callbacks of Keras, which is not imported to find out."""
    wrong: list[object] = [callbacks]  # a generator, too: the second stage would find it empty
    if isinstance(callbacks, list | tuple):
        wrong = [item for item in callbacks if isinstance(item, type) or not hasattr(item, "set_model")]
    if wrong:
        raise UsageError(f"callbacks is a list of keras.callbacks.Callback objects. Got: a {type(wrong[0]).__name__}.")


def check_class_weights(wanted: object, names: Sequence[str], multi_label: bool) -> None:
    """Raises UsageError for weights of classes that the data do not have, and where they cannot be had."""
    if wanted == "none":
        return
    if multi_label:
        raise UsageError(
            "class_weights are for photos with one label each, and the task is multi-label. Leave them out."
        )
    if not isinstance(wanted, Mapping):
        return
    unknown = [str(name) for name in wanted if name not in names]
    if unknown:
        raise UsageError(f"class_weights has no class {unknown[0]!r} to weigh. The classes: {', '.join(names[:20])}.")
    if not any(wanted.get(name, 1) for name in names):
        raise UsageError("class_weights are all 0, so that nothing would be learnt. Give one above 0.")


def is_number(value: object) -> bool:
    """Whether ``value`` is a finite number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
