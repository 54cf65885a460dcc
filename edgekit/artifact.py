"""Artifacts, their names, and the manifest of an export folder."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.errors import ModelFileError, SpecError, UsageError
from edgekit.files import write_text
from edgekit.spec import ModelSpec

MANIFEST_NAME = "manifest.json"
MANIFEST_SCHEMA = 1

NOT_OURS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave in each folder that somebody looks into: no part of an artifact."""


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


@dataclass(frozen=True)
class ManifestEntry:
    """One line of a manifest; paths are relative to the manifest.

    Attributes:
        check: how the artifact was proved after writing.
        log: the converter's own log.
        verification: what ``edgekit verify`` found last: ``source``, the photos, and ``result``, see
            :meth:`edgekit.report.verdict.VerifyRow.to_dict`; ``None`` before.
    """

    file: str
    format: str
    precision: str
    size_bytes: int
    digest: str
    check: Check = field(default_factory=Check)
    log: str | None = None
    verification: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return fields | {"check": self.check.to_dict()}


@dataclass(frozen=True)
class Manifest:
    """All artifacts of one export folder, with the spec that they share.

    Attributes:
        name: of the model.
        spec: what every artifact takes and answers.
        artifacts: a line for each.
        adaptation: what was put around a model that EdgeKit did not train, see
            :meth:`edgekit.adaptation.Adaptation.to_dict`; ``None`` for one that it did.
        source_digest: SHA-256 (hex) of the file or folder of such a model, or of the weights of one in
            memory; ``None`` where there is none.
    """

    name: str
    spec: ModelSpec
    artifacts: tuple[ManifestEntry, ...]
    adaptation: Mapping[str, Any] | None = None
    source_digest: str | None = None

    def same_model(self, other: Manifest) -> bool:
        """Whether both are of the same model, with the same things put around it."""
        here, there = self.source_digest, other.source_digest
        return self.spec.same_model(other.spec) and self.adaptation == other.adaptation and here == there

    def merged(self, older: Manifest) -> Manifest:
        """This manifest plus the older one's entries for files that this one does not name."""
        names = {entry.file for entry in self.artifacts}
        kept = tuple(entry for entry in older.artifacts if entry.file not in names)
        return dataclasses.replace(self, artifacts=kept + self.artifacts)

    def write(self, folder: Path) -> None:
        document = {
            "schema": MANIFEST_SCHEMA,
            "name": self.name,
            "spec": self.spec.to_dict(),
            "adaptation": self.adaptation,
            "source_digest": self.source_digest,
            "artifacts": [entry.to_dict() for entry in self.artifacts],
        }
        write_text(folder / MANIFEST_NAME, json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Reads ``folder/manifest.json``.

        Raises:
            ModelFileError: missing, not JSON, incomplete, newer, or with a path that leaves the folder.
            SpecError: its spec is incomplete or newer.
        """
        path = folder / MANIFEST_NAME
        if not os.path.lexists(path):
            raise _no_export_folder(folder)
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(path, str(error)) from error
        if not isinstance(document, dict) or type(document.get("schema")) is not int:
            raise _unreadable(path, "it has no schema number")
        if document["schema"] > MANIFEST_SCHEMA:
            raise ModelFileError(f"{path} was written by a newer EdgeKit. Upgrade EdgeKit.")
        name, artifacts = document.get("name"), document.get("artifacts")
        if not isinstance(name, str) or not isinstance(artifacts, list):
            raise _unreadable(path, "its name or its list of artifacts is missing")
        adaptation, source = document.get("adaptation"), document.get("source_digest")
        if not isinstance(adaptation, dict | None):
            raise _unreadable(path, "what was put around the model is not an object")
        if not isinstance(source, str | None):
            raise _unreadable(path, "the digest of its source is not a text")
        entries = tuple(_read_entry(item, path) for item in artifacts)
        return cls(name, ModelSpec.from_dict(document.get("spec"), str(path)), entries, adaptation, source)


def _read_entry(item: object, path: Path) -> ManifestEntry:
    fields = dataclasses.fields(ManifestEntry)
    values = {field.name: item[field.name] for field in fields if field.name in item} if isinstance(item, dict) else {}
    try:
        entry = ManifestEntry(**values)
    except TypeError:
        raise _unreadable(path, "one of its artifacts is not complete") from None
    texts = (entry.file, entry.format, entry.precision, entry.digest, "" if entry.log is None else entry.log)
    if not all(isinstance(text, str) for text in texts) or type(entry.size_bytes) is not int:
        raise _unreadable(path, f"the artifact {entry.file!r} has a field of the wrong type")
    check: object = entry.check
    if not isinstance(check, dict | Check):
        raise _unreadable(path, f"the check of {entry.file} is not an object")
    if not isinstance(entry.verification, dict | None):
        raise _unreadable(path, f"the verification of {entry.file} is not an object")
    for file in (entry.file, entry.log):
        if file is not None and not _lies_in(path.parent, file):
            raise ModelFileError(f"{path} names {file!r}, which lies outside of its folder. Do not use it.")
    return dataclasses.replace(entry, check=Check.from_dict(check)) if isinstance(check, dict) else entry


def _lies_in(folder: Path, file: str) -> bool:
    folder = folder.resolve()
    try:
        target = (folder / file).resolve()
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return False
    return target != folder and target.is_relative_to(folder)


def _no_export_folder(path: Path) -> ModelFileError:
    reason = "it is a file" if path.is_file() else f"it has no {MANIFEST_NAME}" if path.exists() else "there is nothing"
    if _listed(path) is not None:
        return ModelFileError(f"{path} is no export folder, but lies in one. Name the folder: {path.parent}")
    return ModelFileError(
        f"{path} is no export folder ({reason}). Name a folder that was written with: edgekit export MODEL -o FOLDER"
    )


def _unreadable(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is not a readable manifest ({reason}). Export again.")


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


def check_published(path: Path) -> None:
    """Makes sure that an artifact in an export folder is the one that the folder's manifest describes.

    Any other file may be as it is: one that lies elsewhere, or that the manifest does not name.

    Raises:
        ModelFileError: it is missing, or its digest is another.
    """
    entry = _listed(path)
    if entry is None:
        return
    if not path.exists():
        raise ModelFileError(f"{path} is missing, though the folder's {MANIFEST_NAME} names it. Export it again.")
    if digest_of(path) != entry.digest:
        raise ModelFileError(
            f"{path} is not what was exported: its digest differs from the one in the folder's {MANIFEST_NAME}. "
            "Export it again; or, if you changed it on purpose, copy it to another folder and use it from there."
        )


def _listed(path: Path) -> ManifestEntry | None:
    """The line about an artifact in the manifest of its export folder; ``None`` where there is none."""
    with contextlib.suppress(OSError, ValueError, RuntimeError, ModelFileError, SpecError):
        # A path with a null byte or in a loop is nothing; a manifest may be of something else, or of a newer EdgeKit.
        path = path.resolve()
        for folder in path.parents:
            if (folder / MANIFEST_NAME).is_file():
                entries = Manifest.read(folder).artifacts
                return next((entry for entry in entries if (folder / entry.file).resolve() == path), None)
    return None


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder.

    Raises:
        ModelFileError: nothing lies there.
    """
    return sum(file.stat().st_size for file in _files(path))


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file; of a folder, over its sorted relative names and their digests.

    Raises:
        ModelFileError: nothing lies there, or it cannot be read.
    """
    if path.is_file():
        try:
            with path.open("rb") as handle:
                return hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    digest = hashlib.sha256()
    for file in _files(path):
        name = os.fsencode(file.relative_to(path).as_posix())
        digest.update(name + f"\0{digest_of(file)}\n".encode())
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ModelFileError(f"There is no model at {path}.")
    # Sorted as text, since paths compare in another way on each system.
    files = (file for file in path.rglob("*") if file.is_file() and file.name not in NOT_OURS)
    return sorted(files, key=lambda file: file.as_posix())
