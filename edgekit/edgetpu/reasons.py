"""What the Edge TPU compiler says about an op, in its own words.

The strings are those that compilers 1 to 16 print in their operation log, word for word.
"""

from __future__ import annotations

MAPPED = "Mapped to Edge TPU"
LIMITATION = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
DATA_TYPE = "Operation is working on an unsupported data type"
SUBGRAPH = "More than one subgraph is not supported"
NOT_SUPPORTED = "Operation not supported"
VERSION = "Operation version not supported"
RANK = "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"
PARAMETER = "Filter, bias, or other param is not constant at compile-time"
TWO_DIMENSIONS = "For example, a fully-connected or softmax layer with 2D output"
"""Of compiler 2.0 alone; later ones say :data:`LIMITATION`."""
IMPRECISE = "Image-interpolation layer won't run precisely enough on Edge TPU"
"""Of compiler 2.0 alone, about resizing; later ones say :data:`LIMITATION`."""

REASONS = (LIMITATION, DATA_TYPE, SUBGRAPH, NOT_SUPPORTED, VERSION, RANK, PARAMETER)
"""What an op that runs on the CPU can have as its status."""

EARLY_REASONS = (TWO_DIMENSIONS, IMPRECISE)
"""What compiler 2.0 said, and no later one."""
