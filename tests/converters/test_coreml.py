"""What the Core ML converter writes, seen through coremltools' own reading of the package."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converters.coreml import CoreMLConverter, CoreMLOptions
from edgekit.converters.coreml_describe import describe_model
from edgekit.converters.coreml_graph import feature_name
from edgekit.converters.coreml_loops import rewrite_loops
from edgekit.converters.coreml_targets import LOWEST, SYSTEMS, choose_system
from edgekit.converters.coreml_weights import choose_palettized, cluster, group_size
from edgekit.converters.options import make_options
from edgekit.coreml.checks import PRECISIONS, find_problems
from edgekit.coreml.package import Package, read_package
from edgekit.errors import ConversionError, UsageError
from edgekit.program import FrozenProgram, freeze
from edgekit.spec import ImageFormat, Label, ModelSpec, Provenance, TensorSpec, image_classifier

SIZE = 24
SPEC = image_classifier(
    "blumen",
    (Label("daisy", {"de": "Gänseblümchen"}), Label("rose"), Label("tulip, red")),
    ImageFormat(SIZE, SIZE),
    provenance=Provenance(split={"train": 2569}, metrics={"val_accuracy": 0.913}),
)

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "fp16": ("fp16", {}),
    "fp32": ("fp32", {}),
    "int8": ("int8", {}),
    "int8-table": ("int8", {"palettize": True}),
    "int8-ios18": ("int8", {"deployment_target": "macOS15"}),
    "int6": ("int6", {}),
    "int4": ("int4", {}),
    "int4-ios18": ("int4", {"deployment_target": "ios18"}),
}

Convert = Callable[..., Path]


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("tensorflow", reason="converting needs the extra 'tensorflow'")
    pytest.importorskip("coremltools", reason="converting needs the extra 'coreml'")
    import keras

    return keras


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    layers = keras.layers
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(32, 3, strides=2, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.DepthwiseConv2D(3),
            layers.Conv2D(256, 1, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(96, "relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def program(model: Any, tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    return freeze(model, SPEC, tmp_path_factory.mktemp("program") / "saved")


@pytest.fixture(scope="module")
def packages(program: FrozenProgram, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Package]:
    """One model in every variant."""
    folder = tmp_path_factory.mktemp("packages")
    return {
        name: read_package(write(program, precision, folder / f"{name}.mlpackage", **options))
        for name, (precision, options) in VARIANTS.items()
    }


def write(program: FrozenProgram, precision: str, out: Path, **options: Any) -> Path:
    artifact = CoreMLConverter().convert(program, program.spec, precision, None, CoreMLOptions(**options), out)
    assert (artifact.path, artifact.format, artifact.precision) == (out, "coreml", precision)
    assert artifact.size_bytes == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return out


@pytest.fixture
def export(keras: Any, tmp_path: Path) -> Convert:
    """Freezes and converts a Keras model."""

    def run(model: Any, spec: ModelSpec | None = None, precision: str = "fp32", **options: Any) -> Path:
        saved = freeze(model, spec or spec_of(model), tmp_path / "saved")
        return write(saved, precision, tmp_path / "model.mlpackage", **options)

    return run


def spec_of(model: Any) -> ModelSpec:
    inputs = tuple(TensorSpec(tensor.name, tuple(tensor.shape), tensor.dtype) for tensor in model.inputs)
    outputs = tuple(
        TensorSpec(name, tuple(tensor.shape), tensor.dtype)
        for name, tensor in zip(model.output_names, model.outputs, strict=True)
    )
    return ModelSpec("tensors", "tensors", inputs, outputs)


def stack(keras: Any, *layers: Any, shape: tuple[int, ...] = (6, 4), dtype: str = "float32") -> Any:
    found = taken = keras.Input(shape, name="sample", dtype=dtype)
    for layer in layers:
        found = layer(found)
    return keras.Model(taken, found)


def operations(package: Package) -> Counter[str]:
    from edgekit.coreml.package import all_operations

    return Counter(operation.type for operation in all_operations(package.model.mlProgram))


# --- what Xcode shows


def test_a_classifier_takes_an_image_and_answers_labels(packages: dict[str, Package]) -> None:
    for package in packages.values():
        description = package.model.description
        (taken,) = description.input
        image = taken.type.imageType
        assert (taken.name, image.width, image.height) == ("image", SIZE, SIZE)
        assert image.ColorSpace.Name(image.colorSpace) == "RGB"
        label, probabilities = description.output
        assert (label.name, label.type.WhichOneof("Type")) == ("classLabel", "stringType")
        assert probabilities.type.WhichOneof("Type") == "dictionaryType"
        assert description.predictedFeatureName == label.name
        assert description.predictedProbabilitiesName == probabilities.name
        assert class_labels(package) == ["daisy", "rose", "tulip, red"]
        assert package.metadata["com.apple.coreml.model.preview.type"] == "imageClassifier"
        assert package.spec == SPEC


def class_labels(package: Package) -> list[str]:
    block = next(iter(package.model.mlProgram.functions["main"].block_specializations.values()))
    (classify,) = [operation for operation in block.operations if operation.type == "classify"]
    assert classify.inputs["probabilities"].arguments[0].name.startswith("probabilities")
    labels = classify.inputs["classes"].arguments[0].value.immediateValue.list.values
    return [label.immediateValue.tensor.strings.values[0] for label in labels]


def test_texts_have_sensible_defaults(packages: dict[str, Package]) -> None:
    metadata = packages["fp16"].metadata
    assert metadata["author"].startswith("Exported with EdgeKit")
    assert (metadata["license"], metadata["versionString"]) == ("Not stated", "1.0")
    assert metadata["shortDescription"] == describe_model(SPEC)
    assert "daisy, rose, tulip, red. Trained on 2,569 photos. Validation accuracy 91.3%." in describe_model(SPEC)
    assert packages["fp16"].model.description.input[0].shortDescription == "An RGB photo of 24 x 24 pixels (crop)."


def test_texts_can_be_chosen(program: FrozenProgram, tmp_path: Path) -> None:
    texts = {"author": "Ada", "license": "Apache-2.0", "version": "2.1", "description": "Zähmt Blumen"}
    package = read_package(write(program, "fp16", tmp_path / "a.mlpackage", **texts))
    found = {name: package.metadata[key] for name, key in zip(texts, KEYS, strict=True)}
    assert found == texts


KEYS = ("author", "license", "versionString", "shortDescription")


def test_everybody_may_read_what_was_written(packages: dict[str, Package]) -> None:
    for path in (packages["fp16"].path, *packages["fp16"].path.rglob("*")):
        assert path.stat().st_mode & 0o044 == 0o044 or path == packages["fp16"].path
        assert os.access(path, os.R_OK)


# --- what each precision promises


def test_sizes_shrink_as_promised(packages: dict[str, Package]) -> None:
    sizes = {name: (package.weights / "weight.bin").stat().st_size for name, package in packages.items()}  # type: ignore[operator]
    assert sizes["fp32"] > 1.9 * sizes["fp16"] > 1.9 * 1.7 * sizes["int8"]
    assert sizes["int8"] - sizes["int6"] > 256 * 96 * 1.9 / 8
    assert sizes["int6"] - sizes["int4"] > 256 * 96 * 1.9 / 8
    assert 0.9 < sizes["int4-ios18"] / sizes["int4"] < 1.1


@pytest.mark.parametrize(
    ("variant", "large", "small"),
    [
        ("fp16", "const float16", "const float16"),
        ("fp32", "const float32", "const float32"),
        ("int8", "constexpr_affine_dequantize int8", "constexpr_affine_dequantize int8"),
        ("int8-table", "constexpr_lut_to_dense uint8", "constexpr_lut_to_dense uint8"),
        ("int8-ios18", "constexpr_blockwise_shift_scale int8", "constexpr_blockwise_shift_scale int8"),
        ("int6", "constexpr_lut_to_dense uint8", "constexpr_affine_dequantize int8"),
        ("int4", "constexpr_lut_to_dense uint8", "constexpr_affine_dequantize int8"),
        ("int4-ios18", "constexpr_lut_to_dense uint4", "constexpr_blockwise_shift_scale int8"),
    ],
)
def test_weights_are_stored_as_promised(packages: dict[str, Package], variant: str, large: str, small: str) -> None:
    precision = VARIANTS[variant][0]
    dense, convolution = 256 * 96, 32 * 256
    bits = {"fp16": 16, "fp32": 32, "int8": 8, "int6": 6, "int4": 4}[precision]
    found = {constant.size_bytes: f"{constant.op} {constant.dtype}" for constant in packages[variant].constants}
    assert found[dense * bits // 8] == large
    assert found[convolution * max(bits, 8) // 8] == small
    for other in PRECISIONS:
        assert bool(find_problems(packages[variant], other)) == (other != precision)


def test_a_missing_spec_is_a_problem(packages: dict[str, Package]) -> None:
    assert find_problems(dataclasses.replace(packages["fp16"], spec=None), "fp16") == ["EdgeKit's spec is missing."]


def test_weights_that_are_too_small_are_said(keras: Any, export: Convert) -> None:
    with pytest.raises(ConversionError, match=r"No weights have 8 bits: none has more than 1,024 elements"):
        export(stack(keras, keras.layers.Dense(4)), precision="int8")


def test_arithmetic_can_be_exact(packages: dict[str, Package], program: FrozenProgram, tmp_path: Path) -> None:
    assert operations(packages["int8"])["cast"] == 2  # to float16 and back
    exact = read_package(write(program, "int8", tmp_path / "exact.mlpackage", compute="float32"))
    assert operations(exact)["cast"] == 0
    assert not find_problems(exact, "int8")


# --- deployment targets


def test_each_precision_is_made_for_its_own_system(packages: dict[str, Package]) -> None:
    versions = {name: package.model.specificationVersion for name, package in packages.items()}
    assert versions == {
        "fp16": 6,
        "fp32": 6,
        "int8": 7,
        "int8-table": 7,
        "int8-ios18": 9,
        "int6": 7,
        "int4": 7,
        "int4-ios18": 9,
    }


def test_systems_are_those_of_coremltools() -> None:
    target = pytest.importorskip("coremltools").target
    for generation, names in SYSTEMS.items():
        assert {getattr(target, name) for name in names} == {getattr(target, generation)}
    assert max(target) == target.iOS26


@pytest.mark.parametrize("name", ["iOS14", "android", "16"])
def test_an_unknown_system_lists_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match=rf"Unknown deployment target '{name}'.*iOS15, macOS12.*iOS26"):
        CoreMLOptions(deployment_target=name)


def test_a_system_that_is_too_old_for_the_precision() -> None:
    with pytest.raises(UsageError, match="coreml:int8 needs iOS16 or newer, so it cannot be made for macOS12"):
        choose_system("int8", "macOS12")
    assert {precision: choose_system(precision, lowest) for precision, lowest in LOWEST.items()} == LOWEST


def test_an_unknown_arithmetic() -> None:
    with pytest.raises(UsageError, match="float16 or float32"):
        make_options("coreml", CoreMLOptions, {"compute": "bfloat16"})


# --- other models


def test_grayscale_photos(keras: Any, export: Convert) -> None:
    spec = image_classifier("gray", ("a", "b"), ImageFormat(8, 10, "grayscale"))
    layers = keras.layers
    package = read_package(
        export(stack(keras, layers.Flatten(), layers.Dense(2, "softmax"), shape=spec.image.shape), spec)  # type: ignore[union-attr]
    )
    image = package.model.description.input[0].type.imageType
    assert (image.width, image.height, image.ColorSpace.Name(image.colorSpace)) == (8, 10, "GRAYSCALE")


@pytest.mark.parametrize(
    "spec",
    [
        image_classifier("binary", ("no", "yes"), ImageFormat(8, 8), binary=True),
        image_classifier("many", ("a", "b", "c"), ImageFormat(8, 8), multi_label=True),
        image_classifier("scores", ("a", "b", "c"), ImageFormat(8, 8), "none"),
    ],
    ids=lambda spec: spec.name,
)
def test_what_is_no_single_label_answers_a_tensor(keras: Any, export: Convert, spec: ModelSpec) -> None:
    activation = None if spec.activation == "none" else spec.activation
    layers = (keras.layers.Flatten(), keras.layers.Dense(spec.classes, activation))
    package = read_package(export(stack(keras, *layers, shape=(8, 8, 3)), spec))
    (answer,) = package.model.description.output
    assert (answer.name, list(answer.type.multiArrayType.shape)) == (spec.outputs[0].name, [1, spec.classes])
    assert package.model.description.input[0].type.WhichOneof("Type") == "imageType"
    assert "com.apple.coreml.model.preview.type" not in package.metadata
    assert package.spec == spec


def test_several_inputs_and_outputs_keep_names_and_order(keras: Any, export: Convert) -> None:
    left, right = keras.Input((4,), name="left"), keras.Input((5,), name="right", dtype="int32")
    layers = keras.layers
    joined = layers.Concatenate()([left, layers.Flatten()(layers.Embedding(9, 2)(right))])
    model = keras.Model([right, left], [layers.Dense(2, name="z")(joined), layers.Dense(3, name="a")(left)])
    description = read_package(export(model)).model.description
    kinds = type(description.input[0].type.multiArrayType).ArrayDataType
    assert [(f.name, list(f.type.multiArrayType.shape)) for f in description.input] == [
        ("right", [1, 5]),
        ("left", [1, 4]),
    ]
    assert [kinds.Name(f.type.multiArrayType.dataType) for f in description.input] == ["INT32", "FLOAT32"]
    assert [(f.name, list(f.type.multiArrayType.shape)) for f in description.output] == [("z", [1, 2]), ("a", [1, 3])]


RECURRENT: dict[str, Callable[[Any], list[Any]]] = {
    "lstm": lambda layers: [layers.LSTM(5), layers.Dense(3)],
    "two lstm": lambda layers: [layers.LSTM(5, return_sequences=True), layers.LSTM(5)],
    "gru": lambda layers: [layers.GRU(5, return_sequences=True)],
    "bidirectional": lambda layers: [layers.Bidirectional(layers.LSTM(5))],
    "masked": lambda layers: [layers.Masking(), layers.LSTM(5)],
    "time distributed": lambda layers: [layers.TimeDistributed(layers.Dense(5)), layers.SimpleRNN(4)],
}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(keras: Any, export: Convert, name: str) -> None:
    layers = RECURRENT[name](keras.layers)
    loops = sum(isinstance(layer, keras.layers.RNN) for layer in layers) + ("bidirectional" in name) * 2
    found = operations(read_package(export(stack(keras, *layers))))
    assert found["while_loop"] == loops
    assert found["list_read"] >= loops  # each reads one time step


def test_a_loop_keeps_its_own_limit(keras: Any, tmp_path: Path) -> None:
    """Also where it is the limit that ends the loop, in TensorFlow itself: the rewriting changes nothing."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((), tf.float32)])
    def doubled(x: Any) -> Any:
        return tf.while_loop(lambda y: y < 100.0, lambda y: (2.0 * y,), (x,), maximum_iterations=3)

    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(doubled.get_concrete_function(), lower_control_flow=False)
    graph_def = frozen.graph.as_graph_def()
    assert rewrite_loops(graph_def) == 1
    assert rewrite_loops(graph_def) == 0
    imported = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(graph_def, name=""), [])
    rewritten = imported.prune([frozen.inputs[0].name], [frozen.outputs[0].name])
    assert [float(rewritten(tf.constant(x))[0]) for x in (1.0, 30.0, 200.0)] == [8.0, 120.0, 200.0]


