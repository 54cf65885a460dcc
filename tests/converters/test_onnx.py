"""ONNX artifacts against the Keras models that they come from."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import edgekit
from edgekit.artifact import Artifact
from edgekit.converters.base import get_converter
from edgekit.errors import ConversionError, UsageError
from edgekit.onnxfile.digest import carries_own_digest
from edgekit.onnxfile.model import read_onnx
from edgekit.program import FrozenProgram, freeze
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ImageFormat, ModelSpec, TensorSpec, image_classifier

pytest.importorskip("tensorflow")
onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
ort = pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")
pytest.importorskip("tf2onnx", reason="needs the extra 'onnx'")
import keras  # noqa: E402
from keras import layers  # noqa: E402

from edgekit.converters import onnx_weights  # noqa: E402
from edgekit.converters.onnx import ONNXOptions  # noqa: E402
from edgekit.converters.onnx_bias import correct_biases  # noqa: E402
from edgekit.converters.onnx_graph import check_size  # noqa: E402
from edgekit.converters.onnx_opset import newest_opset  # noqa: E402

PRECISIONS = ("fp32", "fp16", "int8", "int8-dynamic")
SIZE, LABELS = 48, ("daisy", "rose", "tulip", "lily")
SPEC = image_classifier("flowers", LABELS, ImageFormat(SIZE, SIZE))

LIMITS = (1e-5, 0.015, 0.15, 0.1)
"""Of any probability, in the order of the precisions."""


def mobile_net() -> Any:
    """MobileNetV2's kinds of layers in small, with statistics and a head as after a training."""
    keras.utils.set_random_seed(0)
    generator = np.random.default_rng(0)

    def normalized(tensor: Any) -> Any:
        gamma, beta = (
            keras.initializers.Constant(generator.uniform(low, 1.3, tensor.shape[-1])) for low in (0.7, -0.3)
        )
        # Without momentum one pass is enough to have the statistics of the data.
        return layers.BatchNormalization(momentum=0.0, gamma_initializer=gamma, beta_initializer=beta)(tensor)

    x = pixels = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1)(x)
    x = layers.ReLU(6.0)(normalized(layers.Conv2D(8, 3, 2, "same", use_bias=False)(x)))
    for channels, stride in ((16, 1), (24, 2), (24, 1)):
        y = layers.ReLU(6.0)(normalized(layers.Conv2D(64, 1, use_bias=False)(x)))
        y = layers.DepthwiseConv2D(3, stride, use_bias=False)(layers.ZeroPadding2D(1)(y))
        y = normalized(layers.Conv2D(channels, 1, use_bias=False)(layers.ReLU(6.0)(normalized(y))))
        x = layers.Add()([x, y]) if x.shape == y.shape else y
    scores = layers.Dense(len(LABELS))(layers.GlobalAveragePooling2D()(x))
    raw = keras.Model(pixels, scores)
    raw(photos(64).astype(np.float32), training=True)
    answers = raw.predict(photos(64).astype(np.float32), verbose=0)
    kernel, bias = raw.layers[-1].get_weights()
    sharper = 2 / answers.std(axis=0)
    raw.layers[-1].set_weights([kernel * sharper, (bias - answers.mean(axis=0)) * sharper])
    return keras.Model(pixels, layers.Softmax()(scores))


