"""The converter for the Edge TPU: what it writes the compiler takes, and what it cannot write it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.artifact import Artifact
from edgekit.converters.edge_tpu import EdgeTPUConverter, EdgeTPUOptions, run
from edgekit.converters.edge_tpu_dense import take_dense
from edgekit.converters.edge_tpu_gates import count_gates
from edgekit.converters.tflite_int8 import convert_to_int8, find_ranges
from edgekit.edgetpu.mapping import map_model
from edgekit.errors import ConversionError, UsageError
from edgekit.program import FrozenProgram, freeze
from edgekit.progress import SILENT
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ImageFormat, image_classifier
from edgekit.tflite.model import TFLiteModel, read_model

CLASSES = 5


def photos(side: int, count: int = 8) -> np.ndarray:
    """Each in other colours: of plain noise a network sees the mean, and answers all alike."""
    random = np.random.default_rng(side)
    return (random.random((count, side, side, 3)) * random.integers(1, 256, (count, 1, 1, 3))).astype(np.uint8)


def sample(side: int) -> Calibration:
    return Calibration(photos(side), np.zeros(8, np.int64), "noise")


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("tensorflow")
    import keras

    return keras


@pytest.fixture
def frozen(keras: Any, tmp_path: Path) -> Callable[[Any, str], FrozenProgram]:
    def make(model: Any, name: str) -> FrozenProgram:
        _, height, width, _ = model.input_shape
        labels = [f"class {i}" for i in range(model.output_shape[-1])]
        return freeze(model, image_classifier(name, labels, ImageFormat(width, height)), tmp_path / "program")

    return make


def convert(program: FrozenProgram, **options: Any) -> Artifact:
    assert program.spec.image is not None
    calibration = sample(program.spec.image.height)
    out = program.folder.parent / f"{program.spec.name}.int8_for_edgetpu.tflite"
    return EdgeTPUConverter().convert(program, program.spec, "int8", calibration, EdgeTPUOptions(**options), out)


def small(keras: Any, *stack: Any, side: int = 8) -> Any:
    pixels = keras.Input((side, side, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    for layer in stack:
        x = layer(x)
    return keras.Model(pixels, x)


def dense_scales(model: TFLiteModel) -> list[int]:
    """Of each dense layer, the number of its weights' scales."""
    main = model.subgraphs[0]
    weights = [main.tensors[one.inputs[1]] for one in main.operators if one.name == "FULLY_CONNECTED"]
    return [len(one.quantization.scales) for one in weights if one.quantization is not None]


def networks(keras: Any) -> dict[str, Callable[[], Any]]:
    """The families that the Edge TPU is for, with random weights, as small as they can be."""
    own, layers = keras.applications, keras.layers
    blocks = [
        layer
        for n in (16, 32, 64)
        for layer in (layers.Conv2D(n, 3, padding="same", activation="relu"), layers.MaxPooling2D())
    ]
    head = [layers.Flatten(), layers.Dense(128, "relu"), layers.Dense(CLASSES, "softmax")]
    about = {"weights": None, "classes": CLASSES}
    return {
        "mobilenet": lambda: own.MobileNet((32, 32, 3), alpha=0.25, **about),
        "mobilenet_v2": lambda: own.MobileNetV2((32, 32, 3), alpha=0.35, **about),
        "inception_v3": lambda: own.InceptionV3(input_shape=(75, 75, 3), **about),
        "simple_cnn": lambda: small(keras, *blocks, *head, side=16),
    }


@pytest.mark.parametrize("name", ["mobilenet", "mobilenet_v2", "inception_v3", "simple_cnn"])
def test_no_op_of_these_networks_is_left_behind(
    keras: Any, frozen: Callable[[Any, str], FrozenProgram], name: str
) -> None:
    keras.utils.set_random_seed(0)
    artifact = convert(frozen(networks(keras)[name](), name))
    data = artifact.path.read_bytes()
    mapping = map_model(data)
    assert mapping.fully_mapped, mapping.to_dict()
    model = read_model(data)
    assert [(*model.inputs[0].shape, model.inputs[0].dtype)] == [(1, *artifact.spec.inputs[0].shape[1:], "uint8")]
    assert model.outputs[0].dtype == "uint8"
    assert set(dense_scales(model)) <= {1}
    assert all(len(tensor.shape) <= 4 and -1 not in tensor.shape_signature for tensor in model.subgraphs[0].tensors)
    assert f"all {mapping.mapped} ops run on the Edge TPU" in artifact.notes[0]


