"""What the kernels are compared with: coremltools' own constant folding, and helpers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.ops import KERNELS


def compute(op: str, **parameters: Any) -> Any:
    """What the evaluator's kernel answers."""
    kernel = KERNELS[op]
    assert set(parameters) <= kernel.parameters
    return kernel.function(**parameters)


def fold(op: str, **parameters: Any) -> Any:
    """What coremltools computes where all parameters are constants; it has its own NumPy code for that."""
    import coremltools
    from coremltools.converters.mil import Builder

    answers: list[Any] = []

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1,))], opset_version=coremltools.target.iOS17)
    def program(unused: Any) -> Any:
        answers.append(getattr(Builder, op)(**parameters))
        return unused

    answer = answers[0]
    if isinstance(answer, list | tuple):
        return tuple(one.val for one in answer)
    assert answer.val is not None, f"coremltools folds no {op}"
    return answer.val


def normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Seeded values of a standard normal distribution."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
