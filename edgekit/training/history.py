"""The history of a training as a table."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

from edgekit.files import write_text
from edgekit.training.result import EpochMetrics, TrainingResult


def write_history(result: TrainingResult, path: Path) -> None:
    """Writes one line per epoch as CSV; the last column marks the best.

    Raises:
        OutputError: the file cannot be written.
    """
    names = [field.name for field in dataclasses.fields(EpochMetrics)]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*names, "best"])
    for epoch in result.history:
        table.writerow([*dataclasses.astuple(epoch), int(epoch == result.best)])
    write_text(path, text.getvalue())
