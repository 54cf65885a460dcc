"""Values that options take, and their parsing."""

from __future__ import annotations

import re
from typing import Any

import click

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
