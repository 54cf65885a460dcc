"""Newer operators told in older ones: the same bytes from every set of kernels, and nothing newer left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converters.tflite_int8 import convert_to_int8
from edgekit.edgetpu.versions import highest_read
from edgekit.program import freeze
from edgekit.spec import ImageFormat, image_classifier
from edgekit.tflite.checks import find_problems
from edgekit.tflite.embed import embed
from edgekit.tflite.model import read_model
from edgekit.tflite.older_ops import with_older_operators

SIDE = 12
SPEC = image_classifier("newer", [f"class {i}" for i in range(5)], ImageFormat(SIDE, SIDE))
# Each in other colours: of plain noise a network sees the mean, and answers all alike.
RANDOM = np.random.default_rng(7)
PHOTOS = (RANDOM.random((24, SIDE, SIDE, 3)) * RANDOM.integers(1, 256, (24, 1, 1, 3))).astype(np.uint8)
PHOTOS[0, 0, 0], PHOTOS[0, -1, -1] = 0, 255


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Convolutions with and without groups, bias and activation, and transposed ones: int8, by today's TensorFlow."""
    pytest.importorskip("tensorflow")
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((SIDE, SIDE, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    lively = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.25)}
    x = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", **lively)(x)
    x = layers.Conv2D(24, 3, groups=4, padding="same", activation="relu6", bias_initializer="normal", **lively)(x)
    x = layers.Conv2D(8, 3, groups=2, use_bias=False, **lively)(x)
    for activation in ("relu", "relu6", None):
        x = layers.Conv2DTranspose(8, 3, strides=2, activation=activation, bias_initializer="normal", **lively)(x)
    x = layers.Dense(5)(layers.GlobalAveragePooling2D()(x))
    program = freeze(
        keras.Model(pixels, layers.Softmax()(x)),
        SPEC,
        tmp_path_factory.mktemp("newer") / "program",
    )
    return convert_to_int8(program.folder, "image", PHOTOS)


@pytest.fixture(scope="module")
def older(newer: bytes) -> bytes:
    return with_older_operators(read_model(newer))[0]


def answers(data: bytes, kernels: str) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType[kernels])
    interpreter.allocate_tensors()
    given = []
    for photo in PHOTOS:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], photo[None])
        interpreter.invoke()
        given.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].copy())
    return np.stack(given)


def too_new(data: bytes) -> set[str]:
    """Operators of versions that compiler 16 cannot read."""
    return {
        f"{operator.name} {operator.version}"
        for operator in read_model(data).subgraphs[0].operators
        if operator.version > (highest_read(operator.name, 16) or operator.version)
    }


@pytest.mark.parametrize("kernels", ["AUTO", "BUILTIN_WITHOUT_DEFAULT_DELEGATES", "BUILTIN_REF"])
def test_every_kernel_gives_the_same_bytes(newer: bytes, older: bytes, kernels: str) -> None:
    before = answers(newer, kernels)
    assert before.std(axis=0).max() > 1, "photos that all answer alike prove nothing"
    np.testing.assert_array_equal(before, answers(older, kernels))


def test_nothing_newer_is_left(newer: bytes, older: bytes) -> None:
    assert too_new(newer) == {"CONV_2D 6", "TRANSPOSE_CONV 4"}
    assert too_new(older) == set()
    # An interpreter also looks for the codes in the list that no operator has.
    from tensorflow.lite.python import schema_py_generated as schema

    listed = schema.ModelT.InitFromPackedBuf(older, 0).operatorCodes
    assert {(code.builtinCode, code.version) for code in listed}.isdisjoint({(3, 6), (67, 4)})


def test_what_becomes_of_them(newer: bytes) -> None:
    data, done = with_older_operators(read_model(newer))
    names = [operator.name for operator in read_model(data).subgraphs[0].operators]
    assert names.count("SPLIT") == names.count("CONCATENATION") == 2
    assert names.count("CONV_2D") == 1 + 4 + 2
    assert [name for name in names if name.startswith("RELU")] == ["RELU", "RELU6"]
    assert len(done) == 2
    assert "CONV_2D 6, here 2" in done[0]
    assert "TRANSPOSE_CONV 4, here 2" in done[1]


def test_the_result_takes_a_spec_and_keeps_its_promises(older: bytes) -> None:
    model = read_model(embed(older, SPEC))
    assert find_problems(model, "int8") == []
    assert "min_runtime_version" not in model.metadata
    assert [signature.key for signature in model.signatures] == ["serving_default"]


def test_without_newer_operators_nothing_changes(shared_data: Path) -> None:
    for path in sorted((shared_data / "edge-tpu" / "test_data").glob("*_quant.tflite")):
        data = path.read_bytes()
        assert with_older_operators(read_model(data)) == (data, ()), path.name


def test_a_rewritten_model_is_left_alone(older: bytes) -> None:
    assert with_older_operators(read_model(older)) == (older, ())


def test_the_public_schema_reads_the_result(older: bytes) -> None:
    """Not only our own reader: every table, through FlatBuffers' generated code."""
    pytest.importorskip("tensorflow")
    from tensorflow.lite.python import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromPackedBuf(older, 0)
    graph = model.subgraphs[0]
    split = next(one for one in graph.operators if isinstance(one.builtinOptions, schema.SplitOptionsT))
    assert split.builtinOptions.numSplits == len(split.outputs) == 4
    parts = [graph.tensors[index] for index in split.outputs]
    source = graph.tensors[split.inputs[1]]
    assert all(list(part.shape) == [*source.shape[:3], source.shape[3] // 4] for part in parts)
    assert all(part.quantization.scale == source.quantization.scale for part in parts)
