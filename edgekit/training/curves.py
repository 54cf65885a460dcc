"""Which curves a training has, and how their values are written; every picture and page shows the same."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.training.result import EpochMetrics

_TITLES = {"accuracy": "Accuracy", "f1": "F1 score", "loss": "Loss", "learning_rate": "Learning rate"}


@dataclass(frozen=True)
class Curve:
    """One metric over the epochs.

    Attributes:
        key: the metric's name: ``accuracy``, ``loss``, ``learning_rate``, ...
        title: the same for a person.
        training: one value for each epoch; NaN where it is not known.
        validation: the same on the validation photos; ``None`` where there is no such thing.
        best: index of the kept epoch.
    """

    key: str
    title: str
    training: tuple[float, ...]
    validation: tuple[float, ...] | None
    best: int

    @property
    def finite(self) -> tuple[float, ...]:
        """All values that are numbers."""
        return tuple(value for value in (*self.training, *(self.validation or ())) if math.isfinite(value))

    @property
    def bounds(self) -> tuple[float, float]:
        """From where to where the axis goes: a share's ends at 1, everything else begins at 0."""
        values = self.finite or (0.0,)
        if self.key in ("accuracy", "f1"):
            return max(0.0, min(values) - 0.05), 1.0
        return 0.0, max(values) * 1.05 or 1.0


def find_curves(history: Sequence[EpochMetrics], best: EpochMetrics, monitor: str) -> tuple[Curve, ...]:
    """The metric that chose the best epoch first, then the others that were measured on both sides, then the rate."""
    known = dict.fromkeys(name for epoch in history for name in epoch.values)
    first = monitor.removeprefix("val_")
    paired = [name for name in dict.fromkeys((first, "loss", *known)) if name in known and f"val_{name}" in known]
    place = next((index for index, epoch in enumerate(history) if epoch.epoch == best.epoch), 0)
    single = ["learning_rate"] if "learning_rate" in known else []
    return tuple(
        Curve(
            key=name,
            title=_TITLES.get(name, name.replace("_", " ")),
            training=_values(history, name),
            validation=_values(history, f"val_{name}") if name in paired else None,
            best=place,
        )
        for name in (*paired, *single)
    )


def stage_starts(history: Sequence[EpochMetrics]) -> tuple[tuple[float, str], ...]:
    """Where a new stage begins, between two epochs, and its name; the first stage is not one of them."""
    pairs = itertools.pairwise(history)
    return tuple((before.epoch + 0.5, after.stage) for before, after in pairs if before.stage != after.stage)


def format_metric(name: str, value: float) -> str:
    """A value with its metric's digits: ``91.3 %``, ``0.812``, ``0.001``; ``–`` where it is no number."""
    name = name.removeprefix("val_")
    if not math.isfinite(value):
        return "–"  # the dash that stands for nothing in tables
    if name == "accuracy":
        return format_share(value)
    return f"{value:.3g}" if name == "learning_rate" else f"{value:.3f}"


def format_share(share: float | None) -> str:
    """A share 0..1 as ``91.3 %``; ``–`` for ``None``."""
    if share is None:
        return "–"
    text = f"{100 * share:.1f}"
    # Only a true 1 is all of them.
    return "99.9 %" if share < 1 and text == "100.0" else f"{text} %"


def _values(history: Sequence[EpochMetrics], name: str) -> tuple[float, ...]:
    return tuple(float(epoch.values.get(name, math.nan)) for epoch in history)
