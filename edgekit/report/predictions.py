"""The answer for one photo."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from edgekit.language import printable
from edgekit.report.table import format_percent, text_width
from edgekit.runtime import Prediction

_BAR = 20
_INDENT = 11
"""Under the names."""

DEFAULT_WIDTH = 80


def predictions_text(photo: str, predictions: Sequence[Prediction], width: int = DEFAULT_WIDTH) -> str:
    """The photo's name, a line with a bar for each label, and what the best one is.

    Args:
        photo: its name.
        predictions: best first.
        width: columns of the terminal.
    """
    names = [printable(one.name) for one in predictions]
    longest = max(map(text_width, names), default=0)
    lines = [printable(photo)]
    for one, name in zip(predictions, names, strict=True):
        bar = "█" * round(_BAR * one.probability)
        padded = name + " " * (longest - text_width(name))
        lines.append(f"  {format_percent(one.probability):>7}  {padded}  {bar}".rstrip())
    if predictions and predictions[0].description:
        wrapped = wrap(printable(" ".join(predictions[0].description.split())), max(20, width - _INDENT))
        lines += ["", *(" " * _INDENT + line for line in wrapped)]
    return "\n".join(lines)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most so many columns, broken at spaces and between wide (Chinese, ...) characters."""
    lines = [""]
    for piece in _pieces(text):
        if text_width((lines[-1] + piece).rstrip()) > width and lines[-1]:
            lines.append("")
        if not lines[-1]:
            piece = piece.lstrip()
        while text_width(piece.rstrip()) > width:  # a word without a place to break it
            head = _head(piece, width)
            lines[-1:] = [head, ""]
            piece = piece[len(head) :]
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]


def _pieces(text: str) -> Iterator[str]:
    """What must stay together: a word with the space behind it, or a wide character with what belongs to it."""
    piece = ""
    for character in text:
        if piece and _may_break(piece[-1], character):
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _may_break(before: str, after: str) -> bool:
    # A line must not begin with a full stop, a closing bracket, an accent.
    clings = unicodedata.combining(after) > 0 or unicodedata.category(after) in ("Po", "Pe", "Pf", "Mn", "Lm")
    if clings or after == " ":
        return False
    return before == " " or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _head(text: str, width: int) -> str:
    end = 1
    while end < len(text) and text_width(text[: end + 1]) <= width:
        end += 1
    return text[:end]
