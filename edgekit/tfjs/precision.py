"""Which weights a precision stores in fewer bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.tfjs.graph import Graph, is_float
from edgekit.tfjs.weights import Stored

STORED: Mapping[str, Stored | None] = {"fp32": None, "fp16": "float16", "uint8": "uint8", "uint16": "uint16"}
"""Precision to the dtype of stored weights."""

SMALLEST = 64
"""Elements below which weights stay as they are: what the manifest says about others is longer than what is saved."""

SHARE_IN_16_BITS = 0.4
"""The part of the elements of kernels that ``uint8`` may store in 16 bits, the smallest first: the first layers have
small kernels, and their errors go through the whole network. Chosen on the 550 validation photos of flowers with a
fine-tuned MobileNetV2 0.35 (top-1 92.4 %): all kernels in 8 bits 96.9 % agreement, 1.5 points of top-1 lost, 717 KB;
with this share in 16 bits 99.1 %, 0.7 points, 896 KB. A second model, trained in its head only (92.0 %): 96.0 %, 0.9
points, 717 KB; with this share 99.6 %, none, 896 KB."""

EXACT_DEPTHWISE = 0.1
"""The part of the elements of depthwise kernels that ``fp16`` keeps in float32, the smallest first. The first layers
have small kernels, and an error of theirs, which nine products do not average out, goes through the whole network. On
the photos above: all in float16 99.5 and 100 % agreement, largest difference 0.018 and 0.018, 1,181 KB; with this part
in float32 99.8 and 100 %, 0.008 and 0.006, 1,185 KB; all in float32 no better, 1,226 KB."""

_DEPTHWISE = frozenset({"DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"})

_LARGEST_FLOAT16 = 65504.0
_SMALLEST_NORMAL_FLOAT16 = 2.0**-14


def choose_stored(graph: Graph, precision: str) -> dict[str, Stored]:
    """The weights that are not stored as they are, with their dtype.

    TF.js quantizes a tensor as a whole. The channels of a depthwise kernel differ by orders of magnitude,
    the more so with batch normalization folded in, so one range for all of them leaves nothing of the
    small ones in 8 bits, and costs more in 16 bits than all other weights together. Such kernels are small
    and stay float32 beside integers. A float16 has an exponent of its own: there only the first stay.

    Args:
        graph: as it will be written.
        precision: a key of :data:`STORED`.
    """
    stored = STORED[precision]
    if stored is None:
        return {}
    kept = _depthwise_kernels(graph)
    if stored == "float16":
        sizes = {name: graph.weights[name].size for name in kept if name in graph.weights}
        kept = _smallest(sizes, int(sum(sizes.values()) * EXACT_DEPTHWISE))
    chosen = {name: values for name, values in graph.weights.items() if name not in kept and _fits(values, stored)}
    if stored != "uint8":
        return dict.fromkeys(chosen, stored)
    kernels = {name: values.size for name, values in chosen.items() if values.ndim > 1}
    exact = _smallest(kernels, int(sum(kernels.values()) * SHARE_IN_16_BITS))
    return {name: "uint16" if name in exact else stored for name in kernels}


def _depthwise_kernels(graph: Graph) -> frozenset[str]:
    return frozenset(node.inputs[1] for node in graph.all_nodes() if node.op in _DEPTHWISE)


def _smallest(sizes: Mapping[str, int], budget: int) -> frozenset[str]:
    """The smallest of them that fit into the budget together."""
    found = []
    for name in sorted(sizes, key=lambda name: sizes[name]):
        budget -= sizes[name]
        if budget < 0:
            break
        found.append(name)
    return frozenset(found)


def _fits(values: NDArray[Any], stored: Stored) -> bool:
    """Whether these weights are worth it and survive: no infinity, and for float16 within its range."""
    if not is_float(values) or values.size < SMALLEST or not np.isfinite(values).all():
        return False
    largest = float(np.abs(values).max())
    return stored != "float16" or largest == 0.0 or _SMALLEST_NORMAL_FLOAT16 <= largest <= _LARGEST_FLOAT16
