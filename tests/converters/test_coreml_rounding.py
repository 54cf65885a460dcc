"""How weights are rounded for Core ML, and what that does to the answers of what is written."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converters.coreml import CoreMLConverter, CoreMLOptions
from edgekit.converters.coreml_bias import shift_of
from edgekit.converters.coreml_kernels import Rounding
from edgekit.converters.coreml_rounding import ROUGHNESS, keep_sums, round_to_half, round_to_steps
from edgekit.coreml.checks import find_problems
from edgekit.coreml.evaluator import Evaluator
from edgekit.coreml.ops.convolution import conv
from edgekit.coreml.package import read_package
from edgekit.program import FrozenProgram, freeze
from edgekit.quantization.calibration import Calibration
from edgekit.spec import ImageFormat, image_classifier

SIZE = 20
SPEC = image_classifier("edges", ("a", "b", "c", "d", "e"), ImageFormat(SIZE, SIZE))


def edges(outputs: int, inputs: int = 1, width: int = 3, seed: int = 0) -> NDArray[np.float32]:
    """Kernels that answer nothing where all they see is the same."""
    kernels = np.random.default_rng(seed).normal(size=(outputs, inputs, width, width))
    return (kernels - kernels.mean(axis=(2, 3), keepdims=True)).astype(np.float32)


def sums(weights: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(weights.astype(np.float64).sum(axis=(2, 3)))


# --- kernels


def test_each_value_goes_to_a_neighbour_and_none_is_worse_than_the_nearest() -> None:
    values = np.random.default_rng(0).normal(size=(200, 9))
    below, above = np.floor(values), np.ceil(values)
    rounded = keep_sums(values, below, above)
    np.testing.assert_array_equal(np.isclose(rounded, below) | np.isclose(rounded, above), True)
    assert np.all(cost(rounded - values) <= cost(np.round(values) - values) + 1e-12)
    assert np.abs((rounded - values).sum(axis=1)).max() < 0.6  # of the nearest: 1.9


def cost(error: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(error.sum(axis=-1) ** 2 + ROUGHNESS * (error**2).sum(axis=-1))


def test_the_choice_is_near_the_best_of_all() -> None:
    """Steps differ, as those of float16 do."""
    random = np.random.default_rng(1)
    steps = 2.0 ** random.integers(-4, 1, (50, 8))
    values = random.normal(size=(50, 8))
    below, above = np.floor(values / steps) * steps, np.ceil(values / steps) * steps
    choices = np.array(list(itertools.product([False, True], repeat=8)))
    best = cost(np.where(choices[:, None, :], above - values, below - values)).min(axis=0)
    nearest = np.where(values - below <= above - values, below, above)
    assert cost(keep_sums(values, below, above) - values).mean() < 2 * best.mean()
    assert cost(nearest - values).mean() > 5 * best.mean()


@pytest.mark.parametrize("shape", [(64, 1, 3, 3), (8, 16, 3, 3), (16, 3, 7, 7), (40, 20, 1, 5)])
def test_halves_keep_a_kernels_sum(shape: tuple[int, ...]) -> None:
    weights = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    rounded, nearest = round_to_half(weights), weights.astype(np.float16)
    np.testing.assert_array_equal(rounded, rounded.astype(np.float16).astype(np.float32))
    assert np.abs(rounded - weights).max() <= np.spacing(np.abs(weights).max().astype(np.float16))
    assert np.abs(sums(rounded) - sums(weights)).mean() < 0.3 * np.abs(sums(nearest) - sums(weights)).mean()


def test_what_is_beyond_halves_stays() -> None:
    weights = np.array([[[[1e6, -1e6]]], [[[np.inf, 1.0]]], [[[0.1, 0.2]]]], np.float32)
    rounded = round_to_half(weights)
    np.testing.assert_array_equal(rounded[:2], weights[:2])
    np.testing.assert_allclose(rounded[2], weights[2], rtol=1e-3)


def test_many_kernels_are_rounded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = edges(30, 7)
    whole = round_to_half(weights), round_to_steps(weights, np.float16)
    monkeypatch.setattr("edgekit.converters.coreml_rounding._PART_VALUES", 100)
    for rounded, expected in zip((round_to_half(weights), round_to_steps(weights, np.float16)), whole, strict=True):
        np.testing.assert_array_equal(rounded, expected)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_quantizer_finds_the_steps_again(dtype: type[np.floating[Any]]) -> None:
    """By the arithmetic of coremltools' own quantizer, which rounds each weight to the nearest."""
    utils = pytest.importorskip("coremltools.optimize._utils")
    types = pytest.importorskip("coremltools.converters.mil.mil").types
    weights = edges(64, 2)
    stored, scale, _ = utils.quantize_weight_by_dtype(
        round_to_steps(weights, dtype).astype(dtype), (1, 2, 3), types.int8, "LINEAR_SYMMETRIC"
    )
    plain, _, _ = utils.quantize_weight_by_dtype(weights.astype(dtype), (1, 2, 3), types.int8, "LINEAR_SYMMETRIC")
    assert np.abs(stored).max(axis=(1, 2, 3)).min() == 127
    assert np.abs(stored - plain).max() == 1
    steps = np.asarray(scale, np.float64).reshape(-1, 1)
    kept, lost = (np.abs(sums(found) - sums(weights) / steps).mean() for found in (stored, plain))
    assert kept < 0.5 * lost


