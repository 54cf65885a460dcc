"""The inputs and the Keras outputs that every artifact must reproduce, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edgekit.artifact import Artifact, Check
from edgekit.errors import NotRunHereError, VerificationError
from edgekit.measure.comparison import compare_answers
from edgekit.measure.tolerances import tolerance_of
from edgekit.runtime import load

SIZE = 64
"""Photos that an artifact is compared on after writing: enough to catch a wrong channel order, range
or weight; ``edgekit verify`` compares on a whole data set."""

_INPUT, _OUTPUT = "input:", "output:"


@dataclass(frozen=True)
class Reference:
    """What Keras answers to some inputs.

    Attributes:
        inputs: by the spec's names, (n, ...): of a photo classifier uint8 pixels, else real values.
        outputs: by the spec's names, (n, ...) float32; of a classifier its probabilities, (n, labels).
        source: where the inputs come from, for a person.
        doubt: why agreement on these inputs proves too little, a sentence; empty where it proves enough.
    """

    inputs: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[np.float32]]
    source: str
    doubt: str = ""

    def save(self, path: Path) -> None:
        """Writes an ``.npz``."""
        arrays: dict[str, NDArray[Any]] = {f"{_INPUT}{name}": array for name, array in self.inputs.items()}
        arrays |= {f"{_OUTPUT}{name}": array for name, array in self.outputs.items()}
        arrays |= {"source": np.array(self.source), "doubt": np.array(self.doubt)}
        np.savez(path, **cast(Any, arrays))

    @classmethod
    def read(cls, path: Path) -> Reference:
        """Reads what :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            inputs, outputs = (
                {name.removeprefix(kind): arrays[name] for name in arrays.files if name.startswith(kind)}
                for kind in (_INPUT, _OUTPUT)
            )
            return cls(inputs, outputs, str(arrays["source"]), str(arrays["doubt"]))


def compare(artifact: Artifact, reference: Reference, name: str) -> Check:
    """Runs the artifact in the engine of its format and compares it with Keras.

    Returns:
        What ran it and how far it agreed; or why nobody knows: nothing here can run it, or these inputs can
        tell a right file from a wrong one no more.

    Raises:
        VerificationError: it does not agree.
    """
    try:
        with load(artifact.path, trust=True) as predictor:
            answers = predictor.answers(reference.inputs)
            engine = predictor.engine.info
    except NotRunHereError as error:
        return Check(reference.source, reason=str(error), notes=artifact.notes)
    compared = compare_answers(reference.outputs, answers, artifact.spec)
    verdict = compared.judge(tolerance_of(artifact.format, artifact.precision))
    if not verdict.decided:
        return Check(reference.source, reason=" ".join(verdict.reasons), notes=artifact.notes)
    if not verdict.passed:
        raise VerificationError(f"{name} does not agree with the Keras model: {' '.join(verdict.reasons)}")
    if reference.doubt:
        return Check(reference.source, reason=reference.doubt, notes=artifact.notes)
    return Check(reference.source, str(engine), compared.parity.to_dict(), notes=artifact.notes)
