"""Which photos of a source a model may be judged on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from edgekit.api.model import Model, seen_path
from edgekit.data import DataOptions, Part, open_dataset, open_labelled
from edgekit.errors import DataError, SpecError, UsageError
from edgekit.progress import SILENT, Progress
from edgekit.spec import ModelSpec


@dataclass(frozen=True)
class Evaluation:
    """Labelled photos to judge a model on.

    Attributes:
        part: the photos.
        source: what they are, for a person.
        trained_on: how many of them the model was trained on, byte for byte; ``None`` where nobody
            knows, since the training folder is not beside the model.
    """

    part: Part
    source: str
    trained_on: int | None

    @property
    def caution(self) -> str | None:
        """A sentence where the photos flatter the model."""
        if not self.trained_on:
            return None
        return (
            f"{self.trained_on:,} of the {len(self.part):,} photos were used in training, byte for byte, which "
            "flatters the accuracy. Name a folder of other photos to know how good the model is."
        )


def open_evaluation(source: str | Path, model: Model, progress: Progress = SILENT) -> Evaluation:
    """Labelled photos that the model has not seen, as far as that can be known.

    A source with a validation folder means that folder. For a source without one the split of the
    training is made again; where the digest proves that these are the very photos of the training,
    only their validation part is used, since accuracy on training photos would flatter. Whatever
    is used is compared with the digests of the training photos that lie beside the model.

    Args:
        source: a folder of class folders.
        model: an image classifier.
        progress: told about the first pass over the photos.

    Raises:
        DataError: they cannot be used.
        SpecError: the model takes no images.
    """
    spec = model.spec
    if spec.image is None:
        raise SpecError(f"{spec.name} takes no images, so photos cannot verify it.")
    part, text = _held_out(source, spec, progress), f"{source} (those that training kept for validation)"
    if part is None:
        part, text = (
            open_labelled(source, spec.image, spec.label_ids, skip_unreadable=True, progress=progress),
            str(source),
        )
    seen = _seen(model)
    trained_on = None if seen is None else sum(digest.hex() in seen for digest in part.digests)
    return Evaluation(part, text, trained_on)


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


def _seen(model: Model) -> frozenset[str] | None:
    """The digests (hex) of the photos that the model was trained on."""
    if model.path is not None:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return frozenset(seen_path(model.path).read_text(encoding="ascii").split())
    return None
