"""The call in Python that repeats a training."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from edgekit.training.config import TrainingConfig

_WIDTH = 88


def python_call(
    source: Any, config: TrainingConfig, output: str | os.PathLike[str] | None = None, **others: Any
) -> str:
    """``edgekit.train(...)`` with every setting that is not the default.

    Args:
        source: of the data.
        config: the settings.
        output: the file, or ``None``.
        others: arguments of ``train`` beside the settings, as ``image_size=96``; those that are
            ``None`` are left out.

    Returns:
        Lines of Python. What has no spelling, as a function or a data set in memory, stands as its
        name or kind.
    """
    settings = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if not _equal(getattr(config, field.name), getattr(TrainingConfig, field.name, None))
    }
    given = {"output": output, **others, **settings}
    arguments = [
        _spell(source),
        *(f"{name}={_spell(value)}" for name, value in given.items() if value is not None or name in settings),
    ]
    line = f"edgekit.train({', '.join(arguments)})"
    if len(line) > _WIDTH:
        line = "edgekit.train(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    return f"import edgekit\n\n{line}"


def _equal(value: Any, default: Any) -> bool:
    # An array or a model may answer == with anything but a bool.
    return value is default or (type(value) is type(default) and bool(value == default))


def _spell(value: Any) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str) and value.isprintable():
        return json.dumps(value, ensure_ascii=False)  # double quotes, as the docs have them
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_spell(key)}: {_spell(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(_spell, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = [
            f"{field.name}={_spell(getattr(value, field.name))}"
            for field in dataclasses.fields(value)
            if not _equal(getattr(value, field.name), field.default)
        ]
        return f"edgekit.{type(value).__name__}({', '.join(changed)})"
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) and name.isidentifier() else type(value).__name__
