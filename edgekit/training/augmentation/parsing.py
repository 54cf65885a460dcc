"""Augmentation as people write it: ``standard,rotation=30,vertical_flip``."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from edgekit.errors import UsageError
from edgekit.training.augmentation.settings import FIELDS, PRESETS, Augmentation

SHIFT = "shift"
"""Short for ``shift_x`` and ``shift_y``."""

PRESET = "preset"
"""Key of the preset in a mapping."""

_TRUTH: Mapping[str, bool] = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
)

_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "rotation_range": "rotation, in degrees",
        "width_shift_range": "shift_x, a share of the width",
        "height_shift_range": "shift_y, a share of the height",
        "shear_range": "shear, in degrees",
        "zoom_range": "zoom, as in 0.8..1.2",
        "brightness_range": "brightness, as in 0.2 for 0.8 to 1.2",
        "cval": "fill_value",
        "flip": "horizontal_flip or vertical_flip",
        "randaugment": "rand_augment, the number of operations",
    }
)
"""Names that people know from ``ImageDataGenerator`` and other places, to ours."""


def resolve_augmentation(value: str | Mapping[str, object] | Augmentation) -> Augmentation:
    """The settings that are meant.

    Args:
        value: a preset (``standard``); a preset with changes (``standard,rotation=30,vertical_flip``); changes alone
            (``rotation=30,zoom=0.8..1.2``); the same as a mapping, with the preset under ``preset``; or settings.

    Raises:
        UsageError: an unknown preset or name, or a value of the wrong type or out of range.
    """
    if isinstance(value, Augmentation):
        return value
    if isinstance(value, str):
        return parse_text(value)
    if isinstance(value, Mapping):
        return parse_mapping(value)
    raise UsageError(
        "augmentation is a preset, a preset with changes (standard,rotation=30), a mapping, or an Augmentation. "
        f"Got: {value!r}."
    )


def parse_text(text: str) -> Augmentation:
    """Settings from a preset, a preset with changes, or changes alone, with commas between them.

    Raises:
        UsageError: an unknown name, or a value that cannot be read or is out of range.
    """
    parts = [part.strip() for part in text.split(",")]
    first = parts[0].replace("-", "_")
    preset = "none"
    if "=" not in first and first.lower() not in FIELDS:
        preset, parts = first, parts[1:]
    changes: dict[str, Any] = {}
    for part in parts:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        name = name.lower().replace("-", "_")
        if not equals and name.lower() in PRESETS:
            raise UsageError(f"{text!r} names a second preset, {name}. A preset comes first, and only one does.")
        if name in changes:
            raise UsageError(f"{text!r} gives {name} twice. Leave one out.")
        changes[name] = _parse_value(name, value if equals else None)
    return parse_mapping({PRESET: preset, **changes})


def parse_mapping(values: Mapping[str, Any]) -> Augmentation:
    """Settings from names and values; ``preset`` is what they change, ``none`` by default.

    Raises:
        UsageError: an unknown name, or a value of the wrong type or out of range.
    """
    changes = {str(name): value for name, value in values.items()}
    start = _find_preset(changes.pop(PRESET, "none"))
    for name in changes:
        _check_name(name)
    if SHIFT in changes:
        both = changes.pop(SHIFT)
        changes = {"shift_x": both, "shift_y": both, **changes}
    return dataclasses.replace(start, **changes)


def to_text(settings: Augmentation) -> str:
    """The shortest spelling that :func:`resolve_augmentation` reads as the same settings."""
    texts = []
    for name, preset in PRESETS.items():
        changes = [field for field in FIELDS if getattr(settings, field) != getattr(preset, field)]
        start = [name] if name != "none" or not changes else []
        texts.append(",".join([*start, *(_spell(field, getattr(settings, field)) for field in changes)]))
    return min(texts, key=len)


def _spell(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"{name}=off"
    if isinstance(value, tuple):
        return f"{name}={value[0]!r}..{value[1]!r}"
    # repr keeps every digit; 30.0 is written 30.
    return f"{name}={int(value) if isinstance(value, float) and value.is_integer() else value}"


def _find_preset(name: object) -> Augmentation:
    if isinstance(name, str) and name.lower() in PRESETS:
        return PRESETS[name.lower()]
    raise UsageError(
        f"There is no augmentation preset {name!r}. The presets are {', '.join(PRESETS)}"
        f"{_closest(str(name), [*PRESETS, *FIELDS])}. Changes follow with commas, as in standard,rotation=30."
    )


def _check_name(name: str) -> None:
    if name in FIELDS or name == SHIFT:
        return
    if name in _ELSEWHERE:
        raise UsageError(f"The augmentation setting {name!r} is called {_ELSEWHERE[name]}, here.")
    raise UsageError(
        f"There is no augmentation setting {name!r}{_closest(name, [*FIELDS, SHIFT])}. "
        f"The settings are {', '.join(FIELDS)}."
    )


def _closest(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name.lower(), list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""


def _parse_value(name: str, text: str | None) -> object:
    """The text of a value as the type that the field has; a wrong name is found later, or here."""
    _check_name(name)
    kind = type(getattr(Augmentation(), "shift_x" if name == SHIFT else name))
    if text is None:
        if kind is bool:
            return True
        raise UsageError(f"The augmentation setting {name} needs a value, as in {name}={_EXAMPLES.get(name, '0.1')}.")
    if kind is str:
        return text.lower()
    if kind is bool:
        if text.lower() in _TRUTH:
            return _TRUTH[text.lower()]
        raise UsageError(f"The augmentation's {name} is on or off. Got: {text!r}.")
    try:
        if kind is tuple and ".." in text:
            low, _, high = text.partition("..")
            return float(low), float(high)
        return int(text) if kind is int else float(text)
    except ValueError:
        example = _EXAMPLES.get(name, "0.1")
        raise UsageError(f"The augmentation's {name} is a number, as in {name}={example}. Got: {text!r}.") from None


_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {"rotation": "30", "shear": "10", "hue": "20", "zoom": "0.8..1.2", "rand_augment": "2", "fill_mode": "nearest"}
)
