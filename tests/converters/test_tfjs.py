"""TF.js graph models: what is written runs in TensorFlow.js and answers as Keras does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.bundle import find_built
from edgekit.converters.base import NoOptions, get_converter
from edgekit.digest import digest_of
from edgekit.errors import ConversionError
from edgekit.program import FrozenProgram, freeze
from edgekit.runtime import load
from edgekit.runtime.engines import tfjs
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier
from edgekit.tfjs.format import check_model, read_spec
from tests.conftest import missing

pytest.importorskip("tensorflow")

Arrays = Mapping[str, NDArray[Any]]
ROWS = 3


@pytest.fixture(scope="module")
def keras() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(autouse=True, scope="module")
def _runner() -> None:
    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")


def randomise(model: Any) -> Any:
    """New models answer about the same for every input, and their biases are 0."""
    random = np.random.default_rng(0)
    for variable in model.weights:
        if "float" not in variable.dtype:
            continue
        if "variance" in variable.path or "gamma" in variable.path:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
        else:
            variable.assign(variable.numpy() + random.normal(0, 0.1, variable.shape))
    return model


def spec_of(model: Any) -> ModelSpec:
    inputs = tuple(TensorSpec(f"in{i}", tuple(t.shape), str(t.dtype)) for i, t in enumerate(model.inputs))
    outputs = tuple(TensorSpec(f"out{i}", tuple(t.shape), str(t.dtype)) for i, t in enumerate(model.outputs))
    return ModelSpec("m", "tensors", inputs, outputs)


def samples(spec: ModelSpec) -> Arrays:
    random = np.random.default_rng(1)
    found = {}
    for item in spec.inputs:
        shape = (ROWS, *(size or 6 for size in item.shape[1:]))
        values = random.integers(0, 9, shape) if "int" in item.dtype else random.normal(0, 1, shape)
        found[item.name] = values.astype(item.dtype)
    return found


def convert(program: FrozenProgram, folder: Path, precision: str = "fp32") -> Path:
    out = folder / f"{program.spec.name}.{precision}.tfjs"
    artifact = get_converter("tfjs").convert(program, program.spec, precision, None, NoOptions(), out)
    assert artifact.digest == digest_of(out)
    return out


def export(model: Any, spec: ModelSpec, folder: Path) -> Path:
    return convert(freeze(model, spec, folder / "program", None), folder)


def ask_keras(model: Any, spec: ModelSpec, arrays: Arrays) -> list[NDArray[Any]]:
    given = [arrays[item.name] for item in spec.inputs]
    answers = model(given[0] if len(given) == 1 else given, training=False)
    return [np.asarray(answer) for answer in (answers if isinstance(answers, list | tuple) else [answers])]


def ask_tfjs(folder: Path, arrays: Arrays) -> dict[str, NDArray[Any]]:
    opened = tfjs.open_model(folder, None, trust=True)
    try:
        return opened.engine.run(arrays)
    finally:
        opened.engine.close()


def ops(folder: Path) -> Counter[str]:
    return Counter(node.op for node in check_model(folder).graph.nodes if node.op not in ("Const", "Placeholder"))


def check_agrees(model: Any, folder: Path, tolerance: float = 1e-5) -> Counter[str]:
    spec = spec_of(model)
    written = export(randomise(model), spec, folder)
    arrays = samples(spec)
    answers = ask_tfjs(written, arrays)
    for item, wanted in zip(spec.outputs, ask_keras(model, spec, arrays), strict=True):
        scale = max(1.0, float(np.abs(wanted).max()))
        np.testing.assert_allclose(answers[item.name], wanted, rtol=0, atol=tolerance * scale)
    return ops(written)


MOBILENET = image_classifier("m", [str(index) for index in range(10)], ImageFormat(64, 64))


@pytest.fixture(scope="module")
def mobilenet(keras: Any) -> Any:
    layers = keras.layers
    network = keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, weights=None, classes=10)
    return randomise(keras.Sequential([keras.Input((64, 64, 3)), layers.Rescaling(1 / 127.5, -1), network]))


@pytest.fixture(scope="module")
def program(mobilenet: Any, tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    return freeze(mobilenet, MOBILENET, tmp_path_factory.mktemp("mobilenet") / "program", None)


@pytest.mark.parametrize(
    ("precision", "tolerance", "stored"),
    [
        ("fp32", 1e-5, set()),
        ("fp16", 5e-3, {"float16"}),
        ("uint16", 5e-3, {"uint16"}),
        ("uint8", 5e-2, {"uint8", "uint16"}),
    ],
)
def test_each_precision_agrees(
    mobilenet: Any, program: FrozenProgram, tmp_path: Path, precision: str, tolerance: float, stored: set[str]
) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (16, 64, 64, 3), np.uint8)
    written = convert(program, tmp_path, precision)
    with load(written, trust=True) as predictor:
        answers = predictor.answers({"image": pixels})["probabilities"]
    wanted = np.asarray(mobilenet(pixels.astype(np.float32), training=False))
    np.testing.assert_allclose(answers, wanted, rtol=0, atol=tolerance * float(wanted.max()))
    model = check_model(written)
    assert read_spec(model) == MOBILENET
    assert {entry.quantization.dtype for entry in model.weights if entry.quantization} == stored
    kernels = {node.inputs[1] for node in model.graph.nodes if node.op == "FusedDepthwiseConv2dNative"}
    assert len(kernels) == 17
    exact = [entry.quantization is None for entry in model.weights if entry.name in kernels]
    assert sum(exact) == (5 if precision == "fp16" else 17)


def test_mobilenet_is_fused_throughout(mobilenet: Any, program: FrozenProgram, tmp_path: Path) -> None:
    written = convert(program, tmp_path)
    fused = {"_FusedConv2D": 35, "FusedDepthwiseConv2dNative": 17, "_FusedMatMul": 1}
    assert ops(written) == {**fused, "Mul": 1, "AddV2": 11, "Mean": 1, "Softmax": 1}
    document = json.loads((written / "model.json").read_text())
    assert document["format"] == "graph-model"
    assert list(document["signature"]["inputs"]) == ["image"]
    assert document["signature"]["inputs"]["image"]["tensorShape"]["dim"][0] == {"size": "-1"}
    # Nothing is stored but kernels, biases, and four numbers of Rescaling and of the mean.
    network = mobilenet.layers[-1]
    elements = sum(entry.elements for entry in check_model(written).weights)
    assert elements == network.count_params() - _batch_norm_parameters(network) + _biases(written) + 4


def _batch_norm_parameters(model: Any) -> int:
    return sum(layer.count_params() for layer in model.layers if "BatchNormalization" in type(layer).__name__)


def _biases(folder: Path) -> int:
    """Elements of the biases that batch normalization becomes."""
    model = check_model(folder)
    sizes = {entry.name: entry.elements for entry in model.weights}
    convolutions = [node for node in model.graph.nodes if "Conv2" in node.op]
    return sum(sizes[name] for name in {node.inputs[2] for node in convolutions})


SMALL: dict[str, Callable[[Any, Any], list[Any]]] = {
    "lstm": lambda k, n: [k.Input((5, 4)), n.LSTM(3), n.Dense(2, "softmax")],
    "gru": lambda k, n: [k.Input((5, 4)), n.GRU(3, return_sequences=True), n.Dense(2)],
    "bidirectional": lambda k, n: [k.Input((5, 4)), n.Bidirectional(n.LSTM(3, return_sequences=True)), n.GRU(2)],
    "time distributed": lambda k, n: [
        k.Input((3, 8, 8, 3)),
        n.TimeDistributed(n.Conv2D(4, 3, activation="relu")),
        n.TimeDistributed(n.GlobalAveragePooling2D()),
        n.LSTM(3),
    ],
    "words": lambda k, n: [k.Input((6,), dtype="int32"), n.Embedding(9, 4), n.LSTM(3)],
    "activations": lambda k, n: [
        k.Input((9, 9, 3)),
        n.Conv2D(4, 3),
        n.LeakyReLU(0.3),
        n.Conv2D(4, 3),
        n.PReLU(shared_axes=[1, 2]),
        n.DepthwiseConv2D(3, padding="same"),
        n.PReLU(),
        n.Conv2D(4, 3, activation="elu"),
        n.Flatten(),
        n.Dense(5, activation="gelu"),
        n.Dense(5, activation="softsign"),
    ],
    "sequence of samples": lambda k, n: [
        k.Input((12, 3)),
        n.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="relu"),
        n.BatchNormalization(),
        n.MaxPooling1D(2),
        n.GlobalAveragePooling1D(),
        n.Dense(3),
    ],
    "any size": lambda k, n: [
        k.Input((None, None, 3)),
        n.ZeroPadding2D(((0, 1), (0, 1))),
        n.Conv2D(4, 3, strides=2, activation="relu6"),
        n.SeparableConv2D(4, 3, padding="same"),
        n.GlobalMaxPooling2D(),
    ],
    "pictures out": lambda k, n: [
        k.Input((6, 6, 3)),
        n.Conv2DTranspose(4, 3, strides=2, padding="same"),
        n.LayerNormalization(),
        n.UpSampling2D(2, interpolation="bilinear"),
        n.AveragePooling2D(2, padding="same"),
    ],
}


@pytest.mark.parametrize("name", SMALL)
def test_layers_agree(keras: Any, tmp_path: Path, name: str) -> None:
    check_agrees(keras.Sequential(SMALL[name](keras, keras.layers)), tmp_path)


def test_several_inputs_and_outputs(keras: Any, tmp_path: Path) -> None:
    layers = keras.layers
    numbers, picture = keras.Input((5,), name="numbers"), keras.Input((8, 8, 3), name="picture")
    flat = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, activation="sigmoid")(picture))
    both = layers.Concatenate()([layers.Dense(4, "relu")(numbers), flat])
    dense = layers.Dense(3, "softmax")(both)
    # The same tensor twice, and an input that is an answer.
    check_agrees(keras.Model([numbers, picture], [dense, layers.Dense(2)(both), dense, numbers]), tmp_path)


def test_attention_needs_no_einsum(keras: Any, tmp_path: Path) -> None:
    tokens = keras.Input((6, 8))
    attended = keras.layers.MultiHeadAttention(2, 4)(tokens, tokens)
    model = keras.Model(tokens, keras.layers.LayerNormalization()(attended + tokens))
    assert "Einsum" not in check_agrees(model, tmp_path)


def test_weights_that_are_used_twice_are_stored_once(keras: Any, tmp_path: Path) -> None:
    shared = keras.layers.Dense(64)
    tensor = keras.Input((64,))
    model = keras.Model(tensor, shared(shared(tensor)))
    check_agrees(model, tmp_path)
    assert sum(path.stat().st_size for path in (tmp_path / "m.fp32.tfjs").glob("*.bin")) == 4 * 65 * 64


def test_an_operation_that_tfjs_has_not_is_named(keras: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    class Special(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return tf.math.lgamma(x)

    model = keras.Sequential([keras.Input((3,)), Special()])
    with pytest.raises(ConversionError, match=r"m\.fp32\.tfjs needs the operation Lgamma, which TF\.js 4\.22\.0"):
        export(model, spec_of(model), tmp_path)
    assert not (tmp_path / "m.fp32.tfjs").exists()


@pytest.mark.parametrize(("groups", "filters", "op"), [(6, 12, "Depthwise"), (3, 9, "Split")])
def test_groups_are_separated(keras: Any, tmp_path: Path, groups: int, filters: int, op: str) -> None:
    x = keras.Input((8, 8, 6))
    model = randomise(keras.Model(x, keras.layers.Conv2D(filters, 3, groups=groups, activation="relu")(x)))
    found = check_agrees(model, tmp_path)
    assert any(op in name for name in found)


@pytest.mark.parametrize("precision", ["fp16", "uint8", "uint16"])
def test_a_precision_that_no_weight_has_is_refused(keras: Any, tmp_path: Path, precision: str) -> None:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(2)])
    program = freeze(model, spec_of(model), tmp_path / "program", None)
    stored = {"fp16": "float16"}.get(precision, precision)
    with pytest.raises(ConversionError, match=rf"of {precision}: No weights are {stored}\..* Export fp32 instead"):
        convert(program, tmp_path, precision)
    assert not (tmp_path / f"m.{precision}.tfjs").exists()


@pytest.mark.parametrize("name", ["sum", "product"])
@pytest.mark.parametrize("axis", [-1, -2])
def test_what_is_cumulated_from_the_end_of_the_axes(keras: Any, tmp_path: Path, name: str, axis: int) -> None:
    x = keras.Input((4, 5))
    function = {"sum": keras.ops.cumsum, "product": keras.ops.cumprod}[name]
    check_agrees(keras.Model(x, function(keras.layers.Dense(3)(x), axis=axis)), tmp_path)
