"""verify: are the exported files still the model they were made from?"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.adaptation import Adaptation
from edgekit.api.evaluation import Evaluation, open_evaluation
from edgekit.api.model import Model
from edgekit.arguments import as_path
from edgekit.data import Columns
from edgekit.digest import size_of
from edgekit.errors import EdgeKitError, NotRunHereError, SpecError, UsageError
from edgekit.language import printable
from edgekit.manifest import Manifest, ManifestEntry
from edgekit.measure.comparison import Answers, accuracy_of, check_reference, compare_answers, unit_of
from edgekit.measure.judging import Verdict
from edgekit.measure.tolerances import tolerance_of
from edgekit.progress import WARNINGS, Progress, Task
from edgekit.quiet import without_retracing_notes
from edgekit.report.folder import update_readme
from edgekit.report.verdict import VerifyReport, VerifyRow
from edgekit.runtime import Predictor, load
from edgekit.sourcemodel import SourceKeywords
from edgekit.spec import ModelSpec

_BATCH = 64


def verify(
    artifacts: str | Path,
    *,
    reference: str | Path | Model,
    data: Any,
    columns: Columns | None = None,
    root: str | os.PathLike[str] | None = None,
    signature: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    progress: Progress = WARNINGS,
) -> VerifyReport:
    """Runs every artifact of an export folder on labelled photos and compares it with the Keras model.

    Args:
        artifacts: an export folder.
        reference: the model file (or the :class:`Model`) that they were exported from.
        data: a folder of class folders, or another source of labelled photos; see
            :func:`~edgekit.api.evaluation.open_evaluation` for which of its photos are used. Of a model
            that takes no photos: arrays, ``samples`` or ``(samples, labels)``.
        columns: which columns of a table say what; by default found by their common names.
        root: the folder that a table's paths start from.
        signature: of a reference that is a SavedModel with several: the one that was exported.
        custom_objects: classes and functions that the reference's file names, as for :meth:`Model.open`.
        progress: one step for each photo and model.

    Returns:
        A row for each artifact. One that fails to load or to agree is a failed row, not an exception.

    Raises:
        ModelFileError: no export folder, or the reference cannot be read.
        DataError: the photos cannot be used.
        UsageError: an argument of the wrong type, or a signature or custom objects for a model in memory.
        VerificationError: the reference itself answers values that are not numbers.
    """
    folder = as_path(artifacts, "The export folder")
    about: SourceKeywords = {"signature": signature, "custom_objects": custom_objects}
    for word, given in about.items():
        if given is not None and isinstance(reference, Model):
            raise UsageError(f"{word} is for references from the disk. Leave it out, or give it to Model.open.")
    manifest = Manifest.read(folder)
    model = reference if isinstance(reference, Model) else _open_reference(reference, manifest, about)
    if model.spec.label_ids != manifest.spec.label_ids:
        raise SpecError(
            f"{folder} and {model.path or 'the reference'} have different classes "
            f"({_listing(manifest.spec)}; {_listing(model.spec)}). Name the model it was made of."
        )
    if not model.spec.same_model(manifest.spec):
        raise SpecError(
            f"{model.path or 'The reference'} is not the model that {folder} was exported from: it was trained again "
            "since, or is another one. Export again with --force, or name the right model."
        )
    spec = manifest.spec  # the export may have set another threshold
    evaluation = open_evaluation(data, model, progress, columns, root)
    if evaluation.caution:
        progress.warn(evaluation.caution)
    with progress.task("Verifying", len(evaluation) * (1 + len(manifest.artifacts))) as task:
        with without_retracing_notes():
            expected = _predict(model.predictor(), evaluation, task, "Keras")
        check_reference(expected, model.spec.name)
        rows = tuple(_verify(folder, entry, evaluation, spec, expected, task) for entry in manifest.artifacts)
    _record(folder, rows, evaluation.source)
    return VerifyReport(
        reference=model.path.name if model.path else model.spec.name,
        reference_size=size_of(model.path) if model.path else None,
        reference_accuracy=None if evaluation.labels is None else accuracy_of(expected, evaluation.labels, spec),
        photos=len(evaluation),
        unit=unit_of(spec),
        source=evaluation.source,
        trained_on=evaluation.trained_on,
        caution=evaluation.caution,
        rows=rows,
    )


def _open_reference(path: str | Path, manifest: Manifest, about: SourceKeywords) -> Model:
    """The model that was exported; a foreign file says neither what it takes nor what was put around it."""
    if manifest.adaptation is None:
        return Model.open(path, **about)
    around = Adaptation.from_dict(manifest.adaptation, "the manifest")
    return Model.open(path, spec=manifest.spec, adaptation=around, **about)


def _record(folder: Path, rows: tuple[VerifyRow, ...], source: str) -> None:
    """Notes in manifest and README what was found; a folder that cannot be written is verified all the same."""
    with contextlib.suppress(EdgeKitError, OSError):
        manifest = Manifest.read(folder)  # again: somebody may have exported since
        found = {row.file: {"source": source, "result": row.to_dict()} for row in rows}
        entries = tuple(
            dataclasses.replace(entry, verification=found.get(entry.file, entry.verification))
            for entry in manifest.artifacts
        )
        verified = dataclasses.replace(manifest, artifacts=entries)
        verified.write(folder)
        update_readme(folder, manifest, verified)


def _listing(spec: ModelSpec) -> str:
    return ", ".join(map(printable, spec.label_ids)) or "none"


def _verify(
    folder: Path,
    entry: ManifestEntry,
    evaluation: Evaluation,
    spec: ModelSpec,
    expected: Answers,
    task: Task,
) -> VerifyRow:
    path = folder / entry.file
    try:
        with load(path) as predictor:
            info = predictor.engine.info
            outputs = _predict(predictor, evaluation, task, entry.file)
        compared = compare_answers(expected, outputs, spec, evaluation.labels)
        verdict = compared.judge(tolerance_of(entry.format, entry.precision))
    except EdgeKitError as error:
        verdict = Verdict(False, (str(error),))
        run = not isinstance(error, NotRunHereError)
        return VerifyRow(entry.file, entry.format, entry.precision, entry.size_bytes, None, None, None, verdict, run)
    return VerifyRow(
        file=entry.file,
        format=entry.format,
        precision=entry.precision,
        size_bytes=entry.size_bytes,
        engine=str(info),
        accuracy=None if evaluation.labels is None else accuracy_of(outputs, evaluation.labels, spec),
        parity=compared.parity,
        verdict=verdict,
    )


def _predict(predictor: Predictor, evaluation: Evaluation, task: Task, note: str) -> Answers:
    assert predictor.spec is not None  # every artifact of a manifest has one, and so has the reference
    parts: list[Answers] = []
    for start in range(0, len(evaluation), _BATCH):
        batch = evaluation.batch(start, start + _BATCH, predictor.spec)
        parts.append(predictor.answers(batch))
        task.advance(len(next(iter(batch.values()))), note)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
