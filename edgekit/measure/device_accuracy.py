"""Does a model answer on a device what it answers here, and what is right?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.measure.answers_worker import PhotoAnswers


@dataclass(frozen=True)
class DeviceAccuracy:
    """A model's answers on a device beside those of the same file on this machine.

    Attributes:
        photos: how many.
        accuracy: share of photos for which the device's best label is right, 0..1.
        accuracy_here: the same on this machine.
        agreement: share of photos with the same best label on both, 0..1.
        identical: share of photos for which every probability is the same, bit for bit.
        max_difference: the largest difference of a probability.
        engine_here: what ran on this machine.
    """

    photos: int
    accuracy: float
    accuracy_here: float
    agreement: float
    identical: float
    max_difference: float
    engine_here: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def compare_devices(there: PhotoAnswers, here: PhotoAnswers, labels: NDArray[np.integer]) -> DeviceAccuracy:
    """Compares the answers of two machines to the same photos.

    Args:
        there: the device's.
        here: this machine's.
        labels: (n,) the right ones, as indices.
    """
    best_there, best_here = (answers.probabilities.argmax(axis=1) for answers in (there, here))
    differences = np.abs(there.probabilities.astype(np.float64) - here.probabilities)
    return DeviceAccuracy(
        photos=len(labels),
        accuracy=float((best_there == labels).mean()),
        accuracy_here=float((best_here == labels).mean()),
        agreement=float((best_there == best_here).mean()),
        identical=float((there.probabilities == here.probabilities).all(axis=1).mean()),
        max_difference=float(differences.max()),
        engine_here=str(here.engine),
    )
