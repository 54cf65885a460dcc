"""What an export says when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edgekit.artifact import ManifestEntry
from edgekit.report.table import format_difference, format_percent, format_size, format_table


class Failure(Protocol):
    """An artifact that is not there."""

    @property
    def file(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def log(self) -> str: ...


def export_text(folder: Path, entries: Sequence[ManifestEntry], failures: Sequence[Failure]) -> str:
    """A row for each artifact, then the failures with their logs, then the next step."""
    parts = []
    if entries:
        header = ("file", "size", "agrees with Keras", "max difference", "checked with")
        rows = [
            (
                entry.file,
                format_size(entry.size_bytes),
                format_percent(entry.check["agreement"]),
                format_difference(entry.check["max_difference"]),
                f"{entry.check['engine']} on {entry.check['inputs']}",
            )
            for entry in entries
        ]
        parts += [
            format_table(header, rows, right=(1, 2, 3)),
            f"\nIn {folder}/, with a README.md that shows how to run each.",
        ]
    parts += [
        f"\nFAILED {failure.file}: {failure.reason}\n  The converter's log: {failure.log}" for failure in failures
    ]
    return "\n".join(parts)
