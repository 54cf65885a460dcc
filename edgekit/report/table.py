"""Plain text tables, and numbers as people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from edgekit.language import printable

_NUMBERS = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Aligns columns with two spaces between them and a rule under the header.

    Args:
        header: one title a column.
        rows: as many cells each as there are titles.
        right: the indices of the columns that are aligned to the right, numbers mostly.
    """
    # Names of files are among the cells, and a line break in one would break the table.
    cells = [list(header), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(text_width(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        padded = [_pad(cell, widths[index], index in right) for index, cell in enumerate(row)]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(lines)


def format_size(size_bytes: float) -> str:
    """Bytes in decimal units, three digits: ``612 KB``, ``2.20 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size_bytes >= factor:
            return f"{three_digits(size_bytes / factor)} {unit}"
    return f"{size_bytes:.0f} B"


def format_ms(milliseconds: float | None) -> str:
    """Milliseconds with three significant digits: ``1.46 ms``, ``103 ms``; a dash for what is not known."""
    return "–" if milliseconds is None else f"{three_digits(milliseconds)} ms"


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


def name_group(names: Sequence[str], total: int) -> str:
    """Names in a row, or ``all four`` where they are all there are."""
    if len(names) < total or total == 1:
        return ", ".join(names)
    return "both" if total == 2 else f"all {_NUMBERS.get(total, str(total))}"


def text_width(text: str) -> int:
    """Columns that a terminal gives to a text: wide (Chinese, ...) characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def cut(text: str, width: int) -> str:
    """A text of at most ``width`` columns, with an ellipsis where something is left out."""
    if text_width(text) <= width:
        return text
    while text and text_width(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}…"


def three_digits(value: float) -> str:
    """A number with three digits, zeros at the end included: ``0.061``, ``2.20``, ``74.0``, ``612``."""
    return f"{value:.{3 if value < 0.9995 else 2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - text_width(text))
    return space + text if right else text + space