def test_outputs_of_zeros_and_of_no_numbers_stay() -> None:
    weights = edges(3)
    weights[0], weights[1, 0, 0, 0] = 0, np.nan
    rounded = round_to_steps(weights, np.float16)
    np.testing.assert_array_equal(rounded[:2], weights[:2])
    assert np.isfinite(rounded[2]).all()


def test_which_weights_are_rounded_here() -> None:
    depthwise, small, pointwise, dense = (256, 1, 3, 3), (16, 1, 3, 3), (256, 64, 1, 1), (256, 64)
    shapes = (depthwise, small, pointwise, dense)

    def chosen(*settings: Any) -> list[bool]:
        return [Rounding(*settings).choose(shape) is not None for shape in shapes]

    assert chosen("fp16", False, False) == [True, True, False, False]
    assert chosen("fp32", True, False) == [False, False, False, False]
    assert chosen("int8", False, False) == [True, True, True, True]
    assert chosen("int8", True, False) == [True, False, True, True]
    assert chosen("int8", False, True) == [False, True, False, False]  # tables
    assert chosen("int4", False, False) == [True, True, False, False]  # the large ones have tables


# --- biases


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_the_shift_is_what_a_constant_input_answers(groups: int) -> None:
    random = np.random.default_rng(3)
    error = random.normal(size=(12, 6 // groups, 3, 3))
    mean = random.normal(size=6)
    answer = conv(np.broadcast_to(mean.reshape(1, -1, 1, 1), (1, 6, 3, 3)), error, groups=groups)
    np.testing.assert_allclose(shift_of(error, mean), answer.reshape(-1), atol=1e-12)


def test_the_shift_of_a_dense_layer() -> None:
    error, mean = np.random.default_rng(4).normal(size=(5, 7)), np.arange(7.0)
    np.testing.assert_allclose(shift_of(error, mean), error @ mean)


# --- packages


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> FrozenProgram:
    """Edges of something bright, as the first layers of MobileNetV2 look for them."""
    pytest.importorskip("tensorflow", reason="converting needs the extra 'tensorflow'")
    pytest.importorskip("coremltools", reason="converting needs the extra 'coreml'")
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 32),
            layers.Conv2D(32, 1, activation="relu", bias_initializer=keras.initializers.Constant(8.0)),
            layers.DepthwiseConv2D(3, name="edges"),
            layers.Conv2D(64, 1, activation="relu", kernel_initializer="he_normal"),
            layers.DepthwiseConv2D(5, activation="relu", depthwise_initializer="he_normal"),
            layers.Conv2D(64, 1, activation="relu", kernel_initializer="he_normal"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=1.0)),
        ]
    )
    model.get_layer("edges").kernel.assign(edges(32).transpose(2, 3, 0, 1))
    return freeze(model, SPEC, tmp_path_factory.mktemp("program") / "saved")


