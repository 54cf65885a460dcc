"""The figures that the compiler prints above its table, by the words in front of them."""

from __future__ import annotations

import re

_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*((?:[KMG]i?)?B)")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def value(head: str, key: str) -> str:
    """What follows ``key:`` on its line; empty where no line has it."""
    match = re.search(rf"^\s*{re.escape(key)}:\s*(.*?)\s*$", head, re.MULTILINE)
    return match[1] if match else ""


def count(head: str, key: str) -> int | None:
    """The number behind a key."""
    found = value(head, key)
    return int(found) if re.fullmatch("[0-9]{1,9}", found) else None


def size(head: str, key: str) -> int | None:
    """The bytes behind a key, as in ``6.91MiB``."""
    match = _SIZE.fullmatch(value(head, key))
    return round(float(match[1]) * _UNITS[match[2]]) if match else None


def remaining(head: str) -> int | None:
    """The bytes left on the chip; compilers 1 and 2.0 say what there is before the model's are taken."""
    left = size(head, "On-chip memory remaining for caching model parameters")
    available = size(head, "On-chip memory available for caching model parameters")
    used = size(head, "On-chip memory used for caching model parameters")
    if left is None and available is not None and used is not None:
        return max(0, available - used)
    return left
