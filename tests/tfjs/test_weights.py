"""Quantization and bytes of TF.js weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from edgekit.tfjs.graph import Graph, Node, constant
from edgekit.tfjs.precision import choose_stored
from edgekit.tfjs.weights import Stored, WeightEntry, dequantize, from_bytes, quantize, spans, to_bytes

SHAPES = hnp.array_shapes(max_dims=4, max_side=5)
REAL = hnp.arrays(np.float32, SHAPES, elements=st.floats(-1000, 1000, width=32, allow_subnormal=False))


def through_bytes(values: NDArray[Any], dtype: Stored) -> NDArray[Any]:
    stored, quantization = quantize(values, dtype)
    entry = WeightEntry("w", values.shape, "float32", quantization)
    assert len(to_bytes(stored)) == entry.stored_bytes
    return dequantize(from_bytes(memoryview(to_bytes(stored)), entry), entry)


@given(REAL, st.sampled_from(["uint8", "uint16"]))
def test_a_quantized_weight_is_at_most_a_step_away(values: NDArray[np.float32], dtype: Stored) -> None:
    step = (float(values.max()) - float(values.min())) / np.iinfo(dtype).max
    # Moving the range so that zero is exact can cut half a step off one end.
    rounding = 1e-6 * float(np.abs(values).max())
    assert np.abs(through_bytes(values, dtype).astype(np.float64) - values).max() <= 1.01 * step + rounding


@given(REAL, st.sampled_from(["uint8", "uint16"]))
def test_zero_stays_zero(values: NDArray[np.float32], dtype: Stored) -> None:
    values = np.append(values.ravel(), np.float32(0))
    assert through_bytes(values, dtype)[-1] == 0


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16"])
def test_equal_weights_stay_what_they_are(dtype: Stored) -> None:
    np.testing.assert_array_equal(through_bytes(np.full((3, 2), -0.25, np.float32), dtype), -0.25)


def test_the_formula_of_the_format() -> None:
    """The example in ``_quantize_entry`` of ``tensorflowjs/write_weights.py``, 4.22."""
    stored, quantization = quantize(np.array([0, -0.1, 1.2], np.float32), "uint8")
    assert stored.tolist() == [20, 0, 255]
    assert quantization.scale == pytest.approx(0.00509803940852)
    assert quantization.minimum == pytest.approx(-0.10196078817)


def test_weights_of_all_dtypes_lie_one_after_the_other() -> None:
    arrays = {
        "f": np.arange(3, dtype=np.float32),
        "s": np.array([b"", b"ab", "ü".encode()], object),
        "i": np.array([[1, -2]], np.int32),
        "b": np.array([True, False]),
        "none": np.zeros((0, 4), np.float32),
        "c": np.array(1 + 2j, np.complex64),
    }
    kinds = {"object": "string"}
    entries = tuple(
        WeightEntry(name, array.shape, kinds.get(array.dtype.name, array.dtype.name)) for name, array in arrays.items()
    )
    data = memoryview(b"".join(to_bytes(array) for array in arrays.values()))
    found = {entry.name: from_bytes(part, entry) for entry, part in spans(entries, data)}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
    with pytest.raises(ValueError, match="'c' goes on behind the end"):
        list(spans(entries, data[:-1]))


def graph_of(weights: dict[str, NDArray[Any]]) -> Graph:
    nodes = [constant(name, values) for name, values in weights.items()]
    nodes.append(Node("y", "DepthwiseConv2dNative", ("x", "depthwise")))
    return Graph((Node("x", "Placeholder"), *nodes), {"x": "x"}, {"y": "y"}, weights)


def test_what_is_stored_in_fewer_bits() -> None:
    def random(*shape: int) -> NDArray[np.float32]:
        return np.random.default_rng(0).normal(size=shape).astype(np.float32)

    weights: dict[str, NDArray[Any]] = {
        "depthwise": random(3, 3, 64, 1),
        "first": random(3, 3, 3, 16),
        "last": random(1, 1, 64, 64),
        "bias": random(64),
        "factor": random(1),
        "mask": np.full((8, 8), -np.inf, np.float32),
        "large": random(8, 8) * 1e6,
        "indices": np.arange(64, dtype=np.int32).reshape(8, 8),
    }
    graph = graph_of(weights)
    assert choose_stored(graph, "fp32") == {}
    assert choose_stored(graph, "fp16") == dict.fromkeys(("depthwise", "first", "last", "bias"), "float16")
    assert choose_stored(graph, "uint16") == dict.fromkeys(("first", "last", "bias", "large"), "uint16")
    assert choose_stored(graph, "uint8") == {"first": "uint16", "large": "uint16", "last": "uint8"}


def test_the_first_depthwise_kernels_stay_exact_beside_halves() -> None:
    random = np.random.default_rng(0)
    weights: dict[str, NDArray[Any]] = {
        name: random.normal(size=(3, 3, channels, 1)).astype(np.float32)
        for name, channels in (("first", 8), ("depthwise", 64), ("wide", 128))
    }
    graph = graph_of(weights)
    more = (Node(f"y{name}", "FusedDepthwiseConv2dNative", ("x", name)) for name in ("first", "wide"))
    graph = replace(graph, nodes=(*graph.nodes, *more))
    assert choose_stored(graph, "fp16") == dict.fromkeys(("depthwise", "wide"), "float16")
    assert choose_stored(graph, "uint16") == choose_stored(graph, "uint8") == {}