def test_dense_layers_with_one_scale_answer_nearly_as_the_plain_int8_model_does(
    keras: Any, frozen: Callable[[Any, str], FrozenProgram]
) -> None:
    """Only the scales of dense layers are others: a level or two of the probabilities, no other class."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = small(
        keras,
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, "relu"),
        layers.Dense(CLASSES, kernel_initializer=keras.initializers.RandomNormal(stddev=1.0)),
        layers.Softmax(),
    )
    program = frozen(model, "two_dense")
    many = photos(8, 200)
    plain = convert_to_int8(program.folder, "image", sample(8).with_extremes())
    (before,), (after,) = run(plain, many), run(convert(program, dense="per_tensor").path.read_bytes(), many)
    assert len(set(before.argmax(axis=1))) > 1, "one class for all photos proves nothing"
    assert max(dense_scales(read_model(plain))) > 1
    assert np.mean(before.argmax(axis=1) == after.argmax(axis=1)) >= 0.99
    assert np.abs(before.astype(int) - after.astype(int)).mean() < 2


def test_one_scale_for_dense_layers_is_chosen_where_it_changes_no_answer(
    keras: Any, frozen: Callable[[Any, str], FrozenProgram]
) -> None:
    keras.utils.set_random_seed(0)
    layers, found = keras.layers, set()
    wide = keras.initializers.RandomNormal(stddev=1.0)
    stack = [layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(CLASSES, "softmax", kernel_initializer=wide)]
    program = frozen(small(keras, *stack), "choice")
    many = photos(8, 100).astype(np.float32)
    ranged = find_ranges(program.folder, "image", many)
    plain, per_tensor = (run(ranged.quantize(per_channel), many)[0].argmax(axis=1) for per_channel in (True, False))
    for index in range(len(many)):
        same = bool(plain[index] == per_tensor[index])
        if same in found:
            continue
        taken, wanted = (
            take_dense(ranged, dense, program.spec, many[index : index + 1], run)
            for dense in ("auto", "per_tensor" if same else "convolution")
        )
        assert taken.data == wanted.data
        assert any("1 of 1 answers" in note for note in taken.notes) != same
        found.add(same)
    assert found == {True, False}, "both kinds are needed"


def test_newer_operators_become_older_ones(keras: Any, frozen: Callable[[Any, str], FrozenProgram]) -> None:
    layers = keras.layers
    stack = [
        layers.Conv2D(8, 3, activation="relu"),
        layers.Conv2D(8, 3, groups=2, activation="relu"),
        layers.Conv2DTranspose(4, 3, activation="relu", bias_initializer="normal"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(CLASSES, "softmax"),
    ]
    artifact = convert(frozen(small(keras, *stack), "newer"))
    assert map_model(artifact.path.read_bytes()).fully_mapped
    assert [note[:20] for note in artifact.notes[:2]] == ["Grouped convolutions", "Activations of trans"]


def test_squeeze_and_excitation_is_refused_unless_wanted(
    keras: Any, frozen: Callable[[Any, str], FrozenProgram]
) -> None:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, activation="silu")(layers.Rescaling(1 / 255)(pixels))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation="silu")(gate))
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([x, gate]))
    program = frozen(keras.Model(pixels, layers.Dense(CLASSES, "softmax")(x)), "gated")
    with pytest.raises(
        ConversionError, match=r"gated .* 1 squeeze-and-excitation gates and 2 swish activations"
    ) as refused:
        convert(program)
    assert "--option edgetpu.as_it_is=true" in str(refused.value)
    artifact = convert(program, as_it_is=True)
    assert "run on the Edge TPU" in artifact.notes[0]


def test_swish_alone_is_no_gate(keras: Any, frozen: Callable[[Any, str], FrozenProgram]) -> None:
    """Networks with it (YOLO) are compiled whole: ultralytics/yolov5 pull request 3630."""
    layers = keras.layers
    stack = [layers.Conv2D(4, 3, activation="silu"), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, "softmax")]
    artifact = convert(frozen(small(keras, *stack), "swish"))
    assert map_model(artifact.path.read_bytes()).fully_mapped


def test_efficientnet_is_refused_with_the_reason(keras: Any, frozen: Callable[[Any, str], FrozenProgram]) -> None:
    model = keras.applications.EfficientNetB0(input_shape=(32, 32, 3), weights=None, classes=CLASSES)
    with pytest.raises(ConversionError, match=r"b0 is no network for the Edge TPU: .*EfficientNet-Lite.*relu6"):
        convert(frozen(model, "b0"))


def test_compiled_networks_of_coral_have_no_gates(shared_data: Path) -> None:
    for path in sorted((shared_data / "edge-tpu").rglob("*.tflite")):
        assert count_gates(read_model(path)).gates == 0, path.name


def test_what_has_no_integer_kernel_is_named(keras: Any, frozen: Callable[[Any, str], FrozenProgram]) -> None:
    layers = keras.layers

    class Sine(layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.sin(x)

    stack = [layers.Conv2D(4, 3), Sine(), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, "softmax")]
    with pytest.raises(ConversionError, match=r"waves cannot be full-integer.*SIN"):
        convert(frozen(small(keras, *stack), "waves"))


def test_an_op_that_is_left_behind_is_named(keras: Any, frozen: Callable[[Any, str], FrozenProgram]) -> None:
    layers = keras.layers
    stack = [layers.Conv2D(2, 3, strides=2), layers.GlobalAveragePooling2D(), layers.Dense(16_001, "softmax")]
    artifact = convert(frozen(small(keras, *stack), "many"))
    told = [note for note in artifact.notes if note.startswith("SOFTMAX runs on the CPU: ")]
    assert len(told) == 1
    assert "16,001" in told[0]
    assert "16,000" in told[0]


def test_a_runtime_without_signed_numbers_gets_nothing(keras: Any, frozen: Callable[[Any, str], FrozenProgram]) -> None:
    layers = keras.layers
    stack = [layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, "softmax")]
    with pytest.raises(ConversionError, match=r"No op of old would run on the Edge TPU .*unsupported data type"):
        convert(frozen(small(keras, *stack), "old"), min_runtime_version=10)


@pytest.fixture
def model(keras: Any) -> edgekit.Model:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    stack = [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")]
    spec = image_classifier("tiny", ["a", "b", "c"], ImageFormat(8, 8))
    return edgekit.Model.wrap(small(keras, *stack), spec)


def test_an_export_says_what_runs_where_and_how_to_compile(
    model: edgekit.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no compiler, wherever these tests run
    result = edgekit.export(
        model,
        "edgetpu",
        tmp_path / "dist",
        calibration=photos(8),
        options={"edgetpu": {"num_segments": 2, "min_runtime_version": 13}},
        progress=SILENT,
    )
    (entry,) = result.entries
    assert entry.file == "tiny.int8_for_edgetpu.tflite"
    assert entry.check.verified, entry.check
    assert entry.check.agreement == 1.0
    assert "all 6 ops run on the Edge TPU" in entry.check.notes[0]
    assert "https://coral.ai/docs/edgetpu/compiler/#download" in entry.check.notes[-1]
    assert entry.check.notes[-1].endswith(
        "edgetpu_compiler --min_runtime_version 13 --num_segments 2 tiny.int8_for_edgetpu.tflite"
    )


@pytest.mark.parametrize(
    ("option", "limits"), [("num_segments=0", "from 1 to 16"), ("min_runtime_version=15", "from 10 to 14")]
)
def test_options_have_limits(model: edgekit.Model, tmp_path: Path, option: str, limits: str) -> None:
    name, _, value = option.partition("=")
    with pytest.raises(UsageError, match=rf"edgetpu\.{name} is a number {limits}"):
        edgekit.export(model, "edgetpu", tmp_path, options={"edgetpu": {name: value}}, progress=SILENT)


@pytest.mark.parametrize("bias", [True, False])
def test_as_convolutions_dense_layers_answer_the_very_same(
    keras: Any, frozen: Callable[[Any, str], FrozenProgram], bias: bool
) -> None:
    keras.utils.set_random_seed(4)
    layers = keras.layers
    wide = keras.initializers.RandomNormal(stddev=0.5)
    stack = [
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, "relu6", use_bias=bias, kernel_initializer=wide),
        layers.Dense(CLASSES, use_bias=bias, kernel_initializer=wide, bias_initializer="normal"),
        layers.Softmax(),
    ]
    program = frozen(small(keras, *stack), "dense")
    many = photos(8, 100)
    plain = convert_to_int8(program.folder, "image", sample(8).with_extremes())
    data = convert(program, dense="convolution").path.read_bytes()
    (before,), (after,) = run(plain, many), run(data, many)
    assert len(np.unique(before, axis=0)) > 20, "photos that all answer alike prove nothing"
    np.testing.assert_array_equal(before, after)
    names = [operator.name for operator in read_model(data).subgraphs[0].operators]
    assert "FULLY_CONNECTED" not in names
    assert names.count("CONV_2D") == 3
    assert map_model(data).fully_mapped
