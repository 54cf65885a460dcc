"""One exported model: what is asked for, what came of it, and how it was proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.digest import digest_of, size_of
from edgekit.errors import UsageError
from edgekit.spec import ModelSpec


@dataclass(frozen=True)
class ArtifactRequest:
    """What a user asks for with ``format[:precision]``, as in ``tflite:int8``."""

    format: str
    precision: str

    def __str__(self) -> str:
        return f"{self.format}:{self.precision}"


@dataclass(frozen=True)
class Artifact:
    """One exported model: a file, or a folder for the formats that are folders.

    Attributes:
        path: where it lies.
        format: ``tflite``, ...
        precision: ``fp32``, ``int8``, ...
        size_bytes: of the file, or of all files of the folder.
        digest: SHA-256 (hex) of the file, or over the names and digests of a folder's files.
        spec: what it takes and answers.
        notes: what its user should know, a sentence each.
    """

    path: Path
    format: str
    precision: str
    size_bytes: int
    digest: str
    spec: ModelSpec
    notes: tuple[str, ...] = ()

    @classmethod
    def at(cls, path: Path, format: str, precision: str, spec: ModelSpec, notes: tuple[str, ...] = ()) -> Artifact:
        """Describes what lies at ``path``."""
        return cls(path, format, precision, size_of(path), digest_of(path), spec, notes)


@dataclass(frozen=True)
class Check:
    """How an artifact was proved after writing.

    Attributes:
        inputs: what it was run on, for a person.
        engine: what ran it, with version and kernels; ``None`` where nothing here can.
        parity: how far it agreed, as in ``measure.parity.Parity.to_dict``; empty where it was not run.
        reason: why it was not run, a sentence.
        notes: what its user should know, a sentence each.
    """

    inputs: str = ""
    engine: str | None = None
    parity: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether it has run, and agreed."""
        return self.engine is not None

    @property
    def agreement(self) -> float | None:
        """The share of inputs with the same answer, 0..1; ``None`` where it was not run, or has no classes."""
        return self.parity.get("agreement")

    @property
    def max_difference(self) -> float | None:
        """The largest difference of any value."""
        return self.parity.get("max_difference")

    @property
    def relative_error(self) -> float | None:
        """Of a model without classes, see ``measure.values.ValueParity``."""
        return self.parity.get("relative_error")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, in one level."""
        return {
            "verified": self.verified,
            "engine": self.engine,
            "inputs": self.inputs,
            "reason": self.reason,
            "notes": list(self.notes),
            **self.parity,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Check:
        """Reads what :meth:`to_dict` gives; fields of the wrong type are left out."""
        own = {"verified", "engine", "inputs", "reason", "notes"}
        engine, inputs, reason = (document.get(name) for name in ("engine", "inputs", "reason"))
        notes = document.get("notes")
        return cls(
            inputs=inputs if isinstance(inputs, str) else "",
            engine=engine if isinstance(engine, str) else None,
            parity={name: value for name, value in document.items() if name not in own and _is_figure(name, value)},
            reason=reason if isinstance(reason, str) else None,
            notes=tuple(note for note in notes if isinstance(note, str)) if isinstance(notes, list) else (),
        )


_FIGURES = ("agreement", "max_difference", "mean_difference", "relative_error")


def _is_figure(name: str, value: object) -> bool:
    return name not in _FIGURES or value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def parse_request(text: str, formats: dict[str, tuple[str, ...]]) -> ArtifactRequest:
    """Reads ``format[:precision]``.

    Args:
        text: as in ``tflite:int8``; without a precision the format's first is meant.
        formats: each known format with its precisions.

    Raises:
        UsageError: an unknown format or precision; the message lists those there are.
    """
    format, colon, precision = text.strip().partition(":")
    if format not in formats:
        raise UsageError(f"Unknown format {format!r}. Known: {', '.join(sorted(formats))}.")
    precisions = formats[format]
    if colon and precision not in precisions:
        raise UsageError(f"{format} has no precision {precision!r}. Known: {', '.join(precisions)}.")
    return ArtifactRequest(format, precision or precisions[0])
