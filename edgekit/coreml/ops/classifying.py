"""The end of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops.registry import kernel


@kernel("classify", moves=True)
def classify(probabilities: NDArray[Any], classes: Sequence[Any]) -> tuple[Any, dict[Any, float]]:
    """The most probable label, and the probability of each."""
    scores = np.asarray(probabilities).ravel()
    if len(scores) != len(classes):
        raise ValueError(f"{len(scores)} probabilities for {len(classes)} labels")
    return classes[int(np.argmax(scores))], dict(zip(classes, scores.tolist(), strict=True))
