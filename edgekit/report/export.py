"""What an export says when it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

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
    """A row for each artifact, how they were compared, then the failures with their logs."""
    parts = []
    if entries:
        values = all(entry.check["agreement"] is None for entry in entries)
        header = ("file", "size", "error" if values else "agrees with Keras", "max difference")
        rows = [
            (
                entry.file,
                format_size(entry.size_bytes),
                format_check(entry.check),
                format_difference(entry.check["max_difference"]),
            )
            for entry in entries
        ]
        parts += [
            format_table(header, rows, right=(1, 2, 3)),
            "",
            *_comparisons(entries),
            f"In {folder}/, with a README.md that shows how to run each.",
        ]
    parts += [
        f"\nFAILED {failure.file}: {failure.reason}\n  The converter's log: {failure.log}" for failure in failures
    ]
    return "\n".join(parts)


def format_check(check: Mapping[str, Any]) -> str:
    """Of a classifier how often it agreed, of any other model how large its error was."""
    if check["agreement"] is None:
        error = check.get("relative_error")
        return "–" if error is None else format_difference(error)
    return format_percent(check["agreement"])


def _comparisons(entries: Sequence[ManifestEntry]) -> list[str]:
    """What most artifacts were run on and with, and a line for each group that differs."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        groups.setdefault((entry.check["inputs"], entry.check["engine"]), []).append(entry.file)
    (inputs, engine), *others = sorted(groups, key=lambda group: -len(groups[group]))
    lines = [f"Compared on {inputs} with {engine}."]
    for group in others:
        where = "" if group[0] == inputs else f" on {group[0]}"
        lines.append(f"But {', '.join(groups[group])}{where} with {group[1]}.")
    return lines
