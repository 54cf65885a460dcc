"""What a training says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.data import DataReport
from edgekit.measure.accuracy import wilson_interval
from edgekit.report.program import program_name
from edgekit.report.table import format_percent
from edgekit.training.curves import format_metric
from edgekit.training.result import EpochMetrics, TrainingResult


def training_text(result: TrainingResult, data: DataReport, path: Path, pictures: Mapping[str, Path]) -> str:
    """The metrics of the best and of the last epoch, the files, and the next step."""
    best, last, photos = result.best, result.last, data.total("validation")
    samples = "samples" if result.spec.image is None else "photos"
    monitor = result.objective.monitor
    lines = [
        f"{result.model_name} ({describe_origin(result.weights)}, {result.parameters:,} parameters), "
        f"trained in {format_seconds(sum(time.seconds for time in result.times))}",
        "",
        f"  best  epoch {best.epoch:>3}  {_metrics(best, monitor, photos)}   (kept)",
        f"  last  epoch {last.epoch:>3}  {_metrics(last, monitor, photos)}",
        "",
        _explanation(monitor, photos, samples),
        *([result.ended] if result.ended else []),
        "",
    ]
    if "report" in pictures:
        lines.append(f"Report:    {pictures['report']}")
    lines.append(f"Model:     {path}")
    folders = dict.fromkeys(file.parent for name, file in pictures.items() if name != "report")
    lines += [f"Pictures:  {folder}" for folder in folders]
    lines += ["", f"Next: {program_name()} export {path} --to tflite:fp32,tflite:int8 -o dist"]
    return "\n".join(lines)


def training_document(
    result: TrainingResult, data: DataReport, path: Path, pictures: Mapping[str, Path]
) -> dict[str, Any]:
    """The JSON document of ``edgekit train --json``."""
    return {
        "file": str(path),
        "pictures": {name: str(file) for name, file in pictures.items()},
        "data": data.to_dict(),
        **result.to_dict(),
    }


def describe_origin(weights: str) -> str:
    """What the training started from, for a person."""
    if weights == "none":
        return "from scratch"
    return "imagenet weights" if weights == "imagenet" else f"weights of {Path(weights).name}"


def format_seconds(seconds: float) -> str:
    """A time for a person: ``41 s``, ``11 min 32 s``, ``3 h 05 min``."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def _metrics(epoch: EpochMetrics, monitor: str, photos: int) -> str:
    loss = f"loss {epoch.val_loss:.3f}"
    if monitor != "val_accuracy":
        f1 = format_metric(monitor, epoch.values[monitor])
        return f"validation F1 {f1}, right decisions {format_percent(epoch.val_accuracy)}, {loss}"
    low, high = wilson_interval(round(epoch.val_accuracy * photos), photos)
    return f"validation top-1 {format_percent(epoch.val_accuracy)} ± {50 * (high - low):.1f}, {loss}"


def _explanation(monitor: str, photos: int, samples: str) -> str:
    if monitor != "val_accuracy":
        return f"F1 is the mean over the labels, on {photos:,} validation {samples}."
    return f"Top-1 is on {photos:,} validation {samples}; ± is half of its 95 % interval."
