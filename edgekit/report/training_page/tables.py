"""Tables: the classes, the settings, the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.measure.per_class import ClassScores
from edgekit.report.training_page.markup import Content, Markup, tag
from edgekit.training.config import TrainingConfig
from edgekit.training.curves import format_metric, format_share
from edgekit.training.material import Material
from edgekit.training.result import TrainingResult

NOTHING = "–"
"""Stands where a value is not defined."""


def class_table(material: Material) -> Markup:
    """Precision, recall and F1 of each class; scripts may sort it, and without them it reads as well."""
    decisions = ["Found", "Missed", "False alarms"] if material.multi_label else []
    header = [
        "Label" if material.multi_label else "Class",
        "Training",
        "Validation",
        *decisions,
        "Precision",
        "Recall",
        "F1",
    ]
    trained = count_labels(material.dataset.train.labels, len(material.names))
    rows = [
        _class_row(item, name, count, bool(decisions))
        for item, name, count in zip(material.scores.classes, material.names, trained, strict=True)
    ]
    mean = material.scores
    foot = tag(
        "tr",
        tag("th", "Mean", scope="row"),
        [tag("td")] * (2 + len(decisions)),
        [_number(share_text(value), value) for value in (mean.precision, mean.recall)],
        _number(f1_text(mean.f1), mean.f1),
    )
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", title, scope="col") for title in header])),
        tag("tbody", rows),
        tag("tfoot", foot),
        cls="data sortable",
    )
    # The sentence stands outside of what scrolls.
    return tag("div", tag("p", _about_scores(material), cls="muted"), _scrolling(table, header[0]))


def _about_scores(material: Material) -> str:
    words = material.sample_word
    text = f"The {words} there are, and how those for validation were answered."
    unknown = any(value is None for item in material.scores.classes for value in (item.precision, item.recall))
    return f"{text} {NOTHING} where there was nothing to judge." if unknown else text


def settings_table(config: TrainingConfig) -> Markup:
    """Every setting; those that are not the default stand out."""
    chosen, defaults = config.to_dict(), TrainingConfig().to_dict()
    rows = [
        tag(
            "tr",
            tag("th", tag("code", name), scope="row"),
            tag("td", _value(value)),
            cls="changed" if value != defaults[name] else None,
        )
        for name, value in chosen.items()
    ]
    caption = "Bold: not the default."
    return _scrolling(tag("table", tag("caption", caption), tag("tbody", rows), cls="data pairs"), "Settings")


def facts_table(rows: Sequence[tuple[str, Content]], title: str) -> Markup:
    """Names and values."""
    cells = [tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows]
    return _scrolling(tag("table", tag("tbody", cells), cls="data pairs"), title)


def history_table(result: TrainingResult) -> Markup:
    """One row for each epoch."""
    names = list(dict.fromkeys(name for epoch in result.history for name in epoch.values))
    header = ["Epoch", "Stage", *(name.replace("_", " ") for name in names), "Seconds"]
    rows = [
        tag(
            "tr",
            _number(str(epoch.epoch), epoch.epoch),
            tag("td", epoch.stage, tag("b", " · best") if epoch.epoch == result.best.epoch else None),
            [_number(format_metric(name, epoch.values.get(name, np.nan)), None) for name in names],
            _number(f"{epoch.seconds:.1f}", epoch.seconds),
            cls="best" if epoch.epoch == result.best.epoch else None,
        )
        for epoch in result.history
    ]
    head = tag("thead", tag("tr", [tag("th", title, scope="col") for title in header]))
    return _scrolling(tag("table", head, tag("tbody", rows), cls="data history"), "Epochs")


def count_labels(labels: NDArray[np.integer], classes: int) -> list[int]:
    """How often each class occurs."""
    counts = labels.astype(bool).sum(axis=0) if labels.ndim == 2 else np.bincount(labels, minlength=classes)
    return [int(count) for count in counts]


def share_text(value: float | None) -> str:
    """A share as ``91.3 %``."""
    return NOTHING if value is None else format_share(value)


def f1_text(value: float | None) -> str:
    """An F1 score as ``0.913``."""
    return NOTHING if value is None else f"{value:.3f}"


def _class_row(item: ClassScores, name: str, trained: int, decisions: bool) -> Markup:
    counts = (item.true_positives, item.false_negatives, item.false_positives) if decisions else ()
    return tag(
        "tr",
        tag("th", name, scope="row", title=item.label if item.label != name else None),
        [_number(f"{count:,}", count) for count in (trained, item.support, *counts)],
        [_number(share_text(value), value) for value in (item.precision, item.recall)],
        _number(f1_text(item.f1), item.f1, bar=True),
    )


def _number(text: str, value: float | None, bar: bool = False) -> Markup:
    gauge = tag("span", cls="bar", style=f"--v:{value:.3f}") if bar and value is not None else None
    return tag("td", text, gauge, data_value=-1.0 if value is None else float(value))


def _value(value: Any) -> Content:
    if isinstance(value, dict):
        shown = {key: item for key, item in value.items() if item not in (0, False, None)}
        return ", ".join(f"{key} {_value(item)}" for key, item in shown.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(str(_value(item)) for item in value) or "none"
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _scrolling(table: Markup, title: str) -> Markup:
    """A wide table scrolls in itself, by keyboard, too."""
    return tag("div", table, cls="scroll", tabindex="0", role="region", aria_label=title)
