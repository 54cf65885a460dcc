"""Values that options take, and their parsing."""

from __future__ import annotations

import re
from typing import Any

import click

CHOICES_COLOR = ["rgb", "grayscale"]
CHOICES_RESIZE = ["crop", "stretch", "letterbox"]

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class ImageSize(click.ParamType):  # type: ignore[type-arg]  # generic only in newer clicks
    """``224`` or ``HEIGHTxWIDTH``, as (height, width)."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,5}))?", str(value))
        if not match:
            self.fail(f"{value!r} is no image size. Write 224, or 240x320 for height and width.", param, ctx)
        height = int(match[1])
        return height, int(match[2] or height)


class ByteSize(click.ParamType):  # type: ignore[type-arg]
    """``20GB``, ``500MB``, ... in bytes."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", str(value).upper())
        if not match or match[2] == "B" or (match[2] and not match[2].endswith("B")):
            self.fail(f"{value!r} is no size. Write 500MB or 20GB.", param, ctx)
        return int(float(match[1]) * _UNITS[match[2]])


class TableColumns(click.ParamType):  # type: ignore[type-arg]
    """``image=NAME,label=NAME,split=NAME``, each of them optional."""

    name = "COLUMNS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from edgekit.data import Columns

        pairs = [part.partition("=") for part in str(value).split(",")]
        known = ("image", "label", "split")
        if not all(name.strip() in known and column.strip() for name, _, column in pairs):
            self.fail(f"{value!r} names no columns. Write image=NAME,label=NAME,split=NAME.", param, ctx)
        return Columns(**{name.strip(): column.strip() for name, _, column in pairs})


class ClassWeights(click.ParamType):  # type: ignore[type-arg]
    """``balanced``, ``none``, or ``CLASS=WEIGHT,...``."""

    name = "WEIGHTS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in ("balanced", "none"):
            return value
        weights = {}
        for part in str(value).split(","):
            name, _, weight = part.rpartition("=")
            try:
                weights[name.strip()] = float(weight)
            except ValueError:
                name = ""
            if not name.strip():
                self.fail(f"{value!r} are no weights. Write balanced, or as in cat=1,dog=2.5.", param, ctx)
        return weights