def photos(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Smooth pictures of random colours: white noise looks the same to every network."""
    from PIL import Image

    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (count, 5, 5, 3), np.uint8)
    resized = [Image.fromarray(one).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for one in small]
    return np.stack([np.asarray(one) for one in resized])


@pytest.fixture(scope="module")
def model() -> Any:
    return mobile_net()


@pytest.fixture(scope="module")
def program(model: Any, tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    return freeze(model, SPEC, tmp_path_factory.mktemp("program") / "saved", batch=None)


@pytest.fixture(scope="module")
def convert(program: FrozenProgram, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Artifact]:
    folder = tmp_path_factory.mktemp("onnx")
    calibration = Calibration(photos(40, seed=5), np.zeros(40, np.int64), "made for this test")

    def run(precision: str, **options: Any) -> Artifact:
        tag = "".join(f".{name}-{value}" for name, value in options.items())
        out = folder / f"flowers.{precision}{tag}.onnx"
        given = calibration if precision == "int8" else None
        return get_converter("onnx").convert(program, SPEC, precision, given, ONNXOptions(**options), out)

    return run


@pytest.fixture(scope="module")
def artifacts(convert: Callable[..., Artifact]) -> dict[str, Artifact]:
    return {precision: convert(precision) for precision in PRECISIONS}


@pytest.fixture(scope="module")
def expected(model: Any) -> NDArray[np.float32]:
    answer: NDArray[np.float32] = model.predict(photos(64).astype(np.float32), verbose=0)
    assert np.ptp(answer, axis=0).min() > 0.2  # the pictures do differ to it
    return answer


def operators(artifact: Artifact) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(artifact.path).graph.node)


@pytest.mark.parametrize(("precision", "limit"), list(zip(PRECISIONS, LIMITS, strict=True)))
def test_it_agrees_with_keras(
    precision: str, limit: float, artifacts: dict[str, Artifact], expected: NDArray[np.float32]
) -> None:
    with edgekit.load(artifacts[precision].path) as predictor:
        assert predictor.spec == SPEC
        answer = predictor.predict(photos(64))
    assert np.abs(answer - expected).max() < limit
    clear = np.sort(expected)[:, -1] - np.sort(expected)[:, -2] > 2 * limit
    assert (answer.argmax(1) == expected.argmax(1))[clear].all()


def test_fewer_bits_make_smaller_files(artifacts: dict[str, Artifact]) -> None:
    sizes = {precision: artifact.size_bytes for precision, artifact in artifacts.items()}
    assert sizes["fp16"] < 0.75 * sizes["fp32"]
    assert sizes["int8"] < 0.7 * sizes["fp32"]
    assert sizes["int8-dynamic"] < 0.7 * sizes["fp32"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_file_is_valid_and_describes_itself(precision: str, artifacts: dict[str, Artifact]) -> None:
    written = onnx.load(artifacts[precision].path)
    onnx.checker.check_model(written, full_check=True)
    onnx.shape_inference.infer_shapes(written, check_type=True, strict_mode=True, data_prop=True)
    assert [(entry.domain, entry.version) for entry in written.opset_import] == [("", newest_opset())]
    assert written.ir_version == onnx.helper.find_min_ir_version_for(list(written.opset_import))
    assert (written.producer_name, written.producer_version) == ("EdgeKit", edgekit.__version__)
    assert "takes image (any, 48, 48, 3) float32" in written.doc_string.lower()
    about = {entry.key: entry.value for entry in written.metadata_props}
    assert ModelSpec.from_json(about["edgekit.spec"]) == SPEC
    assert (about["name"], about["labels"]) == ("flowers", '["daisy", "rose", "tulip", "lily"]')
    (taken,), (given,) = written.graph.input, written.graph.output
    assert (taken.name, given.name) == ("image", "probabilities")
    sizes = [size.dim_param or size.dim_value for size in taken.type.tensor_type.shape.dim]
    assert sizes == ["batch", SIZE, SIZE, 3]


def test_the_graph_is_clean(artifacts: dict[str, Artifact]) -> None:
    found = operators(artifacts["fp32"])
    assert found["Transpose"] == 1  # NHWC to NCHW, once
    assert found["BatchNormalization"] == 0
    assert found["Mul"] == 1  # of the scaling; those of batch norm are in the weights, depthwise ones too
    assert found["Conv"] == 10
    assert "StatefulPartitionedCall" not in artifacts["fp32"].path.read_bytes().decode("latin-1")


def test_int8_computes_on_integers(artifacts: dict[str, Artifact]) -> None:
    written = onnx.load(artifacts["int8"].path)
    makers = {output: node.op_type for node in written.graph.node for output in node.output}
    convolutions = [node for node in written.graph.node if node.op_type == "Conv"]
    assert {makers[name] for node in convolutions for name in node.input} == {"DequantizeLinear"}
    assert not [
        t for t in written.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and np.prod(t.dims) > 1500
    ]


def test_the_same_conversion_gives_the_same_bytes(convert: Callable[..., Artifact]) -> None:
    assert convert("int8").digest == convert("int8").digest


def test_an_older_opset_can_be_asked_for(convert: Callable[..., Artifact], expected: NDArray[np.float32]) -> None:
    artifact = convert("fp32", opset=15)
    assert read_onnx(artifact.path.read_bytes(), "it").opsets == {"": 15}
    with edgekit.load(artifact.path) as predictor:
        assert np.abs(predictor.predict(photos(64)) - expected).max() < 1e-5


def test_an_opset_that_there_is_not(convert: Callable[..., Artifact]) -> None:
    with pytest.raises(UsageError, match=r"onnx\.opset is 15 to \d+ here\. Got: 99"):
        convert("fp32", opset=99)


def test_arithmetic_in_16_bits_can_be_asked_for(
    convert: Callable[..., Artifact], expected: NDArray[np.float32]
) -> None:
    artifact = convert("fp16", fp16_compute=True)
    assert operators(artifact)["Cast"] < 8  # at the ends, not at each weight
    with edgekit.load(artifact.path) as predictor:
        assert predictor.engine.inputs[0].dtype == "float32"
        assert np.abs(predictor.predict(photos(64)) - expected).max() < 0.02


def test_int8_without_photos_says_so(program: FrozenProgram, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="needs calibration photos"):
        get_converter("onnx").convert(program, SPEC, "int8", None, ONNXOptions(), tmp_path / "x.onnx")


def test_a_pass_of_tf2onnx_that_fails_is_left_out(
    convert: Callable[..., Artifact],
    expected: NDArray[np.float32],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tf2onnx import optimizer

    convert("fp32")
    assert "begins again" not in capsys.readouterr().out

    def fail(*_: Any) -> Any:
        raise ValueError("no such axis")

    monkeypatch.setattr(optimizer.TransposeOptimizer, "_optimize", fail)
    with edgekit.load(convert("fp32").path) as predictor:
        assert np.abs(predictor.predict(photos(64)) - expected).max() < 1e-5
    assert "begins again with copies: ValueError: no such axis" in capsys.readouterr().out
    assert "TF2ONNX_CATCH_ERRORS" not in os.environ


def test_what_does_not_fit_into_one_file_says_so() -> None:
    with pytest.raises(ConversionError, match=r"big takes 3\.0 GB, and one ONNX file holds less"):
        check_size("big", 3_000_000_000)


def recurrent(*stack: Any, shape: tuple[int | None, ...] = (9, 6)) -> Any:
    return keras.Sequential([keras.Input(shape, name="steps"), *stack, layers.Dense(3)])


def two_sides() -> Any:
    left, right = keras.Input((4,), name="left"), keras.Input((6,), name="right")
    both = layers.Concatenate()([layers.Dense(8, "relu")(left), layers.Dense(8, "tanh")(right)])
    return keras.Model([left, right], [layers.Dense(3, "softmax")(both), layers.Dense(2)(both)])


def words() -> Any:
    ids = keras.Input((7,), dtype="int32", name="words")
    return keras.Model(ids, layers.Dense(3)(layers.LSTM(8)(layers.Embedding(300, 5)(ids))))


def inner() -> Any:
    kinds = [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((8, 8, 3)), *kinds])


def exact_gelu() -> Any:
    return keras.Sequential([keras.Input((5,), name="x"), layers.Dense(8, activation="gelu"), layers.Dense(2)])


def grouped() -> Any:
    kinds = [layers.Conv2D(8, 3, groups=4), layers.Conv2DTranspose(3, 3, strides=2), layers.Flatten(), layers.Dense(2)]
    return keras.Sequential([keras.Input((8, 8, 4), name="x"), *kinds])


KINDS: dict[str, Callable[[], Any]] = {
    "lstm": lambda: recurrent(layers.LSTM(8)),
    "gru of any length": lambda: recurrent(layers.GRU(8, return_sequences=True), shape=(None, 6)),
    "bidirectional": lambda: recurrent(layers.Bidirectional(layers.LSTM(8))),
    "bidirectional gru": lambda: recurrent(layers.Bidirectional(layers.GRU(5, return_sequences=True))),
    "time-distributed model": lambda: recurrent(layers.TimeDistributed(inner()), layers.GRU(4), shape=(5, 8, 8, 3)),
    "two inputs and outputs": two_sides,
    "words": words,
    "exact gelu": exact_gelu,
    "groups": grouped,
}


THOROUGH = {
    "lstm": PRECISIONS,
    "gru of any length": PRECISIONS,
    "groups": PRECISIONS,
    "words": PRECISIONS,
    "two inputs and outputs": ("fp32", "fp16", "int8-dynamic"),
    "bidirectional gru": ("fp32",),
    "time-distributed model": ("fp32",),
}


def spec_of(model: Any) -> ModelSpec:
    taken = tuple(TensorSpec(t.name, tuple(t.shape), t.dtype) for t in model.inputs)
    given = tuple(TensorSpec(f"answer{i}", tuple(t.shape), t.dtype) for i, t in enumerate(model.outputs))
    return ModelSpec("other", "tensors", taken, given)


def samples(spec: ModelSpec, count: int) -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(3)
    shapes = {t.name: (count, *(size or 11 for size in t.shape[1:])) for t in spec.inputs}
    kinds = {t.name: t.dtype for t in spec.inputs}
    return {
        name: generator.integers(0, 300, shape).astype(kinds[name])
        if kinds[name].startswith("int")
        else generator.normal(0, 1, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_other_models_agree_in_every_precision(kind: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = KINDS[kind]()
    spec = spec_of(model)
    frozen = freeze(model, spec, tmp_path / "program", batch=None)
    given = samples(spec, 40)
    answer = model.predict(given if len(given) > 1 else next(iter(given.values())), verbose=0)
    wanted = dict(zip((t.name for t in spec.outputs), answer if isinstance(answer, list) else [answer], strict=True))
    first = next(iter(given.values()))
    calibration = Calibration(first, np.zeros(len(first), np.int64), "made for this test")
    limits = {"fp32": 1e-4, "fp16": 5e-3, "int8": 0.15, "int8-dynamic": 0.05}
    for precision in THOROUGH.get(kind, ("fp32", "fp16")):
        out = tmp_path / f"other.{precision}.onnx"
        get_converter("onnx").convert(frozen, spec, precision, calibration, ONNXOptions(), out)
        with edgekit.load(out) as predictor:
            found = predictor.answers(given)
        for name, values in wanted.items():
            error = np.sqrt(np.mean((found[name] - values) ** 2)) / values.std()
            assert error < limits[precision], (precision, name)


def test_several_inputs_have_no_calibration(tmp_path: Path) -> None:
    model = two_sides()
    spec = spec_of(model)
    frozen = freeze(model, spec, tmp_path / "program", batch=None)
    calibration = Calibration(np.zeros((3, 4), np.float32), np.zeros(3, np.int64), "made for this test")
    with pytest.raises(ConversionError, match=r"other takes 2\. Take onnx:int8-dynamic"):
        get_converter("onnx").convert(frozen, spec, "int8", calibration, ONNXOptions(), tmp_path / "x.onnx")


def test_an_op_without_a_translation_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    class Odd(layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return tf.math.bessel_i0e(x)

    model = keras.Sequential([keras.Input((4,), name="x"), Odd()])
    spec = spec_of(model)
    frozen = freeze(model, spec, tmp_path / "program", batch=None)
    with pytest.raises(ConversionError, match="no translation here for BesselI0e"):
        get_converter("onnx").convert(frozen, spec, "fp32", None, ONNXOptions(), tmp_path / "x.onnx")


def test_large_products_are_quantized_on_the_fly(tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input((300,), name="x"), layers.Dense(300, "relu"), layers.Dense(4)])
    spec = spec_of(model)
    frozen = freeze(model, spec, tmp_path / "program", batch=None)
    out = tmp_path / "dense.onnx"
    artifact = get_converter("onnx").convert(frozen, spec, "int8-dynamic", None, ONNXOptions(), out)
    assert operators(artifact)["MatMulInteger"] == operators(artifact)["DynamicQuantizeLinear"] == 1
    x = np.random.default_rng(0).normal(0, 1, (20, 300)).astype(np.float32)
    with edgekit.load(out) as predictor:
        found = predictor.answers(x)["answer0"]
    wanted = model.predict(x, verbose=0)
    assert np.abs(found - wanted).max() < 0.05 * wanted.std()


def dense(weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Any:
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], transB=1)
    taken, given = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("x", weights.shape[1]), ("y", weights.shape[0]))
    )
    tensors = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")]
    graph = helper.make_graph([node], "dense", [taken], [given], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


def test_a_corrected_bias_keeps_the_mean_answer() -> None:
    generator = np.random.default_rng(0)
    weights = generator.normal(0, 1, (6, 50)).astype(np.float32)
    x = generator.uniform(2, 3, (200, 50)).astype(np.float32)
    model = dense(weights, np.zeros(6, np.float32))
    assert correct_biases(model, [{"x": x}], levels=7) == 1
    stored, scale = onnx_weights.quantize_weights(weights, (1,), levels=7)
    rounded = x @ (stored * scale).T
    bias = onnx.numpy_helper.to_array(model.graph.initializer[1])
    shift = np.abs((rounded - x @ weights.T).mean(axis=0)).max()
    assert shift > 0.5
    np.testing.assert_allclose((rounded + bias).mean(axis=0), (x @ weights.T).mean(axis=0), atol=1e-3)


def test_weights_are_rounded_to_the_nearest_of_255_steps() -> None:
    values = np.array([[1.0, -0.5, 0.004], [0, 0, 0]], np.float32)
    stored, scale = onnx_weights.quantize_weights(values, (1,))
    assert stored.tolist() == [[127, -64, 1], [0, 0, 0]]
    assert scale.tolist() == [[np.float32(1 / 127)], [1.0]]


def test_halves_leave_what_halves_cannot_hold() -> None:
    model = dense(np.full((16, 16), 1e5, np.float32), np.zeros(16, np.float32))
    onnx_weights.store_halves(model)
    assert [tensor.data_type for tensor in model.graph.initializer] == [onnx.TensorProto.FLOAT] * 2


def test_no_two_nodes_get_one_name() -> None:
    from onnx import TensorProto, helper

    from edgekit.converters.onnx_names import shorten_names

    names = ["a/b_2", "a/b", "a/b", "a/b__7", "a/b_2", "a/b_3"]
    nodes = [helper.make_node("Identity", [f"x{i}"], [f"x{i + 1}"], name=name) for i, name in enumerate(names)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x0", "x6")]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:]))
    shorten_names(model)
    found = [node.name for node in model.graph.node]
    assert len(set(found)) == len(names)
    assert found[:2] == ["a/b_2", "a/b"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_file_carries_its_own_digest(artifacts: dict[str, Artifact], precision: str) -> None:
    """So that it is loaded without a trial, and a damaged one is not."""
    assert carries_own_digest(artifacts[precision].path.read_bytes())
