"""The learning curves as SVG that takes its colors from the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from edgekit.report.training_page.markup import Content, Markup, tag
from edgekit.training.curves import Curve, find_curves, format_metric, stage_starts
from edgekit.training.result import EpochMetrics, TrainingResult

_WIDTH, _HEIGHT = 340, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 18, 26


def learning_curves(result: TrainingResult) -> Markup:
    """One chart for each metric, side by side where there is room."""
    history = result.history
    curves = find_curves(history, result.best, result.objective.monitor)
    legend = tag(
        "p",
        tag("span", _key("line validation"), "validation"),
        tag("span", _key("line training"), "training"),
        tag("span", _key("best"), "best epoch"),
        cls="legend",
    )
    return tag("div", legend, tag("div", [_figure(curve, history) for curve in curves], cls=f"charts of{len(curves)}"))


def nice_ticks(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """At most about ``count`` round numbers from ``low`` to ``high``, steps of 1, 2 or 5."""
    if not high > low:
        return (low,)
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(index * step, 12) for index in range(first, last + 1))


class _Scale:
    """From epochs and values to places in the drawing."""

    def __init__(self, epochs: Sequence[int], low: float, high: float) -> None:
        self.first, self.last = epochs[0], epochs[-1]
        self.low, self.high = low, high

    def x(self, epoch: float) -> float:
        width = _WIDTH - _LEFT - _RIGHT
        if self.last == self.first:
            return _LEFT + width / 2
        return round(_LEFT + width * (epoch - self.first) / (self.last - self.first), 1)

    def y(self, value: float) -> float:
        height = _HEIGHT - _TOP - _BOTTOM
        return round(_TOP + height * (1 - (value - self.low) / ((self.high - self.low) or 1)), 1)


def _figure(curve: Curve, history: Sequence[EpochMetrics]) -> Markup:
    best = history[curve.best].epoch
    last = history[-1].epoch
    value = curve.training[curve.best] if curve.validation is None else curve.validation[curve.best]
    summary = f"{format_metric(curve.key, value)} in epoch {best}"
    described = f"{curve.title} over {last} epochs: {summary}. The values are in the table of all epochs."
    return tag(
        "figure",
        tag("figcaption", tag("strong", curve.title), " ", tag("span", summary, cls="muted")),
        tag(
            "svg",
            list(_parts(curve, history)),
            cls="chart",
            viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
            role="img",
            aria_label=described,
        ),
    )


def _parts(curve: Curve, history: Sequence[EpochMetrics]) -> Iterator[Content]:
    epochs = [epoch.epoch for epoch in history]
    scale = _Scale(epochs, *curve.bounds)
    floor = _HEIGHT - _BOTTOM
    ticks = nice_ticks(scale.low, scale.high)
    for value in ticks:
        y = scale.y(value)
        yield tag("line", cls="grid", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y)
        yield tag("text", _tick(curve.key, value, ticks), x=_LEFT - 6, y=y + 4, text_anchor="end")
    for epoch in _epoch_ticks(epochs):
        yield tag("text", str(epoch), x=scale.x(epoch), y=floor + 17, text_anchor="middle")
    yield tag("line", cls="axis", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=floor, y2=floor)
    yield from _stages(history, scale)
    alone = curve.validation is None
    yield from _line(curve.training, epochs, scale, "line validation" if alone else "line training")
    if curve.validation is not None:
        yield from _line(curve.validation, epochs, scale, "line validation")
        point = curve.validation[curve.best]
        if math.isfinite(point):
            yield tag("circle", cls="best", cx=scale.x(epochs[curve.best]), cy=scale.y(point), r=4.5)
    yield from _hints(curve, epochs, scale)


def _stages(history: Sequence[EpochMetrics], scale: _Scale) -> Iterator[Markup]:
    """A line where a stage begins, its name above; a name that would run into the one before is left out."""
    taken = 0.0
    for place, stage in stage_starts(history):
        x = scale.x(place)
        width = 5.5 * len(stage)
        # Left of its line where there is no room right of it, and then with an arrow.
        room = x + 3 + width <= _WIDTH
        name, left, anchor = (stage, x + 3, None) if room else (f"{stage} →", x - 3, "end")
        start = left if room else left - width - 12
        yield tag("line", tag("title", stage), cls="stage", x1=x, x2=x, y1=3, y2=_HEIGHT - _BOTTOM)
        if start >= taken:
            taken = start + width + 12
            yield tag("text", name, cls="note", x=left, y=11, text_anchor=anchor)


def _line(values: Sequence[float], epochs: Sequence[int], scale: _Scale, cls: str) -> Iterator[Markup]:
    """A line, broken where a value is no number; a single value is a dot."""
    run: list[tuple[float, float]] = []
    for epoch, value in (*zip(epochs, values, strict=True), (0, math.nan)):
        if math.isfinite(value):
            run.append((scale.x(epoch), scale.y(value)))
            continue
        if len(run) == 1:
            yield tag("circle", cls=cls.replace("line", "dot"), cx=run[0][0], cy=run[0][1], r=3)
        elif run:
            yield tag("polyline", cls=cls, points=" ".join(f"{x:g},{y:g}" for x, y in run))
        run = []


def _hints(curve: Curve, epochs: Sequence[int], scale: _Scale) -> Iterator[Markup]:
    """An invisible column for each epoch, whose tooltip has its values."""
    half = (scale.x(epochs[-1]) - scale.x(epochs[0])) / max(len(epochs) - 1, 1) / 2 or 20
    for index, epoch in enumerate(epochs):
        training = format_metric(curve.key, curve.training[index])
        text = f"Epoch {epoch}: {training}"
        if curve.validation is not None:
            text = f"Epoch {epoch}\nvalidation {format_metric(curve.key, curve.validation[index])}\ntraining {training}"
        yield tag(
            "rect",
            tag("title", text),
            cls="hint",
            x=round(scale.x(epoch) - half, 1),
            y=_TOP,
            width=round(2 * half, 1),
            height=_HEIGHT - _TOP - _BOTTOM,
        )


def _epoch_ticks(epochs: Sequence[int]) -> tuple[int, ...]:
    ticks = {int(value) for value in nice_ticks(epochs[0], epochs[-1]) if value == int(value)}
    # The first and the last epoch have a number, and no other stands in their way.
    span = epochs[-1] - epochs[0]
    inner = {tick for tick in ticks if min(tick - epochs[0], epochs[-1] - tick) > 0.08 * span}
    return tuple(sorted({epochs[0], epochs[-1]} | inner))


def _tick(key: str, value: float, ticks: Sequence[float]) -> str:
    if key == "accuracy":
        return f"{100 * value:.{0 if all(abs(round(100 * tick) - 100 * tick) < 1e-6 for tick in ticks) else 1}f} %"
    # All with the digits of the longest: 0.5 and 1.0. Very small ones are powers of ten.
    texts = [f"{tick:g}" for tick in ticks]
    if any("e" in text for text in texts):
        return f"{value:g}"
    digits = max(len(text.partition(".")[2]) for text in texts)
    return f"{value:.{digits}f}" if value else "0"


def _key(cls: str) -> Markup:
    mark = tag("circle", cls="best", cx=12, cy=6, r=4.5) if cls == "best" else tag("path", cls=cls, d="M1 6H23")
    return tag("svg", mark, viewBox="0 0 24 12", width=24, height=12, aria_hidden="true")
