"""Which photos of a source a model may be judged on."""

from __future__ import annotations

from pathlib import Path

from edgekit.data import DataOptions, Part, open_dataset, open_labelled
from edgekit.errors import DataError, SpecError, UsageError
from edgekit.progress import SILENT, Progress
from edgekit.spec import ModelSpec


def open_evaluation(source: str | Path, spec: ModelSpec, progress: Progress = SILENT) -> tuple[Part, str]:
    """Labelled photos that the model has not seen, as far as its spec can tell.

    A source with a validation folder means that folder. For a source without one the split of the
    training is made again; where the digest proves that these are the very photos of the training,
    only their validation part is used, since accuracy on training photos would flatter.

    Args:
        source: a folder of class folders.
        spec: of an image classifier.
        progress: told about the first pass over the photos.

    Returns:
        The photos, and what they are, for a person.

    Raises:
        DataError: they cannot be used.
        SpecError: the model takes no images.
    """
    if spec.image is None:
        raise SpecError(f"{spec.name} takes no images, so photos cannot verify it.")
    held_out = _held_out(source, spec, progress)
    if held_out is not None:
        return held_out, f"{source} (those that training kept for validation)"
    return open_labelled(source, spec.image, spec.label_ids, progress=progress), str(source)


def _held_out(source: str | Path, spec: ModelSpec, progress: Progress) -> Part | None:
    provenance = spec.provenance
    if provenance.validation_share is None or provenance.seed is None or spec.image is None:
        return None
    options = DataOptions(
        validation=provenance.validation_share, classes=spec.label_ids, seed=provenance.seed, skip_unreadable=True
    )
    try:
        dataset = open_dataset(source, spec.image, options, progress)
    except (DataError, UsageError):
        return None  # not the photos of the training: fewer classes, say
    return dataset.validation if dataset.digest == provenance.data_digest else None
