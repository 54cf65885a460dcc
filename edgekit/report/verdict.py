"""The verdict table: one row an artifact, with what was measured and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.measure.accuracy import Accuracy
from edgekit.measure.parity import Parity, Verdict
from edgekit.report.table import format_difference, format_percent, format_size, format_table

VERIFY_SCHEMA = 1


@dataclass(frozen=True)
class VerifyRow:
    """One artifact against its reference.

    Attributes:
        file: its name.
        format, precision, size_bytes: as in the manifest.
        engine: what ran it, with version and kernels; ``None`` where it could not be run.
        accuracy: on the labelled photos; ``None`` where it could not be run.
        parity: with the reference; ``None`` where it could not be run.
        verdict: whether it passed, why not, and what else should be known.
    """

    file: str
    format: str
    precision: str
    size_bytes: int
    engine: str | None
    accuracy: Accuracy | None
    parity: Parity | None
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "format": self.format,
            "precision": self.precision,
            "size_bytes": self.size_bytes,
            "engine": self.engine,
            "accuracy": self.accuracy.to_dict() if self.accuracy else None,
            "parity": self.parity.to_dict() if self.parity else None,
            "passed": self.verdict.passed,
            "reasons": list(self.verdict.reasons),
            "notes": list(self.verdict.notes),
        }


@dataclass(frozen=True)
class VerifyReport:
    """All artifacts of a folder against the model they were made from.

    Attributes:
        reference: name of the reference file.
        reference_size: bytes of the reference file; ``None`` for a model that was not saved.
        reference_accuracy: of the Keras model on the same photos.
        photos: how many photos were compared.
        source: where they come from.
        trained_on: how many of them the model was trained on; ``None`` where nobody knows.
        caution: why the accuracy flatters, a sentence, or ``None``.
        rows: one an artifact.
    """

    reference: str
    reference_size: int | None
    reference_accuracy: Accuracy
    photos: int
    source: str
    trained_on: int | None
    caution: str | None
    rows: tuple[VerifyRow, ...]

    @property
    def passed(self) -> bool:
        """Whether every artifact passed."""
        return all(row.verdict.passed for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of ``edgekit verify --json``."""
        return {
            "schema": VERIFY_SCHEMA,
            "passed": self.passed,
            "reference": {
                "file": self.reference,
                "size_bytes": self.reference_size,
                "accuracy": self.reference_accuracy.to_dict(),
            },
            "photos": self.photos,
            "source": self.source,
            "trained_on": self.trained_on,
            "caution": self.caution,
            "artifacts": [row.to_dict() for row in self.rows],
        }

    def to_text(self) -> str:
        """The table for a terminal."""
        header = ("model", "size", "top-1", "95 % interval", "agreement", "max difference", "verdict")
        size = "–" if self.reference_size is None else format_size(self.reference_size)
        rows = [(self.reference, size, *format_accuracy(self.reference_accuracy), "", "", "")]
        rows += [
            (
                row.file,
                format_size(row.size_bytes),
                *(format_accuracy(row.accuracy) if row.accuracy else ("-", "-")),
                format_percent(row.parity.agreement) if row.parity else "-",
                format_difference(row.parity.max_difference) if row.parity else "-",
                "ok" if row.verdict.passed else "FAILED",
            )
            for row in self.rows
        ]
        lines = [f"{self.photos} photos of {self.source}", "", format_table(header, rows, right=(1, 2, 3, 4, 5))]
        if self.caution:
            lines.append(f"\nCaution: {self.caution}")
        lines += [
            f"\n{row.file}: {reason}" for row in self.rows for reason in (*row.verdict.reasons, *row.verdict.notes)
        ]
        return "\n".join(lines)


def format_accuracy(accuracy: Accuracy) -> tuple[str, str]:
    """Top-1 and its interval, as two cells."""
    return format_percent(accuracy.top1), f"{100 * accuracy.low:.1f} – {100 * accuracy.high:.1f}"
