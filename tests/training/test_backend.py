"""Precision and compilation for each kind of device."""

from __future__ import annotations

import pytest

from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras
from edgekit.training.backend import backend_version, compile_options
from edgekit.training.precision import (
    Accelerator,
    best_precision,
    choose_precision,
    dtype_policy,
    find_accelerator,
    parse_capability,
)

keras = import_keras()


@pytest.mark.parametrize(
    ("kind", "capability", "precision"),
    [
        ("cpu", None, "float32"),
        ("tpu", None, "bfloat16"),
        ("gpu", (6, 1), "float32"),
        ("gpu", (7, 0), "float16"),
        ("gpu", (7, 5), "float16"),
        ("gpu", (8, 0), "bfloat16"),
        ("gpu", (9, 0), "bfloat16"),
        ("gpu", (12, 0), "bfloat16"),
        ("gpu", None, "float32"),
    ],
)
def test_the_precision_that_suits_a_device(kind: str, capability: tuple[int, int] | None, precision: str) -> None:
    assert best_precision(Accelerator(kind, capability)) == precision


@pytest.mark.parametrize(
    ("text", "capability"), [("8.6", (8, 6)), ("12.0", (12, 0)), ("gfx90a", None), (None, None), ("8", None)]
)
def test_reading_a_capability(text: object, capability: tuple[int, int] | None) -> None:
    assert parse_capability(text) == capability


def test_this_machine_computes_in_float32_by_itself() -> None:
    assert find_accelerator(keras) == Accelerator("cpu")
    assert choose_precision(keras) == "float32"


@pytest.mark.parametrize(
    ("wanted", "policy"), [("float32", "float32"), ("bfloat16", "mixed_bfloat16"), ("float16", "mixed_float16")]
)
def test_what_was_asked_for_is_done_on_any_device(wanted: str, policy: str) -> None:
    assert choose_precision(keras, wanted) == policy


def test_a_policy_holds_for_the_layers_built_under_it_alone() -> None:
    with dtype_policy(keras, "mixed_float16"):
        inside = keras.layers.Dense(2)
    outside = keras.layers.Dense(2)
    assert inside.compute_dtype == "float16"
    assert inside.variable_dtype == outside.compute_dtype == "float32"


def test_a_policy_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), dtype_policy(keras, "mixed_float16"):
        _ = 1 / 0
    assert keras.config.dtype_policy().name == "float32"


def test_float16_comes_with_loss_scaling() -> None:
    with dtype_policy(keras, "mixed_float16"):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model.compile("sgd", "mse", **compile_options(keras))
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


@pytest.mark.parametrize(
    ("xla", "options"),
    [("auto", {"jit_compile": False}), ("off", {"jit_compile": False}), ("on", {"jit_compile": True})],
)
def test_compiling_on_a_processor(xla: str, options: dict[str, bool]) -> None:
    assert compile_options(keras, xla) == options


def test_xla_for_several_devices_of_tensorflow_is_refused() -> None:
    import tensorflow as tf

    with tf.distribute.MirroredStrategy(["CPU:0"]).scope(), pytest.raises(UsageError, match="KERAS_BACKEND=jax"):
        compile_options(keras, "on")


def test_the_version_of_the_backend() -> None:
    import tensorflow as tf

    assert backend_version(keras) == ("tensorflow", tf.__version__)
