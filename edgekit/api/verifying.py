"""verify: are the exported files still the model they were made from?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.api.evaluation import open_evaluation
from edgekit.api.model import Model
from edgekit.artifact import Manifest, ManifestEntry, digest_of, size_of
from edgekit.data import Part
from edgekit.errors import EdgeKitError, ModelFileError, SpecError
from edgekit.measure.accuracy import measure_accuracy
from edgekit.measure.parity import Verdict, judge, measure_parity, pair_accuracy
from edgekit.progress import WARNINGS, Progress, Task
from edgekit.report.verdict import VerifyReport, VerifyRow
from edgekit.runtime import Predictor, load

_BATCH = 64


def verify(
    artifacts: str | Path,
    *,
    reference: str | Path | Model,
    data: str | Path,
    progress: Progress = WARNINGS,
) -> VerifyReport:
    """Runs every artifact of an export folder on labelled photos and compares it with the Keras model.

    Args:
        artifacts: an export folder.
        reference: the ``.keras`` file (or the :class:`Model`) that they were exported from.
        data: a folder of class folders; see :func:`~edgekit.api.evaluation.open_evaluation` for which of
            its photos are used.
        progress: one step for each photo and model.

    Returns:
        A row for each artifact. One that fails to load or to agree is a failed row, not an exception.

    Raises:
        ModelFileError: no export folder, or the reference cannot be read.
        DataError: the photos cannot be used.
    """
    folder = Path(artifacts)
    manifest = Manifest.read(folder)
    model = reference if isinstance(reference, Model) else Model.open(reference)
    if model.spec.label_ids != manifest.spec.label_ids:
        raise SpecError(
            f"{folder} and {model.path or 'the reference'} have different classes "
            f"({', '.join(manifest.spec.label_ids)}; {', '.join(model.spec.label_ids)}). Name the model it was made of."
        )
    if not model.spec.same_model(manifest.spec):
        raise SpecError(
            f"{model.path or 'The reference'} is not the model that {folder} was exported from: it was trained again "
            "since, or is another one. Export again with --force, or name the right model."
        )
    labels = model.spec.label_ids
    evaluation = open_evaluation(data, model, progress)
    part = evaluation.part
    if evaluation.caution:
        progress.warn(evaluation.caution)
    with progress.task("Verifying", len(part) * (1 + len(manifest.artifacts))) as task:
        expected = _predict(model.predictor(), part, task, "Keras")
        rows = tuple(_verify(folder, entry, part, labels, expected, task) for entry in manifest.artifacts)
    return VerifyReport(
        reference=model.path.name if model.path else model.spec.name,
        reference_size=size_of(model.path) if model.path else None,
        reference_accuracy=measure_accuracy(expected, part.labels, labels),
        photos=len(part),
        source=evaluation.source,
        trained_on=evaluation.trained_on,
        caution=evaluation.caution,
        rows=rows,
    )


def _verify(
    folder: Path,
    entry: ManifestEntry,
    part: Part,
    labels: tuple[str, ...],
    expected: NDArray[np.float32],
    task: Task,
) -> VerifyRow:
    path = folder / entry.file
    try:
        if not path.exists():
            raise ModelFileError(f"{path} is missing. Export it again.")
        if digest_of(path) != entry.digest:
            raise ModelFileError(f"{path} is not the file that was exported (its digest differs). Export it again.")
        with load(path) as predictor:
            info = predictor.engine.info
            outputs = _predict(predictor, part, task, entry.file)
        parity = measure_parity(expected, outputs)
        verdict = judge(parity, entry.precision, pair_accuracy(expected, outputs, part.labels))
    except EdgeKitError as error:
        verdict = Verdict(False, (str(error),))
        return VerifyRow(entry.file, entry.format, entry.precision, entry.size_bytes, None, None, None, verdict)
    return VerifyRow(
        file=entry.file,
        format=entry.format,
        precision=entry.precision,
        size_bytes=entry.size_bytes,
        engine=str(info),
        accuracy=measure_accuracy(outputs, part.labels, labels),
        parity=parity,
        verdict=verdict,
    )


def _predict(predictor: Predictor, part: Part, task: Task, note: str) -> NDArray[np.float32]:
    outputs = []
    for start in range(0, len(part), _BATCH):
        batch = part.images.take(np.arange(start, min(start + _BATCH, len(part))))
        outputs.append(predictor.predict(batch))
        task.advance(len(batch), note)
    return np.concatenate(outputs)
