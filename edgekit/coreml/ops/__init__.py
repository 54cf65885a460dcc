"""Kernels: NumPy functions that compute what MIL operators mean, one file a family.

A new operator is a function under :func:`~edgekit.coreml.ops.registry.kernel` whose parameters have the
MIL names; nothing else has to change.
"""

from edgekit.coreml.ops import (  # noqa: F401  (imported to fill the table)
    activation,
    classifying,
    compressed,
    convolution,
    elementwise,
    gathering,
    layout,
    linear,
    lists,
    normalization,
    pooling,
    recurrent,
    reduction,
    resizing,
    selection,
    slicing,
)
from edgekit.coreml.ops.registry import KERNELS, Kernel

__all__ = ["KERNELS", "Kernel"]
