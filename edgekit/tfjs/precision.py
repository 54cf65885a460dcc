"""Which weights a precision stores in fewer bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.tfjs.graph import Graph, Node, is_float, read_bool
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

COARSEST = 0.1
"""What rounding may change a channel of a kernel by, RMS, as a share of the channel's own RMS. In 8 bits the kernels of
the two models above are at 0.01 to 0.02. Where an output is a thousand times as small as the one beside it, as of a
regression on seconds and years, 8 bits for both leave only zeros of it."""

_DEAD = 1e-7
"""The share of the largest channel's RMS below which a channel is float32's rounding: training leaves 1e-16."""

_KERNELS = frozenset({"Conv2D", "_FusedConv2D", "MatMul", "_FusedMatMul"})

_DEPTHWISE = frozenset({"DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"})

_LARGEST_FLOAT16 = 65504.0
_SMALLEST_NORMAL_FLOAT16 = 2.0**-14


def choose_stored(graph: Graph, precision: str) -> dict[str, Stored]:
    """The weights that are not stored as they are, with their dtype.

    TF.js quantizes a tensor as a whole. The channels of a depthwise kernel differ by orders of magnitude,
    the more so with batch normalization folded in, so one range for all of them leaves nothing of the
    small ones in 8 bits, and costs more in 16 bits than all other weights together. Such kernels are small
    and stay float32 beside integers. A float16 has an exponent of its own: there only the first stay.
    Other kernels get the bits that their smallest channel needs: 16, or all, and then what is combined with them, too.

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
    else:
        kept |= _with_companions(graph, _coarse_kernels(graph, "uint16"))
    chosen = {name: values for name, values in graph.weights.items() if name not in kept and _fits(values, stored)}
    if stored != "uint8":
        return dict.fromkeys(chosen, stored)
    kernels = {name: values.size for name, values in chosen.items() if values.ndim > 1}
    exact = _smallest(kernels, int(sum(kernels.values()) * SHARE_IN_16_BITS)) | _coarse_kernels(graph, stored)
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


def _coarse_kernels(graph: Graph, stored: Stored) -> frozenset[str]:
    """The kernels of layers with a channel of which rounding to integers leaves too little."""
    steps = np.iinfo(stored).max
    return frozenset(
        node.inputs[1]
        for node in graph.all_nodes()
        if node.op in _KERNELS
        and _coarseness(graph.weights.get(node.inputs[1]), _is_transposed(node), steps) > COARSEST
    )


def _coarseness(kernel: NDArray[Any] | None, transposed: bool, steps: int) -> float:
    """The rounding error of the smallest channel that is one, as a share of its RMS; 0 for what is no kernel."""
    if kernel is None or kernel.ndim < 2 or not is_float(kernel) or not kernel.size:
        return 0.0
    values = np.moveaxis(kernel, -2, -1) if transposed else kernel
    sizes = np.sqrt(np.mean(np.square(values.astype(np.float64)), axis=tuple(range(values.ndim - 1))))
    alive = sizes[sizes > _DEAD * sizes.max()]
    step = (max(float(values.max()), 0.0) - min(float(values.min()), 0.0)) / steps
    return float(step / np.sqrt(12) / alive.min()) if alive.size else 0.0


def _is_transposed(node: Node) -> bool:
    return node.op in ("MatMul", "_FusedMatMul") and read_bool(node.attrs.get("transpose_b"))


def _with_companions(graph: Graph, kernels: frozenset[str]) -> frozenset[str]:
    """The kernels with the biases of the same layers, whose channels are as different."""
    fed = {node.name for node in graph.all_nodes() if kernels & set(node.inputs)}
    users = [node for node in graph.all_nodes() if node.name in fed or fed & set(node.inputs)]
    return kernels | {name for node in users for name in node.inputs if name in graph.weights}


def _fits(values: NDArray[Any], stored: Stored) -> bool:
    """Whether these weights are worth it and survive: no infinity, and for float16 within its range."""
    if not is_float(values) or values.size < SMALLEST or not np.isfinite(values).all():
        return False
    largest = float(np.abs(values).max())
    return stored != "float16" or largest == 0.0 or _SMALLEST_NORMAL_FLOAT16 <= largest <= _LARGEST_FLOAT16