def test_an_exact_gelu(keras: Any, export: Convert) -> None:
    found = operations(read_package(export(stack(keras, keras.layers.Dense(8, activation="gelu")))))
    assert found["erf"] + found["gelu"] == 1


def test_an_op_without_a_conversion_is_named(keras: Any, export: Convert) -> None:
    import tensorflow as tf

    model = stack(keras, keras.layers.Lambda(tf.math.lgamma, output_shape=(6, 4)))
    with pytest.raises(ConversionError, match=r"^tensors has the TensorFlow op Lgamma \(.*/Lgamma\), for which core"):
        export(model)


def test_open_sizes_are_refused(keras: Any, program: FrozenProgram, tmp_path: Path) -> None:
    spec = dataclasses.replace(SPEC, inputs=(dataclasses.replace(SPEC.inputs[0], shape=(None, None, None, 3)),))
    with pytest.raises(ConversionError, match=r"fixed sizes.*Pin it with --input-shape"):
        CoreMLConverter().convert(program, spec, "fp16", None, CoreMLOptions(), tmp_path / "a.mlpackage")


@pytest.mark.parametrize(
    ("name", "allowed"), [("image", "image"), ("a b-c", "a_b_c"), ("1x", "x1x"), ("_x", "x_x"), ("ü", "x_")]
)
def test_names_that_core_ml_allows(name: str, allowed: str) -> None:
    assert feature_name(name) == allowed


