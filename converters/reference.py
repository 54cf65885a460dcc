"""The inputs and the Keras outputs that every artifact must reproduce, and the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifact import Artifact
from edgekit.errors import VerificationError
from edgekit.measure.parity import judge, measure_parity
from edgekit.runtime import load

SIZE = 64
"""Photos that an artifact is compared on after writing: enough to catch a wrong channel order, range
or weight; ``edgekit verify`` compares on a whole data set."""


@dataclass(frozen=True)
class Reference:
    """What Keras answers to some inputs.

    Attributes:
        images: (n, height, width, channels) uint8.
        outputs: (n, classes) float32.
        source: where the images come from, for a person.
    """

    images: NDArray[np.uint8]
    outputs: NDArray[np.float32]
    source: str

    def save(self, path: Path) -> None:
        np.savez(path, images=self.images, outputs=self.outputs, source=np.array(self.source))

    @classmethod
    def read(cls, path: Path) -> Reference:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["images"], arrays["outputs"], str(arrays["source"]))


def compare(artifact: Artifact, reference: Reference, name: str) -> dict[str, Any]:
    """Runs the artifact in the engine of its format and compares it with Keras.

    Returns:
        The engine, the number and source of the inputs, and the parity, ready for the manifest.

    Raises:
        VerificationError: it does not agree.
    """
    with load(artifact.path, trust=True) as predictor:
        parity = measure_parity(reference.outputs, predictor.predict(reference.images))
        engine = predictor.engine.info
    verdict = judge(parity, artifact.precision)
    if not verdict.passed:
        raise VerificationError(f"{name} does not agree with the Keras model: {' '.join(verdict.reasons)}")
    return {
        "engine": str(engine),
        "inputs": reference.source,
        **parity.to_dict(),
    }
