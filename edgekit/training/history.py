"""The history of a training as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from edgekit.files import write_text
from edgekit.training.result import EpochMetrics


def write_history(history: Sequence[EpochMetrics], best: EpochMetrics, path: Path) -> None:
    """Writes one line per epoch as CSV; the last column marks the best.

    Raises:
        OutputError: the file cannot be written.
    """
    names = list(dict.fromkeys(name for epoch in history for name in epoch.to_dict()))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*names, "best"])
    for epoch in history:
        row = epoch.to_dict()
        table.writerow([*(row.get(name, "") for name in names), int(epoch == best)])
    write_text(path, text.getvalue())
