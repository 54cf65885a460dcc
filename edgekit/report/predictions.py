"""The answer for one photo."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.runtime import Prediction

_BAR = 20


def predictions_text(photo: str, predictions: Sequence[Prediction]) -> str:
    """The photo's name and a line with a bar for each label."""
    width = max((len(one.name) for one in predictions), default=0)
    lines = [photo]
    lines += [
        f"  {one.probability:6.1%}  {one.name.ljust(width)}  {'█' * round(_BAR * one.probability)}".rstrip()
        for one in predictions
    ]
    return "\n".join(lines)
