"""The folder that an export writes into: whether it may, and what comes to lie there."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.api.around import publish_around
from edgekit.api.composition import Plan, read_older
from edgekit.api.export_failures import explain_failure
from edgekit.artifact import ArtifactRequest, Check
from edgekit.converters.base import artifact_name
from edgekit.converters.jobs import Outcome
from edgekit.converters.workfolder import remove_abandoned
from edgekit.digest import MANIFEST_NAME, digest_of, size_of
from edgekit.errors import ModelFileError, OutputError, SpecError
from edgekit.files import atomic_write, check_writable, refuse_existing, remove
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.progress import Progress
from edgekit.report.folder import is_edited, write_readme


@dataclass(frozen=True)
class ExportFailure:
    """An artifact that is not there: its file name, the reason, and the converter's log."""

    file: str
    reason: str
    log: str


@dataclass(frozen=True)
class ExportResult:
    """What an export wrote.

    Attributes:
        folder: the export folder.
        entries: the artifacts that were written, run and compared, in the order asked for.
        failures: those that were not.
        next_step: what to do with a page or project that lies around them, a sentence; else ``None``.
    """

    folder: Path
    entries: tuple[ManifestEntry, ...]
    failures: tuple[ExportFailure, ...]
    next_step: str | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(self.folder / entry.file for entry in self.entries)

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "artifacts": [entry.to_dict() for entry in self.entries],
            "failures": [dataclasses.asdict(failure) for failure in self.failures],
        }


def check_outputs(folder: Path, name: str, requests: Sequence[ArtifactRequest], *, force: bool) -> None:
    """Raises :class:`OutputError` where an artifact that is asked for is there already, and may not be replaced."""
    for request in requests:
        refuse_existing(folder / artifact_name(name, request), force=force)


def check_folder(folder: Path, exported: Manifest, *, force: bool) -> None:
    """Refuses a folder with the exports of another model, or with somebody's project.

    Args:
        folder: may be missing.
        exported: what is to be exported, without artifacts.
        force: files of another training of the model are no reason; :func:`publish` removes them.

    Raises:
        OutputError: it does.
    """
    _refuse_other_models(folder, exported, force)
    _refuse_foreign(folder)


@contextlib.contextmanager
def writable_folder(folder: Path) -> Iterator[None]:
    """Makes the folder; where the block fails and leaves it empty, it goes again.

    Raises:
        OutputError: nothing can be written there.
    """
    missing = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    try:
        check_writable(folder / MANIFEST_NAME)
        remove_abandoned(folder)
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # as long as they are empty
            for place in missing:
                place.rmdir()
        raise


def _refuse_other_models(folder: Path, exported: Manifest, force: bool) -> None:
    older = _older(folder)
    if older is None or not older.artifacts:
        return
    if older.name != exported.name:
        raise OutputError(f"{folder} holds the exports of {older.name!r}. Choose another folder for {exported.name!r}.")
    if not older.same_model(exported) and not force:
        same = older.adaptation == exported.adaptation
        other = (
            f"of another training of {exported.name!r}" if same else f"of {exported.name!r} with other steps around it"
        )
        raise OutputError(
            f"{folder} holds files {other}: "
            f"{', '.join(entry.file for entry in older.artifacts)}. Pass --force to remove them, or choose another "
            "folder."
        )


def _refuse_foreign(folder: Path) -> None:
    """A folder with a README or manifest that no export wrote is somebody's project."""
    try:
        Manifest.read(folder)
    except (ModelFileError, SpecError) as error:
        theirs = [name for name in (MANIFEST_NAME, "README.md") if (folder / name).exists()]
        if theirs:
            raise OutputError(
                f"{folder} has a {theirs[0]} that no export wrote, and an export would replace it. Choose a folder of "
                "its own with -o."
            ) from error


def publish(
    folder: Path,
    exported: Manifest,
    outcomes: Sequence[Outcome],
    progress: Progress,
    plan: Plan | None = None,
) -> ExportResult:
    """Moves what is sound into the folder, with what is planned around it, then the manifest, then the README."""
    entries, failures = [], []
    for outcome in outcomes:
        name = outcome.job.name
        log = folder / "logs" / f"{name}.log"
        if plan is not None and not outcome.error:
            # A site or an app is for everybody, what converters print is not.
            entries.append(_publish(folder, outcome, f"{plan.kind.models}/{name}", outcome.check, None))
            continue
        with atomic_write(log) as temporary:
            outcome.log.rename(temporary)
        if outcome.error:
            reason = f"{outcome.error}{explain_failure(outcome)}"
            failures.append(ExportFailure(name, reason, str(log)))
            continue
        entries.append(_publish(folder, outcome, name, outcome.check, log))
        for beside in outcome.beside:
            if beside.error:
                failures.append(ExportFailure(beside.file, beside.error, str(log)))
            else:
                entries.append(_publish(folder, outcome, beside.file, beside.check, log))
    if entries:
        manifest = dataclasses.replace(exported, artifacts=tuple(entries))
        older = _older(folder)
        if older is not None and older.same_model(exported):
            manifest = manifest.merged(older)
        elif older is not None:
            _remove_stale(folder, older, {entry.file for entry in entries}, progress)
        theirs = _has_edited_readme(folder, plan)
        if plan is not None:
            manifest = publish_around(folder, manifest, plan, progress)
        manifest.write(folder)
        if theirs:
            progress.say("README.md is not as the last export wrote it, and stays. Remove it, and the next writes one.")
        else:
            write_readme(folder, manifest)
    next_step = plan.kind.next_step(folder) if plan is not None and entries else None
    return ExportResult(folder, tuple(entries), tuple(failures), next_step)


def _has_edited_readme(folder: Path, plan: Plan | None) -> bool:
    """Whether there is a README that an export leaves as it is: somebody's, where files are to be changed by hand."""
    if plan is None or not plan.kind.editable:
        return False
    older = read_older(folder)
    return older is not None and is_edited(folder, older)


def _publish(folder: Path, outcome: Outcome, name: str, check: Check, log: Path | None) -> ManifestEntry:
    """Moves one file of a job to ``name``, relative to the folder."""
    with atomic_write(folder / name) as temporary:
        Path(outcome.job.output).with_name(Path(name).name).rename(temporary)
    return ManifestEntry(
        file=name,
        format=outcome.job.format,
        precision=outcome.job.precision,
        size_bytes=size_of(folder / name),
        digest=digest_of(folder / name),
        check=check,
        log=None if log is None else log.relative_to(folder).as_posix(),
    )


def _remove_stale(folder: Path, older: Manifest, replaced: set[str], progress: Progress) -> None:
    """What another training left in the folder would pass for this model's; ``--force`` allowed its removal."""
    stale = [entry for entry in older.artifacts if entry.file not in replaced]
    for entry in stale:
        remove(folder / entry.file)
        if entry.log:
            remove(folder / entry.log)
    if stale:
        progress.warn(f"Removed files of another training: {', '.join(entry.file for entry in stale)}.")


def _older(folder: Path) -> Manifest | None:
    """The manifest of an earlier export into the folder, less what is no longer there."""
    older = read_older(folder)
    if older is None:
        return None
    present = tuple(entry for entry in older.artifacts if (folder / entry.file).exists())
    return dataclasses.replace(older, artifacts=present)
