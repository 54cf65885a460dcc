"""The picture of the learning curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.training.curves import Curve, find_curves, format_metric, stage_starts
from edgekit.training.plot_style import BLUE, FAINT, ORANGE, figure
from edgekit.training.result import EpochMetrics, TrainingResult


def draw_learning_curves(result: TrainingResult, path: Path) -> None:
    """Every metric and the learning rate over the epochs, the best epoch marked; a line where a new stage begins.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Matplotlib is not installed.
    """
    curves = find_curves(result.history, result.best, result.objective.monitor)
    columns = 2 if len(curves) in (2, 4) else min(len(curves), 3)
    rows = -(-len(curves) // columns)
    with figure(path, 4.3 * columns, 3.4 * rows + 0.5) as canvas:
        grid = canvas.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(curves) :]:
            axes.set_axis_off()
        for axes, curve in zip(grid.flat, curves, strict=False):
            _draw(axes, curve, result.history)
        canvas.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _draw(axes: Any, curve: Curve, history: tuple[EpochMetrics, ...]) -> None:
    epochs = [epoch.epoch for epoch in history]
    marker = "o" if len(history) == 1 else ""
    best = epochs[curve.best]
    axes.set_title(curve.title)
    if curve.validation is None:
        axes.plot(epochs, curve.training, FAINT, marker=marker)
    else:
        axes.plot(epochs, curve.training, BLUE, label="training", ls="--", marker=marker)
        axes.plot(epochs, curve.validation, ORANGE, label="validation", marker=marker)
        point = curve.validation[curve.best]
        axes.plot([best], [point], "o", ms=8, mfc="white", mec=ORANGE, mew=2, ls="", label="best epoch")
        axes.set_title(f"{curve.title}: {format_metric(curve.key, point)} in epoch {best}")
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    low, high = curve.bounds
    # A little above, so that the mark of the best epoch is whole.
    axes.set_ylim(low, high + 0.03 * (high - low))
    if curve.key == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    for place, stage in stage_starts(history):
        axes.axvline(place, color=FAINT, linewidth=1, linestyle=":")
        axes.annotate(
            stage,
            (place, 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, 4),
            textcoords="offset points",
            color=FAINT,
            fontsize=8,
        )
