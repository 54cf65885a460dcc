"""What a training says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.data import DataReport
from edgekit.measure.accuracy import wilson_interval
from edgekit.report.program import program_name
from edgekit.report.table import format_percent
from edgekit.training.result import EpochMetrics, TrainingResult


def training_text(result: TrainingResult, data: DataReport, path: Path, pictures: Mapping[str, Path]) -> str:
    """The metrics of the best and of the last epoch, the files, and the next step."""
    best, last, photos = result.best, result.last, data.total("validation")
    lines = [
        f"{result.model_name} ({_origin(result.weights)}, {result.parameters:,} parameters), "
        f"trained in {sum(time.seconds for time in result.times):.0f} s",
        "",
        f"  best  epoch {best.epoch:>3}  {_metrics(best, photos)}   (kept)",
        f"  last  epoch {last.epoch:>3}  {_metrics(last, photos)}",
        "",
        f"Top-1 is on {photos:,} validation photos; ± is half of its 95 % interval.",
        "",
        f"Model:     {path}",
    ]
    lines += [f"{'Pictures:' if index == 0 else '':<10} {file}" for index, file in enumerate(pictures.values())]
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


def _origin(weights: str) -> str:
    """What the training started from, for a person."""
    if weights == "none":
        return "from scratch"
    return "imagenet weights" if weights == "imagenet" else f"weights of {Path(weights).name}"


def _metrics(epoch: EpochMetrics, photos: int) -> str:
    low, high = wilson_interval(round(epoch.val_accuracy * photos), photos)
    interval = f"{format_percent(epoch.val_accuracy)} ± {50 * (high - low):.1f}"
    return f"validation top-1 {interval}, loss {epoch.val_loss:.3f}"
