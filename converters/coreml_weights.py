"""Weights of 8, 6 and 4 bits: linear, or as indices into a table of the values that they have.

The work is that of ``coremltools.optimize``, but for the search of the table's values: coremltools
asks scikit-learn for it, for tensors of less than 10,000 elements. Values lie on a line, where k-means
is short: clusters are intervals of the sorted values, and a prefix sum gives their means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.coreml.checks import BITS, SMALLEST_WEIGHTS, may_have_8_bits

GROUP_SIZE = 16
"""Channels that share a table: 32 bytes of table for 16 channels of a convolution of 1x1 on 64 channels
are 6 % of its indices."""

_SMALLEST_GROUP = 4
"""Below this the tables are no smaller than the indices."""

_ROUNDS = 60
"""K-means ends before this in nearly all tensors; each round is a search in sorted values."""


def compress(coremltools: Any, model: Any, precision: str, palettize: bool, grouped: bool) -> Any:
    """A model whose weights are stored as the precision says.

    Of 6 and 4 bits are only the large weights; the others have 8 (:func:`edgekit.coreml.checks.may_have_8_bits`).

    Args:
        coremltools: the package.
        model: an ``MLModel`` that is an ML program with floating-point weights.
        precision: of :data:`~edgekit.coreml.checks.BITS`.
        palettize: whether 8 bits are indices into a table, too, and not integers with a scale for each
            channel; 6 and 4 bits always are.
        grouped: whether groups of :data:`GROUP_SIZE` channels may have tables of their own (iOS18).
    """
    optimize, bits = coremltools.optimize.coreml, BITS[precision]
    weights = optimize.get_weights_metadata(model, weight_threshold=SMALLEST_WEIGHTS)
    shapes = {name: found.val.shape for name, found in weights.items()}
    whole = set() if bits == 8 and not palettize else choose_palettized(shapes, bits)
    integers, tables = optimize.OptimizationConfig(), optimize.OptimizationConfig()
    for name, found in weights.items():
        if name in whole:
            tables.set_op_name(name, _table(optimize, bits, found, grouped))
        else:
            integers.set_op_name(
                name,
                optimize.OpLinearQuantizerConfig(
                    mode="linear_symmetric", dtype="int8", granularity="per_channel", weight_threshold=SMALLEST_WEIGHTS
                ),
            )
    # Each runs all of coremltools' passes again.
    if len(whole) < len(shapes):
        model = optimize.linear_quantize_weights(model, integers)
    return optimize.palettize_weights(model, tables) if whole else model


def choose_palettized(shapes: Mapping[str, tuple[int, ...]], bits: int) -> set[str]:
    """Which weights get a table of ``2 ** bits`` values, by name; all where not one is large."""
    large = {name for name, shape in shapes.items() if bits == 8 or not may_have_8_bits(shape)}
    return large or set(shapes)


def _table(optimize: Any, bits: int, weights: Any, grouped: bool) -> Any:
    groups: dict[str, Any] = {}
    axis = _channel_axis(weights)
    size = group_size(weights.val.shape[axis]) if grouped else None
    if size:
        groups = {"granularity": "per_grouped_channel", "group_size": size, "channel_axis": axis}
    return optimize.OpPalettizerConfig(
        mode="custom", lut_function=table_finder(bits), weight_threshold=SMALLEST_WEIGHTS, **groups
    )


def group_size(channels: int) -> int | None:
    """The most channels, up to :data:`GROUP_SIZE`, that divide them all evenly; ``None`` where few would."""
    size = next(size for size in range(GROUP_SIZE, 0, -1) if channels % size == 0)
    return size if size >= min(_SMALLEST_GROUP, channels) else None


def _channel_axis(weights: Any) -> int:
    """The axis of the output channels of what ``get_weights_metadata`` describes."""
    user = weights.child_ops[0]
    if user.op_type == "conv_transpose":
        return 1
    # TensorFlow's dense layers are x @ y with y of (in, out).
    return weights.val.ndim - 1 if user.op_type == "matmul" else 0


def table_finder(bits: int) -> Callable[[NDArray[Any]], tuple[NDArray[Any], NDArray[np.uint8]]]:
    """A function from weights to (table, index of each), for tables of ``2 ** bits`` values."""

    def find(weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.uint8]]:
        table, indices = cluster(weights, 2**bits)
        return table.astype(weights.dtype), indices

    return find


def cluster(weights: NDArray[Any], count: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The values that stand for all weights with the least squared error that Lloyd's rounds find.

    Args:
        weights: of any shape.
        count: of values, at most 256.

    Returns:
        (count,) ascending values, and the index (n,) of each weight's nearest.
    """
    flat = weights.reshape(-1).astype(np.float64)
    ordered = np.sort(flat)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    table = _first_guess(ordered, count)
    ends: NDArray[np.int64] | None = None
    for _ in range(_ROUNDS):
        found = np.searchsorted(ordered, (table[1:] + table[:-1]) / 2)
        if ends is not None and np.array_equal(found, ends):
            break
        ends = found
        edges = np.concatenate([[0], ends, [len(ordered)]])
        sizes = np.diff(edges)
        means = np.diff(sums[edges]) / np.maximum(sizes, 1)
        table = np.sort(np.where(sizes > 0, means, table))
    indices = np.searchsorted((table[1:] + table[:-1]) / 2, flat)
    return table, indices.astype(np.uint8)


def _first_guess(ordered: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Values as dense as the cube root of the weights' density, the best for many values.

    Panter and Dite, "Quantization distortion in pulse-count modulation with nonuniform spacing of
    levels", Proceedings of the IRE 39 (1951).
    """
    density, edges = np.histogram(ordered, bins=max(64, 4 * count))
    steps = np.concatenate([[0.0], np.cumsum(np.cbrt(density))])
    wanted = (np.arange(count) + 0.5) / count * steps[-1]
    return np.asarray(np.interp(wanted, steps, edges))
