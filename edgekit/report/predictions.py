"""The answer for one photo."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.report.table import format_percent, text_width
from edgekit.runtime import Prediction

_BAR = 20


def predictions_text(photo: str, predictions: Sequence[Prediction]) -> str:
    """The photo's name and a line with a bar for each label."""
    width = max((text_width(one.name) for one in predictions), default=0)
    lines = [photo]
    for one in predictions:
        name = one.name + " " * (width - text_width(one.name))
        bar = "█" * round(_BAR * one.probability)
        lines.append(f"  {format_percent(one.probability):>7}  {name}  {bar}".rstrip())
    return "\n".join(lines)
