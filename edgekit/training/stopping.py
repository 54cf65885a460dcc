"""When a stage, or the whole training, ends before its last epoch: pure functions of the history.

They look at nothing but the epochs that are done, so a run that was killed and goes on decides the
same as one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from edgekit.errors import UsageError
from edgekit.training.plan import Stage
from edgekit.training.result import EpochMetrics, best_epoch, metric_names

PLATEAU_PATIENCE = 3
"""Epochs without a lower validation loss after which ``plateau`` halves the learning rate."""

_PLATEAU_FACTOR = 0.5


def check_targets(targets: Mapping[str, float], monitor: str) -> None:
    """Refuses metrics that no epoch will have.

    Raises:
        UsageError: an unknown metric, the message lists those there are; or a value that it cannot have.
    """
    known = metric_names(monitor)
    for name in targets:
        if name not in known:
            raise UsageError(f"There is no metric {name!r} to stop at. There are: {', '.join(known)}.")
        high = math.inf if name.endswith("loss") else 1.0
        if not 0 <= targets[name] <= high or not math.isfinite(targets[name]):
            bounds = "of at least 0" if high > 1 else "from 0 to 1, as in 0.9"
            raise UsageError(f"The {name} to stop at is a number {bounds}. Got: {targets[name]:g}.")


def reached(epoch: EpochMetrics, targets: Mapping[str, float]) -> str | None:
    """The sentence that a target is reached, or ``None``. Losses must fall to it, all else rise to it."""
    for name, wanted in targets.items():
        value = epoch.values[name]
        if (value <= wanted) if name.endswith("loss") else (value >= wanted):
            return f"{name} reached {wanted:g} in epoch {epoch.epoch} ({value:.4g})."
    return None


def out_of_patience(stage: Sequence[EpochMetrics], patience: int | None, monitor: str) -> str | None:
    """The sentence that a stage has not become better for too long, or ``None``.

    Args:
        stage: its epochs so far.
        patience: epochs without a better one that are borne; ``None`` for any number.
        monitor: the metric that says what is better.
    """
    best = best_epoch(stage, monitor)
    if patience is None or best is None or stage[-1].epoch - best.epoch < patience:
        return None
    return f"{monitor} has not become better since epoch {best.epoch}."


def plateau_rate(stage: Stage, epochs: Sequence[EpochMetrics]) -> float:
    """The learning rate after some epochs of a stage: halved whenever ``val_loss`` has not fallen for a while."""
    rate, best, waited = stage.learning_rate, float("inf"), 0
    for epoch in epochs:
        if epoch.val_loss < best:
            best, waited = epoch.val_loss, 0
            continue
        waited += 1
        if waited >= PLATEAU_PATIENCE:
            rate, waited = rate * _PLATEAU_FACTOR, 0
    return rate
