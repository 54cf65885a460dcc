"""The pictures beside a model: learning curves, samples, confusion matrix."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Dataset, Part
from edgekit.progress import WARNINGS, Progress
from edgekit.training.plot_style import BLUE, FAINT, INK, ORANGE, figure, percent, shorten, undrawable
from edgekit.training.result import EpochMetrics, TrainingResult

_TILE = 128
"""Pixels of a photo in the sample grid."""

_MAX_CLASSES = 40
_MAX_ANNOTATED = 40


def write_pictures(
    result: TrainingResult, dataset: Dataset, folder: Path, progress: Progress = WARNINGS
) -> dict[str, Path]:
    """Draws all pictures of a training as PNG.

    Args:
        result: curves, confusion matrix and class names.
        dataset: for the samples.
        folder: where they go; it exists.
        progress: warned about names that no installed font can draw.

    Returns:
        ``learning_curves``, ``samples`` and ``confusion_matrix``, each with its file.

    Raises:
        OutputError: a file cannot be written.
        MissingExtraError: Matplotlib is not installed.
    """
    paths = {name: folder / f"{name}.png" for name in ("learning_curves", "samples", "confusion_matrix")}
    draw_learning_curves(result.history, result.best, paths["learning_curves"])
    draw_samples(dataset.train, dataset.class_names, paths["samples"], seed=result.config.seed)
    draw_confusion(result.confusion, dataset.class_names, paths["confusion_matrix"])
    boxes = undrawable(dataset.class_names)
    if boxes:
        progress.warn(
            f"No installed font has all letters of {shorten(', '.join(boxes), 60)}: the pictures show boxes there. "
            "Install a Noto font of that script."
        )
    return paths


def draw_learning_curves(history: Sequence[EpochMetrics], best: EpochMetrics, path: Path) -> None:
    """Accuracy and loss over the epochs, the best epoch marked; a line where a new stage begins."""
    epochs = [epoch.epoch for epoch in history]
    with figure(path, 9.0, 3.9) as canvas:
        accuracy, loss = canvas.subplots(1, 2)
        for axes, train, validation, point in (
            (accuracy, "accuracy", "val_accuracy", best.val_accuracy),
            (loss, "loss", "val_loss", best.val_loss),
        ):
            marker = "o" if len(history) == 1 else ""
            axes.plot(epochs, [getattr(e, train) for e in history], BLUE, label="training", ls="--", marker=marker)
            axes.plot(epochs, [getattr(e, validation) for e in history], ORANGE, label="validation", marker=marker)
            axes.plot([best.epoch], [point], "o", ms=8, mfc="white", mec=ORANGE, mew=2, ls="", label="best epoch")
            axes.set_xlabel("epoch")
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            _mark_stages(axes, history)
        low = min(min(e.accuracy, e.val_accuracy) for e in history)
        accuracy.set_ylim(max(0.0, low - 0.05), 1.015)
        accuracy.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        accuracy.set_title(f"Accuracy: {percent(best.val_accuracy)} in epoch {best.epoch}")
        loss.set_ylim(0, 1.08 * max(max(e.loss, e.val_loss) for e in history) or 1)
        loss.set_title(f"Loss: {best.val_loss:.3f} in epoch {best.epoch}")
        canvas.legend(*accuracy.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def draw_samples(part: Part, class_names: Sequence[str], path: Path, seed: int = 0) -> None:
    """A few photos of every class (of the first 40 where there are more), as the model sees them."""
    count = min(len(class_names), _MAX_CLASSES)
    per_class, columns = (6, 1) if count <= 8 else (5, 2) if count <= 20 else (4, 3)
    rows = -(-count // columns)
    random = np.random.default_rng(seed)
    tile = _tile_size(part.images.shape)
    with figure(path, columns * (per_class * 0.85 + 0.25), rows * (0.85 * tile[0] / tile[1] + 0.3) + 0.35) as canvas:
        note = "" if count == len(class_names) else f", {count} of {len(class_names)} classes"
        canvas.suptitle(
            f"Training photos as the model sees them{note}", fontsize=11, fontweight="bold", x=0.01, ha="left"
        )
        grid = canvas.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for label in range(count):
            axes = grid[label % rows, label // rows]
            axes.imshow(_strip(part, label, per_class, tile, random), cmap="gray", vmin=0, vmax=255)
            axes.set_title(shorten(class_names[label], 60), fontsize=9, fontweight="normal", pad=3)


def draw_confusion(confusion: Sequence[Sequence[int]], class_names: Sequence[str], path: Path) -> None:
    """Rows are the true classes, columns the answers; the color is the share of the row."""
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
        axes.set_title(f"{correct:,} of {total:,} validation photos right ({percent(correct / max(total, 1))})")
        if classes <= _MAX_ANNOTATED:
            _annotate(axes, counts, shares, size)


def _annotate(axes: Any, counts: NDArray[np.int64], shares: NDArray[np.float64], size: int) -> None:
    few = len(counts) <= 12
    for (row, column), count in np.ndenumerate(counts):
        if count or few:
            color = "white" if shares[row, column] > 0.5 else INK if count else "#C8C8C8"
            weight = "bold" if row == column else "normal"
            axes.text(column, row, f"{count}", ha="center", va="center", color=color, fontsize=size, fontweight=weight)


def _mark_stages(axes: Any, history: Sequence[EpochMetrics]) -> None:
    for before, after in itertools.pairwise(history):
        if before.stage != after.stage:
            axes.axvline(before.epoch + 0.5, color=FAINT, linewidth=1, linestyle=":")
            axes.annotate(
                after.stage,
                (before.epoch + 0.5, 0),
                xycoords=("data", "axes fraction"),
                xytext=(4, 4),
                textcoords="offset points",
                color=FAINT,
                fontsize=8,
            )


def _tile_size(shape: tuple[int, int, int]) -> tuple[int, int]:
    height, width, _ = shape
    scale = _TILE / max(height, width)
    return max(round(height * scale), 1), max(round(width * scale), 1)


def _strip(
    part: Part, label: int, per_class: int, tile: tuple[int, int], random: np.random.Generator
) -> NDArray[np.uint8]:
    """Some photos of a class side by side, on white."""
    from PIL import Image

    height, width = tile
    channels = part.images.shape[2]
    gap = 4
    strip = np.full((height, per_class * (width + gap) - gap, channels), 255, np.uint8)
    members = np.flatnonzero(part.labels == label)
    chosen = np.sort(random.permutation(members)[:per_class])
    for place, photo in enumerate(part.images.take(chosen)):
        picture = Image.fromarray(photo if channels == 3 else photo[:, :, 0])
        small = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS)).reshape(height, width, channels)
        strip[:, place * (width + gap) : place * (width + gap) + width] = small
    return strip if channels == 3 else strip[:, :, 0]
