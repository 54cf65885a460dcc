"""Which wrong answers are worth looking at first: those that the network was surest of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.measure.per_class import decide


@dataclass(frozen=True)
class Mistake:
    """One wrong answer.

    Attributes:
        photo: index of the photo.
        answer: the class that was answered wrongly; with several labels a photo, the label that was
            given or left out wrongly.
        probability: what the network gave ``answer``, 0..1.
        truth: the photo's true classes; with several labels a photo, any number of them.
    """

    photo: int
    answer: int
    probability: float
    truth: tuple[int, ...]

    @property
    def missed(self) -> bool:
        """Whether a label that is there was left out; else one that is not there was given."""
        return self.answer in self.truth


def find_mistakes(
    labels: NDArray[np.integer], probabilities: NDArray[np.floating], limit: int = 24
) -> tuple[Mistake, ...]:
    """The worst wrong answers, the worst first.

    With one label a photo these are the wrongly classified photos, by the probability of the wrong
    class. With several, every photo's most wrong decision, by how far it lies from the truth; a
    photo is shown once, so that one with wrong labels does not fill the sheet.

    Args:
        labels: (n,), the index of each photo's class; or (n, classes) of 0 and 1.
        probabilities: (n, classes), see :func:`edgekit.outputs.class_probabilities`.
        limit: so many at most.

    Raises:
        UsageError: no photos, or the shapes do not fit each other.
    """
    answers = decide(labels, probabilities)
    if labels.ndim == 2:
        truth = labels.astype(bool)
        wrongness = np.where(answers != truth, np.abs(truth - probabilities), -1.0)
    else:
        truth = np.arange(probabilities.shape[1]) == labels[:, np.newaxis]
        wrongness = np.where(answers & ~truth, probabilities, -1.0)
    worst, classes = wrongness.max(axis=1), wrongness.argmax(axis=1)
    # Stable: of equally wrong ones the first, on every machine.
    order = [int(photo) for photo in np.argsort(-worst, kind="stable") if worst[photo] >= 0]
    return tuple(
        Mistake(
            photo=photo,
            answer=int(classes[photo]),
            probability=float(probabilities[photo, classes[photo]]),
            truth=tuple(int(label) for label in np.flatnonzero(truth[photo])),
        )
        for photo in order[:limit]
    )
