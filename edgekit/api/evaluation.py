"""Which photos or samples of a source a model may be judged on."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.api.model import Model, seen_path
from edgekit.api.samples import read_samples
from edgekit.data import Columns, DataOptions, Part, open_dataset, open_labelled
from edgekit.errors import DataError, UsageError
from edgekit.progress import SILENT, Progress
from edgekit.spec import ModelSpec


@dataclass(frozen=True)
class Evaluation:
    """Labelled photos, or other samples, to judge a model on.

    Attributes:
        inputs: prepared photos, or by the spec's names the samples of a model that takes no photos.
        labels: (n,) indices of the model's labels; of a multi-label model (n, labels) of 0 and 1;
            ``None`` where samples have none.
        source: what they are, for a person.
        trained_on: how many of them the model was trained on, byte for byte; ``None`` where nobody
            knows, since the training folder is not beside the model.
    """

    inputs: Part | Mapping[str, NDArray[Any]]
    labels: NDArray[np.integer] | None
    source: str
    trained_on: int | None

    def __len__(self) -> int:
        return len(self.inputs if isinstance(self.inputs, Part) else next(iter(self.inputs.values())))

    def batch(self, start: int, stop: int, spec: ModelSpec) -> dict[str, NDArray[Any]]:
        """The inputs of the samples from ``start`` to ``stop``, by the spec's names."""
        if isinstance(self.inputs, Part):
            return {spec.inputs[0].name: self.inputs.images.take(np.arange(start, min(stop, len(self))))}
        return {name: array[start:stop] for name, array in self.inputs.items()}

    @property
    def caution(self) -> str | None:
        """A sentence where the photos flatter the model."""
        if not self.trained_on:
            return None
        return (
            f"{self.trained_on:,} of the {len(self):,} photos were used in training, byte for byte, which "
            "flatters the accuracy. Name a folder of other photos to know how good the model is."
        )


def open_evaluation(
    source: Any,
    model: Model | ModelSpec,
    progress: Progress = SILENT,
    columns: Columns | None = None,
    root: str | os.PathLike[str] | None = None,
) -> Evaluation:
    """Labelled photos that the model has not seen, as far as that can be known.

    A source with a validation folder means that folder. For a source without one the split of the
    training is made again; where the digest proves that these are the very photos of the training,
    only their validation part is used, since accuracy on training photos would flatter. Whatever
    is used is compared with the digests of the training photos that lie beside the model.

    Args:
        source: anything that :func:`edgekit.data.open_labelled` takes, a folder of class folders
            mostly; of a model that takes no photos see :func:`~edgekit.api.samples.read_samples`.
        model: any model; of one that there is only an artifact of, its spec.
        progress: told about the first pass over the photos.
        columns: which columns of a table say what; by default found by their common names.
        root: the folder that a table's paths start from.

    Raises:
        DataError: they cannot be used.
        UsageError: something else than data.
    """
    spec = model if isinstance(model, ModelSpec) else model.spec
    if spec.image is None or not spec.is_classifier:
        inputs, labels = read_samples(source, spec)
        return Evaluation(inputs, labels, "the arrays given", None)
    text = str(source) if isinstance(source, str | os.PathLike) else "the data given"
    options = DataOptions(skip_unreadable=True, columns=columns, root=root)
    part = _held_out(source, spec, options, progress)
    if part is not None:
        text = f"{text} (those that training kept for validation)"
    else:
        part = open_labelled(
            source,
            spec.image,
            spec.label_ids,
            skip_unreadable=True,
            progress=progress,
            columns=columns,
            root=root,
            multi_label=spec.multi_label,
        )
    seen = None if isinstance(model, ModelSpec) else _seen(model)
    trained_on = None if seen is None else sum(digest.hex() in seen for digest in part.digests)
    return Evaluation(part, part.labels, text, trained_on)


def _held_out(source: Any, spec: ModelSpec, options: DataOptions, progress: Progress) -> Part | None:
    provenance = spec.provenance
    if provenance.validation_share is None or provenance.seed is None or spec.image is None:
        return None
    if hasattr(source, "__next__"):  # a generator can be read once
        return None
    options = dataclasses.replace(
        options, validation=provenance.validation_share, classes=spec.label_ids, seed=provenance.seed
    )
    try:
        dataset = open_dataset(source, spec.image, options, progress)
    except (DataError, UsageError):
        return None  # not the photos of the training: fewer classes, say
    if dataset.digest != provenance.data_digest or dataset.multi_label != spec.multi_label:
        return None
    return dataset.validation


def _seen(model: Model) -> frozenset[str] | None:
    """The digests (hex) of the photos that the model was trained on."""
    if model.path is not None:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return frozenset(seen_path(model.path).read_text(encoding="ascii").split())
    return None