@pytest.fixture(scope="module")
def photos() -> NDArray[np.uint8]:
    """Each of one colour, and some grain."""
    random = np.random.default_rng(5)
    colors = random.uniform(40, 210, (64, 1, 1, 3))
    return np.clip(colors + random.normal(0, 15, (64, SIZE, SIZE, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def answers(program: FrozenProgram, photos: NDArray[np.uint8]) -> NDArray[np.float64]:
    import tensorflow as tf

    signature = tf.saved_model.load(str(program.folder)).signatures["serving_default"]
    return logits(
        [signature(image=tf.constant(photo[None], tf.float32))["probabilities"].numpy()[0] for photo in photos[:16]]
    )


def logits(probabilities: list[NDArray[Any]]) -> NDArray[np.float64]:
    found = np.log(np.asarray(probabilities, np.float64))
    return np.asarray(found - found.mean(axis=1, keepdims=True))


@pytest.fixture(scope="module")
def sample(photos: NDArray[np.uint8]) -> Calibration:
    return Calibration(photos[16:], np.zeros(48, np.int64), "photos")


Error = Callable[..., float]


@pytest.fixture(scope="module")
def error(
    program: FrozenProgram,
    photos: NDArray[np.uint8],
    answers: NDArray[np.float64],
    tmp_path_factory: pytest.TempPathFactory,
) -> Error:
    """How far the logits of a package are from those of the program: root mean square."""

    def run(precision: str, calibration: Calibration | None = None) -> float:
        out = tmp_path_factory.mktemp("package") / "edges.mlpackage"
        CoreMLConverter().convert(program, SPEC, precision, calibration, CoreMLOptions(), out)
        package = read_package(out)
        assert not find_problems(package, precision)
        evaluator = Evaluator(package)
        found = [evaluator.run({"image": photo.transpose(2, 0, 1)[None].astype(np.float32)}) for photo in photos[:16]]
        rows = [next(list(answer[key].values()) for key in answer if key != "classLabel") for answer in found]
        return float(np.sqrt(np.mean((logits(rows) - answers) ** 2)))

    return run


@pytest.fixture(scope="module")
def plain(error: Error) -> dict[str, float]:
    return {precision: error(precision) for precision in ("fp16", "int8")}


@pytest.mark.parametrize(("precision", "better"), [("fp16", 2.0), ("int8", 1.4)])
def test_kept_sums_bring_answers_nearer(
    error: Error, plain: dict[str, float], monkeypatch: pytest.MonkeyPatch, precision: str, better: float
) -> None:
    monkeypatch.setattr(Rounding, "choose", lambda self, shape: None)
    assert error(precision) > better * plain[precision] > 0


def test_exact_arithmetic_is_left_alone(error: Error) -> None:
    assert error("fp32") < 1e-4


def test_calibration_corrects_biases_of_integers(error: Error, plain: dict[str, float], sample: Calibration) -> None:
    """Also of layers that had none."""
    assert plain["int8"] > 1.6 * error("int8", sample) > 0


def test_a_sample_changes_nothing_where_no_integers_are(
    error: Error, plain: dict[str, float], sample: Calibration
) -> None:
    assert error("fp16", sample) == plain["fp16"]


def test_a_sample_that_cannot_be_run_leaves_biases_as_they_are(
    error: Error, plain: dict[str, float], sample: Calibration, capsys: pytest.CaptureFixture[str]
) -> None:
    assert error("int8", dataclasses.replace(sample, images=sample.images[:, :4])) == plain["int8"]
    assert "Biases are not corrected: UsageError: edges: image has the shape (1, 3, 20, 20)" in capsys.readouterr().out