# --- tables of weights


def test_small_and_depthwise_weights_have_no_less_than_8_bits() -> None:
    shapes = {"large": (128, 128), "small": (64, 64), "depthwise": (4096, 1, 3, 3)}
    assert {bits: choose_palettized(shapes, bits) for bits in (8, 6, 4)} == {8: {*shapes}, 6: {"large"}, 4: {"large"}}
    assert choose_palettized({"small": (64, 64)}, 4) == {"small"}


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_tables_are_near_the_best_there_are(bits: int) -> None:
    """Lloyd's limit for many values of a normal distribution: Panter and Dite's sqrt(3) pi / 2 / count ** 2."""
    weights = np.random.default_rng(0).normal(size=200_000)
    table, indices = cluster(weights, 2**bits)
    error = float(np.mean((weights - table[indices]) ** 2))
    assert error < 1.06 * np.sqrt(3) * np.pi / 2 / 4**bits
    nearest = np.abs(weights[:500, None] - table).min(axis=1)
    np.testing.assert_allclose(np.abs(weights[:500] - table[indices[:500]]), nearest)


def test_tables_of_few_values_are_exact() -> None:
    for values in ([0.5], [1.0, -2.0, 0.0, 1.0], list(range(16))):
        table, indices = cluster(np.array(values, np.float32).reshape(-1, 1), 16)
        assert (table.shape, indices.dtype, indices.shape) == ((16,), np.uint8, (len(values),))
        np.testing.assert_allclose(table[indices], values, atol=1e-12)


def test_groups_divide_the_channels() -> None:
    assert {n: group_size(n) for n in (1, 2, 3, 5, 17, 24, 48, 96, 101)} == {
        1: 1,
        2: 2,
        3: 3,
        5: 5,
        17: None,
        24: 12,
        48: 16,
        96: 16,
        101: None,
    }
