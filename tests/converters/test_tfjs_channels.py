"""TF.js quantizes a tensor as a whole, which must not cost its small channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.progress import SILENT
from edgekit.tfjs.graph import Graph, Node
from edgekit.tfjs.precision import choose_stored

SCALES = np.array([1e3, 1, 1e-3] * 24, np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """A regression whose outputs differ by a million, and its files."""
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    stack = [keras.layers.Dense(64, activation="relu"), keras.layers.Dense(len(SCALES))]
    model = keras.Sequential([keras.Input((16,)), *stack], name="scales")
    kernel, _ = stack[-1].get_weights()
    bias = np.random.default_rng(0).normal(size=len(SCALES)).astype(np.float32)
    stack[-1].set_weights([kernel * SCALES, bias * SCALES])
    folder = tmp_path_factory.mktemp("scales")
    samples = np.random.default_rng(1).normal(size=(64, 16)).astype(np.float32)
    to = "tfjs:uint8,tfjs:uint16,tflite:int8"
    result = edgekit.export(model, to, folder, calibration=samples, progress=SILENT)
    return model, result


@pytest.mark.parametrize(("precision", "limit"), [("uint8", 0.1), ("uint16", 1e-2)])
def test_small_channels_keep_their_values(exported: Any, precision: str, limit: float) -> None:
    model, result = exported
    samples = np.random.default_rng(2).normal(size=(64, 16)).astype(np.float32)
    expected = model.predict(samples, verbose=0)
    with edgekit.load(result.folder / f"scales.{precision}.tfjs") as loaded:
        (answers,) = loaded.predict({loaded.spec.inputs[0].name: samples}).values()
    errors = np.sqrt(np.mean((answers - expected) ** 2, axis=0)) / expected.std(axis=0)
    assert errors.max() < limit
    entry = next(entry for entry in result.entries if entry.precision == precision)
    assert entry.check.verified


def test_one_tensor_of_8_bits_cannot_and_says_so(exported: Any) -> None:
    _, result = exported
    (failure,) = result.failures
    assert failure.file == "scales.int8.tflite"
    assert "of 72 of the output 'output': it is off by" in failure.reason
    assert "Choose a precision of floating-point numbers (fp32, fp16)" in failure.reason


def graph_of(kernel: np.ndarray, op: str, **attributes: Any) -> Graph:
    weights: dict[str, Any] = {"kernel": kernel, "bias": np.linspace(0, 1, 64, dtype=np.float32)}
    nodes = [Node(name, "Const") for name in weights]
    layer = Node("y", op, ("x", "kernel", "bias"), attributes)
    return Graph((Node("x", "Placeholder"), *nodes, layer), {"x": "x"}, {"y": "y"}, weights)


@pytest.mark.parametrize("op", ["MatMul", "_FusedMatMul", "Conv2D", "_FusedConv2D"])
def test_kernels_get_the_bits_that_their_smallest_channel_needs(op: str) -> None:
    shape = (1, 1, 64, 64) if "Conv" in op else (64, 64)
    kernel = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    small = np.where(np.arange(64) == 5, np.float32(1), 0)

    def stored(precision: str, factor: float) -> dict[str, str]:
        return dict(choose_stored(graph_of(np.asarray(kernel * (1 + small * (factor - 1)), np.float32), op), precision))

    assert stored("uint8", 1) == stored("uint8", 0) == {"kernel": "uint8"}  # a dead channel needs none
    assert stored("uint8", 1e-2) == {"kernel": "uint16"}
    assert stored("uint16", 1e-2) == {"kernel": "uint16", "bias": "uint16"}
    assert stored("uint8", 1e-5) == stored("uint16", 1e-5) == {}
    assert stored("fp16", 1e-5) == {"kernel": "float16", "bias": "float16"}


def test_a_transposed_kernel_has_its_channels_in_rows() -> None:
    kernel = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    kernel[5] *= np.float32(1e-5)
    assert choose_stored(graph_of(kernel, "MatMul", transpose_b={"b": True}), "uint8") == {}
    assert choose_stored(graph_of(kernel, "MatMul"), "uint8") == {"kernel": "uint8"}
