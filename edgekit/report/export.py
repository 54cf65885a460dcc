"""What an export says when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edgekit.artifact import Check
from edgekit.manifest import ManifestEntry
from edgekit.report.table import format_difference, format_percent, format_size, format_table, text_width


class Failure(Protocol):
    """An artifact that is not there."""

    @property
    def file(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def log(self) -> str: ...


def export_text(folder: Path, entries: Sequence[ManifestEntry], failures: Sequence[Failure]) -> str:
    """A row for each artifact, how they were compared, what was not, then the failures with their logs."""
    parts = []
    if entries:
        values = all(entry.check.agreement is None and entry.check.relative_error is not None for entry in entries)
        header = ("file", "size", "error" if values else "agrees with Keras", "max difference")
        rows = [
            (
                entry.file,
                format_size(entry.size_bytes),
                format_check(entry.check),
                format_max_difference(entry.check),
            )
            for entry in entries
        ]
        parts += [
            format_table(header, rows, right=(1, 2, 3)),
            "",
            *_comparisons(entries),
            *(f"{entry.file}: {note}" for entry in entries for note in entry.check.notes),
            f"In {folder}/, with a README.md that shows how to run each.",
        ]
        parts += [f"\nNOT VERIFIED {entry.file}: {entry.check.reason}" for entry in entries if not entry.check.verified]
    parts += [
        f"\nFAILED {failure.file}: {failure.reason}\n  The converter's log: {failure.log}" for failure in failures
    ]
    return "\n".join(parts)


def format_check(check: Check) -> str:
    """Of a classifier how often it agreed, of any other model how large its error was."""
    if not check.verified:
        return "not verified"
    if check.agreement is not None:
        return format_percent(check.agreement)
    return "–" if check.relative_error is None else format_difference(check.relative_error)


def format_max_difference(check: Check) -> str:
    """The largest difference, where there is one."""
    return "–" if check.max_difference is None else format_difference(check.max_difference)


def _comparisons(entries: Sequence[ManifestEntry]) -> list[str]:
    """What the artifacts were run on and with: one sentence, or a line for each."""
    run = [entry for entry in entries if entry.check.engine is not None]
    ways = Counter((entry.check.inputs, entry.check.engine) for entry in run)
    if len(ways) < 2:
        return [f"Compared on {inputs} with {engine}." for inputs, engine in ways]
    most = Counter(entry.check.inputs for entry in run).most_common(1)[0][0]
    width = max(text_width(entry.file) for entry in run)
    lines = [f"Compared on {most} with:"]
    for entry in run:
        where = "" if entry.check.inputs == most else f", on {entry.check.inputs}"
        lines.append(f"  {entry.file}{' ' * (width - text_width(entry.file))}  {entry.check.engine}{where}")
    return lines
