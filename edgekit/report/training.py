"""What a training says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.data import DataReport
from edgekit.report.table import format_percent
from edgekit.training.result import EpochMetrics, TrainingResult


def training_text(result: TrainingResult, data: DataReport, path: Path, pictures: Mapping[str, Path]) -> str:
    """The metrics of the best and of the last epoch, the files, and the next step."""
    best, last = result.best, result.last
    lines = [
        f"{result.model_name} ({result.weights} weights, {result.parameters:,} parameters), "
        f"trained in {sum(time.seconds for time in result.times):.0f} s",
        "",
        f"  best  epoch {best.epoch:>3}  {_metrics(best)}   (kept)",
        f"  last  epoch {last.epoch:>3}  {_metrics(last)}",
        "",
        f"Model:     {path}",
    ]
    lines += [f"{'Pictures:' if index == 0 else '':<10} {file}" for index, file in enumerate(pictures.values())]
    lines += ["", f"Next: edgekit export {path} --to tflite:fp32,tflite:int8 -o dist"]
    return "\n".join([*data.notes(), "", *lines])


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


def _metrics(epoch: EpochMetrics) -> str:
    return f"validation top-1 {format_percent(epoch.val_accuracy, 2)}, loss {epoch.val_loss:.3f}"
