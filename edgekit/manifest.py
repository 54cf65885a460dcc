"""The manifest of an export folder: which artifacts it holds, and what was found out about them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.artifact import Check
from edgekit.digest import MANIFEST_NAME, find_export_folder
from edgekit.errors import ModelFileError, SpecError
from edgekit.files import write_text
from edgekit.spec import ModelSpec

MANIFEST_SCHEMA = 1

_AROUND = (("models", "app"), ("project",))
"""The lists of what lies around models: of a site, of an Android project."""


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
        around: of a folder that is more than its artifacts the lists that say so: of a site what its page reads,
            ``models`` and ``app``, see :mod:`edgekit.web.contents`; of an Android project ``project``. ``None`` of
            any other folder.
    """

    name: str
    spec: ModelSpec
    artifacts: tuple[ManifestEntry, ...]
    adaptation: Mapping[str, Any] | None = None
    source_digest: str | None = None
    around: Mapping[str, Any] | None = None

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
            **(self.around or {}),
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
        spec = ModelSpec.from_dict(document.get("spec"), str(path))
        return cls(name, spec, entries, adaptation, source, _read_around(document, path))


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


def _read_around(document: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """The lists of what lies around the artifacts. Every file that they name lies in the folder, as artifacts do."""
    names = next((names for names in _AROUND if any(name in document for name in names)), None)
    if names is None:
        return None
    lists = {name: document.get(name) for name in names}
    files: list[object] = []
    for name, items in lists.items():
        if not isinstance(items, list):
            raise _unreadable(path, f"its list {name!r} is missing")
        for item in items:
            own = item.get("files") if name == "models" and isinstance(item, dict) else [item]
            files += own if isinstance(own, list) else [None]
    for file in files:
        place = file.get("path") if isinstance(file, dict) else None
        if not isinstance(place, str):
            raise _unreadable(path, "a file around its artifacts has no path")
        if not _lies_in(path.parent, place):
            raise ModelFileError(f"{path} names {place!r}, which lies outside of its folder. Do not use it.")
    return lists


def _lies_in(folder: Path, file: str) -> bool:
    folder = folder.resolve()
    try:
        target = (folder / file).resolve()
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return False
    return target != folder and target.is_relative_to(folder)


def _no_export_folder(path: Path) -> ModelFileError:
    reason = "it is a file" if path.is_file() else f"it has no {MANIFEST_NAME}" if path.exists() else "there is nothing"
    if find_entry(path) is not None:
        return ModelFileError(f"{path} is no export folder, but lies in one. Name the folder: {path.parent}")
    return ModelFileError(
        f"{path} is no export folder ({reason}). Name a folder that was written with: edgekit export MODEL -o FOLDER"
    )


def _unreadable(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is not a readable manifest ({reason}). Export again.")


def find_entry(path: Path) -> ManifestEntry | None:
    """The line about an artifact in the manifest of its export folder; ``None`` where there is none."""
    folder = find_export_folder(path)
    if folder is None:
        return None
    with contextlib.suppress(OSError, ValueError, RuntimeError, ModelFileError, SpecError):
        # A manifest may be of something else, or of a newer EdgeKit; the path of an entry may have a null byte.
        path = path.resolve()
        entries = Manifest.read(folder).artifacts
        return next((entry for entry in entries if (folder / entry.file).resolve() == path), None)
    return None
