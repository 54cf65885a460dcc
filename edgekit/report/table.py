"""Plain text tables, and numbers as people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Aligns columns with two spaces between them and a rule under the header.

    Args:
        header: one title a column.
        rows: as many cells each as there are titles.
        right: the indices of the columns that are aligned to the right, numbers mostly.
    """
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        padded = [_pad(cell, widths[index], index in right) for index, cell in enumerate(row)]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def format_size(size_bytes: float) -> str:
    """Bytes in decimal units, three digits: ``612 KB``, ``1.86 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size_bytes >= factor:
            value = size_bytes / factor
            return f"{value:.3g} {unit}" if value < 999.5 else f"{value:.0f} {unit}"
    return f"{size_bytes:.0f} B"


def format_ms(milliseconds: float) -> str:
    """Milliseconds with three significant digits: ``1.46 ms``, ``103 ms``."""
    digits = 2 if milliseconds < 9.995 else 1 if milliseconds < 99.95 else 0
    return f"{milliseconds:.{digits}f} ms"


def format_percent(share: float, digits: int = 1) -> str:
    """A share 0..1 as ``91.3 %``; only a true 1 is shown as 100 %."""
    text = f"{100 * share:.{digits}f}"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return f"{text} %"


def format_difference(value: float) -> str:
    """A small difference: ``2.4e-07``, or ``0.013`` where it is not so small."""
    if value == 0:
        return "0"
    return f"{value:.1e}" if value < 1e-3 else f"{value:.3f}"


def _width(text: str) -> int:
    """Columns that a terminal gives to a text: wide (Chinese, ...) characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
