"""The verdict table: one row an artifact, with what was measured and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.measure.accuracy import Accuracy
from edgekit.measure.comparison import AnyAccuracy
from edgekit.measure.judging import Verdict
from edgekit.measure.multi_label import MultiLabelAccuracy
from edgekit.measure.parity import Parity
from edgekit.measure.values import ValueParity
from edgekit.report.table import format_difference, format_percent, format_size, format_table

VERIFY_SCHEMA = 1


@dataclass(frozen=True)
class VerifyRow:
    """One artifact against its reference.

    Attributes:
        file: its name.
        format, precision, size_bytes: as in the manifest.
        engine: what ran it, with version and kernels; ``None`` where it could not be run.
        accuracy: on the labelled photos; ``None`` where it could not be run, or nobody knows the labels.
        parity: with the reference; ``None`` where it could not be run.
        verdict: whether it passed, why not, and what else should be known.
        can_run: whether anything here can run it; where nothing can, nobody knows whether it is right.
    """

    file: str
    format: str
    precision: str
    size_bytes: int
    engine: str | None
    accuracy: AnyAccuracy | None
    parity: Parity | ValueParity | None
    verdict: Verdict
    can_run: bool = True

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.verdict.passed:
            return "ok"
        if not self.can_run:
            return "not run here"
        return "FAILED" if self.verdict.decided else "not verified"

    def to_dict(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "format": self.format,
            "precision": self.precision,
            "size_bytes": self.size_bytes,
            "engine": self.engine,
            **_accuracy_fields(self.accuracy),
            "parity": self.parity.to_dict() if self.parity else None,
            "can_run": self.can_run,
            "passed": self.verdict.passed,
            "decided": self.verdict.decided,
            "reasons": list(self.verdict.reasons),
            "notes": list(self.verdict.notes),
        }


@dataclass(frozen=True)
class VerifyReport:
    """All artifacts of a folder against the model they were made from.

    Attributes:
        reference: name of the reference file.
        reference_size: bytes of the reference file; ``None`` for a model that was not saved.
        reference_accuracy: of the Keras model on the same photos; ``None`` where nobody knows the labels.
        photos: how many photos (or samples) were compared.
        source: where they come from.
        trained_on: how many of them the model was trained on; ``None`` where nobody knows.
        caution: why the accuracy flatters, a sentence, or ``None``.
        rows: one an artifact.
        unit: what was compared: ``photos`` or ``samples``.
    """

    reference: str
    reference_size: int | None
    reference_accuracy: AnyAccuracy | None
    photos: int
    source: str
    trained_on: int | None
    caution: str | None
    rows: tuple[VerifyRow, ...]
    unit: str = "photos"

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
                **_accuracy_fields(self.reference_accuracy),
            },
            "photos": self.photos,
            "unit": self.unit,
            "source": self.source,
            "trained_on": self.trained_on,
            "caution": self.caution,
            "artifacts": [row.to_dict() for row in self.rows],
        }

    def to_text(self) -> str:
        """The table for a terminal."""
        columns = accuracy_columns(self.reference_accuracy)
        error = any(isinstance(row.parity, ValueParity) for row in self.rows)
        header = ("model", "size", *columns, "error" if error else "agreement", "max difference", "verdict")
        size = "–" if self.reference_size is None else format_size(self.reference_size)
        rows = [(self.reference, size, *format_accuracy(self.reference_accuracy), "", "", "")]
        rows += [
            (
                row.file,
                format_size(row.size_bytes),
                *(format_accuracy(row.accuracy) if row.accuracy else ("-",) * len(columns)),
                _agreement(row.parity),
                format_difference(row.parity.max_difference) if row.parity else "-",
                row.outcome,
            )
            for row in self.rows
        ]
        right = range(1, len(header) - 1)
        lines = [f"{self.photos} {self.unit} of {self.source}", "", format_table(header, rows, right=right)]
        if isinstance(self.reference_accuracy, MultiLabelAccuracy):
            lines.append(f"\n{_MULTI_LABEL_NOTE}")
        if error:
            lines.append(f"\n{_VALUES_NOTE}")
        if self.caution:
            lines.append(f"\nCaution: {self.caution}")
        lines += [
            f"\n{row.file}: {reason}" for row in self.rows for reason in (*row.verdict.reasons, *row.verdict.notes)
        ]
        return "\n".join(lines)


_MULTI_LABEL_NOTE = (
    "exact match: photos with all their labels and no other. label accuracy: right decisions of all pairs of\n"
    "photo and label. macro F1: the mean over the labels. agreement: photos with the same labels."
)
_VALUES_NOTE = "error: root mean square of the difference, as a share of how much the Keras model's values vary."


def accuracy_columns(accuracy: AnyAccuracy | None) -> tuple[str, ...]:
    """The titles over :func:`format_accuracy`."""
    if accuracy is None:
        return ()
    if isinstance(accuracy, Accuracy):
        return ("top-1", "95 % interval")
    return ("exact match", "95 % interval", "label accuracy", "macro F1")


def format_accuracy(accuracy: AnyAccuracy | None) -> tuple[str, ...]:
    """The figure that matters with its interval, and of many labels two more, as cells."""
    if accuracy is None:
        return ()
    interval = f"{100 * accuracy.low:.1f} – {100 * accuracy.high:.1f}"
    if isinstance(accuracy, Accuracy):
        return format_percent(accuracy.top1), interval
    f1 = "-" if accuracy.macro_f1 is None else f"{accuracy.macro_f1:.3f}"
    return format_percent(accuracy.exact_match), interval, format_percent(accuracy.label_accuracy), f1


def _agreement(parity: Parity | ValueParity | None) -> str:
    if parity is None:
        return "-"
    return (
        format_difference(parity.relative_error)
        if isinstance(parity, ValueParity)
        else format_percent(parity.agreement)
    )


def _accuracy_fields(accuracy: AnyAccuracy | None) -> dict[str, Any]:
    single = accuracy if isinstance(accuracy, Accuracy) else None
    several = accuracy if isinstance(accuracy, MultiLabelAccuracy) else None
    return {
        "accuracy": single.to_dict() if single else None,
        "multi_label": several.to_dict() if several else None,
    }
