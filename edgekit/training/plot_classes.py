"""Pictures of what was right and wrong, class by class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.measure.per_class import PerClass
from edgekit.training.curves import format_share
from edgekit.training.plot_style import BLUE, FAINT, INK, ORANGE, figure, shorten

_MAX_ANNOTATED = 40
_MAX_ROWS = 40


def draw_confusion(confusion: Sequence[Sequence[int]], class_names: Sequence[str], path: Path) -> None:
    """Rows are the true classes, columns the answers; the color is the share of the row.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Matplotlib is not installed.
    """
    counts = np.asarray(confusion)
    classes = len(counts)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    names = [shorten(name) for name in class_names]
    cell = 0.62 if classes <= 12 else 0.42 if classes <= 24 else 0.3 if classes <= _MAX_ANNOTATED else 0.14
    labels = 0.09 * max(map(len, names))
    side = max(classes * cell, 2.2)
    with figure(path, side + labels + 1.7, side + labels + 1.2) as canvas:
        axes = canvas.subplots()
        axes.grid(visible=False)
        drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        bar = canvas.colorbar(drawn, ax=axes, fraction=0.035, pad=0.03, format=lambda value, _: f"{100 * value:.0f} %")
        bar.outline.set_visible(False)
        bar.set_label("share of the true class")
        for spine in axes.spines.values():
            spine.set_visible(False)
        size = 9 if cell > 0.5 else 7 if cell > 0.35 else 6 if cell > 0.2 else 4
        axes.set_xticks(range(classes), names, rotation=90 if classes > 6 or labels > 1 else 0, fontsize=max(size, 5))
        axes.set_yticks(range(classes), names, fontsize=max(size, 5))
        axes.tick_params(length=0)
        axes.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="#EDEDED", linewidth=0.6)
        axes.tick_params(which="minor", length=0)
        axes.set_xlabel("the model's answer")
        axes.set_ylabel("true class")
        correct, total = int(np.trace(counts)), int(counts.sum())
        axes.set_title(f"{correct:,} of {total:,} validation photos right ({format_share(correct / max(total, 1))})")
        if classes <= _MAX_ANNOTATED:
            _annotate(axes, counts, shares, size)


def draw_decisions(scores: PerClass, path: Path) -> None:
    """For labels that exclude nothing: of each, the photos where it was found and missed, and the false alarms.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Matplotlib is not installed.
    """
    rows, note = _rows(scores)
    found = [item.true_positives for item in rows]
    missed = [item.false_negatives for item in rows]
    alarms = [item.false_positives for item in rows]
    with figure(path, 7.6, 0.3 * len(rows) + 1.5) as canvas:
        axes = _bars(canvas, [shorten(item.label) for item in rows])
        places = range(len(rows))
        axes.barh(places, found, 0.66, color=BLUE, label="found")
        axes.barh(places, missed, 0.66, left=found, color="#BBD7E9", label="missed")
        axes.barh(places, [-count for count in alarms], 0.66, color=ORANGE, label="false alarm")
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
        axes.set_xlabel("validation photos")
        axes.set_title(f"Decisions about each label{note}")
        canvas.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def draw_per_class(scores: PerClass, path: Path) -> None:
    """Precision, recall and F1 of each class as dots on one line.

    Raises:
        OutputError: the file cannot be written.
        MissingExtraError: Matplotlib is not installed.
    """
    rows, note = _rows(scores)
    with figure(path, 7.6, 0.3 * len(rows) + 1.5) as canvas:
        axes = _bars(canvas, [f"{shorten(item.label)}  ({item.support:,})" for item in rows])
        for place, item in enumerate(rows):
            known = [value for value in (item.precision, item.recall) if value is not None]
            if known:
                axes.plot([min(known), max(known)], [place, place], color="#C9C9C9", linewidth=2, zorder=1)
        for name, marker, color in (("precision", "o", BLUE), ("recall", "D", ORANGE), ("f1", "|", INK)):
            values = [getattr(item, name) for item in rows]
            axes.plot(
                [np.nan if value is None else value for value in values],
                range(len(rows)),
                ls="",
                marker=marker,
                color=color,
                ms=9 if marker == "|" else 6,
                mew=2 if marker == "|" else 0,
                label="F1" if name == "f1" else name,
            )
        lowest = min((v for item in rows for v in (item.precision, item.recall) if v is not None), default=0.0)
        axes.set_xlim(max(-0.02, math.floor(10 * lowest - 0.5) / 10), 1.02)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        mean = "–" if scores.f1 is None else f"{scores.f1:.3f}"
        axes.set_title(f"Each class on the validation photos, mean F1 {mean}{note}")
        canvas.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _rows(scores: PerClass) -> tuple[list[Any], str]:
    """The classes to show: all, or those with the lowest F1, and a note that says so."""
    if len(scores.classes) <= _MAX_ROWS:
        return list(scores.classes), ""
    worst = sorted(scores.classes, key=lambda item: 2.0 if item.f1 is None else item.f1)[:_MAX_ROWS]
    return worst, f" (the {_MAX_ROWS} with the lowest F1 of {len(scores.classes):,})"


def _bars(canvas: Any, names: Sequence[str]) -> Any:
    axes = canvas.subplots()
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    return axes


def _annotate(axes: Any, counts: NDArray[np.int64], shares: NDArray[np.float64], size: int) -> None:
    few = len(counts) <= 12
    for (row, column), count in np.ndenumerate(counts):
        if count or few:
            color = "white" if shares[row, column] > 0.5 else INK if count else "#C8C8C8"
            weight = "bold" if row == column else "normal"
            axes.text(column, row, f"{count}", ha="center", va="center", color=color, fontsize=size, fontweight=weight)
