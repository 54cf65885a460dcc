"""What the pictures and the page of a training are made of, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.data import Dataset
from edgekit.language import display_name
from edgekit.measure.mistakes import Mistake, find_mistakes
from edgekit.measure.per_class import PerClass, measure_classes
from edgekit.outputs import class_probabilities
from edgekit.training.augmentation import Augmentation
from edgekit.training.augmentation.preview import augment_samples
from edgekit.training.augmented import choose_photos, used_augmentation
from edgekit.training.result import TrainingResult


@dataclass(frozen=True)
class Material:
    """All that is drawn and written about a training.

    Attributes:
        result: of the training.
        dataset: the photos.
        names: the classes as people call them.
        scores: of every class, under its identifier, on the validation photos.
        mistakes: the worst first.
        augmentation: what was changed at random.
        augmented: one photo and changed ones of it, (n, height, width, channels) uint8, or ``None``.
        command: what repeats it: the line of a shell, or a call in Python; empty where there is none.
        python: the call that does the same.
    """

    result: TrainingResult
    dataset: Dataset
    names: tuple[str, ...]
    scores: PerClass
    mistakes: tuple[Mistake, ...]
    augmentation: Augmentation
    augmented: NDArray[np.uint8] | None
    command: str = ""
    python: str = ""

    @property
    def multi_label(self) -> bool:
        """Whether a photo can have several labels."""
        return self.dataset.multi_label

    @property
    def photos(self) -> bool:
        """Whether the samples are photos, which can be shown."""
        return self.result.spec.image is not None

    @property
    def sample_word(self) -> str:
        """What one sample is called."""
        return "photos" if self.photos else "samples"


def gather(result: TrainingResult, dataset: Dataset, command: str = "", python: str = "") -> Material:
    """Works out scores and mistakes from the probabilities of the validation photos, and changes a photo.

    Raises:
        ImageError: a photo that is decoded on demand has vanished.
        MissingExtraError: there was augmentation, which Keras computes, and it is not installed.
    """
    names = tuple(display_name(label) for label in dataset.class_labels)
    labels, augmentation = dataset.validation.labels, used_augmentation(result)
    probabilities = class_probabilities(result.validation_probabilities, result.spec)
    return Material(
        result=result,
        dataset=dataset,
        names=names,
        scores=measure_classes(labels, probabilities, dataset.class_names),
        mistakes=find_mistakes(labels, probabilities),
        augmentation=augmentation,
        augmented=_augment(result, dataset, augmentation),
        command=command,
        python=python,
    )


def _augment(result: TrainingResult, dataset: Dataset, settings: Augmentation) -> NDArray[np.uint8] | None:
    if settings.is_none or result.spec.image is None:
        return None
    seed = result.config.seed
    photo, others = choose_photos(dataset.train, settings, seed)
    return augment_samples(photo, settings, seed, others=others)
