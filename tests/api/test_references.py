"""What an export compares on where nobody gives samples: whole numbers that vary, and answers that are numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.api.export_inputs import make_reference
from edgekit.api.integer_ranges import integer_ranges
from edgekit.converters.reference import Reference
from edgekit.errors import ConversionError, VerificationError
from edgekit.measure.inputs import random_samples
from edgekit.progress import SILENT
from edgekit.spec import ModelSpec, TensorSpec


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow")


def whole(tf: Any, call: Any, *dtypes: str, sizes: tuple[int, ...] = (6,)) -> edgekit.Model:
    """A function of inputs that nobody knows the range of."""
    taken = [tf.TensorSpec([None, *sizes], dtype, name=name) for name, dtype in zip("ab", dtypes, strict=False)]
    return edgekit.Model.wrap(tf.function(call, input_signature=taken))


def table(tf: Any, rows: int) -> Any:
    return tf.constant(np.random.default_rng(0).normal(size=(rows, 5)), tf.float32)


def drawn(model: edgekit.Model) -> tuple[float, float]:
    values = make_reference(model, None).inputs["a"]
    return values.min(), values.max()


def test_numbers_that_are_computed_with_vary_in_sign(tf: Any) -> None:
    model = whole(tf, lambda a: tf.cast(a // 3, tf.float32) * 0.5, "int32")
    assert drawn(model) == (-8, 8)
    assert drawn(whole(tf, lambda a: tf.cast(a, tf.float32), "uint8"))[1] > 200
    flags = whole(tf, lambda a: tf.where(a, 1.0, 2.0), "bool")
    assert set(make_reference(flags, None).inputs["a"].ravel().tolist()) == {False, True}


@pytest.mark.parametrize("rows", [3, 40])
def test_ids_are_those_of_the_table(tf: Any, rows: int) -> None:
    weights = table(tf, rows)
    for call in (
        lambda a: tf.gather(weights, a),
        lambda a: tf.gather(weights, tf.reshape(tf.cast(a, tf.int64), (-1, 3, 2))),
        lambda a: tf.transpose(tf.gather(tf.transpose(weights), tf.minimum(a, 1000), axis=1), (1, 2, 0)),
        lambda a: tf.one_hot(a, rows),
        lambda a: tf.gather_nd(weights, a[..., tf.newaxis]),
        lambda a: tf.gather(weights, tf.where(a < 0, a + rows, a)),
    ):
        model = whole(tf, call, "int32")
        assert integer_ranges(model)["a"][0] == (0, rows - 1)
        assert drawn(model) == (0, rows - 1)


def test_ids_of_two_tables_are_in_both(tf: Any) -> None:
    big, small = table(tf, 30), table(tf, 7)
    assert drawn(whole(tf, lambda a: tf.gather(big, a) + tf.gather(small, a), "int32")) == (0, 6)


def test_a_guess_that_the_model_fails_on_is_given_up(tf: Any) -> None:
    weights = table(tf, 9)
    assert drawn(whole(tf, lambda a: tf.gather(weights, a + 5), "int32")) == (0, 1)


def test_each_input_has_its_own_range(tf: Any) -> None:
    weights = table(tf, 9)
    model = whole(tf, lambda a, b: tf.gather(weights, a) + tf.cast(b, tf.float32)[..., None], "int32", "int64")
    inputs = make_reference(model, None).inputs
    assert (inputs["a"].min(), inputs["a"].max(), inputs["b"].min(), inputs["b"].max()) == (0, 8, -8, 8)


def only_zero(tf: Any) -> edgekit.Model:
    """An id that is computed with before it is looked up, so that none but 0 fits."""
    weights = table(tf, 3)
    taken = [tf.TensorSpec([None, 6], "int32", name="a"), tf.TensorSpec([None, 1, 5], "float32", name="b")]
    return edgekit.Model.wrap(tf.function(lambda a, b: tf.gather(weights, a * 100) + b, input_signature=taken))


def test_a_comparison_on_zeros_alone_is_not_called_verified(tf: Any, tmp_path: Path) -> None:
    model = only_zero(tf)
    reference = make_reference(model, None)
    assert not reference.inputs["a"].any()
    assert "The input a was 0 in all samples" in reference.doubt
    reference.save(tmp_path / "reference.npz")
    assert Reference.read(tmp_path / "reference.npz").doubt == reference.doubt
    result = edgekit.export(model, "onnx", tmp_path / "dist", progress=SILENT)
    assert result.failures == ()
    (entry,) = result.entries
    assert not entry.check.verified
    assert entry.check.reason == reference.doubt


def test_a_range_in_the_spec_ends_the_doubt(tf: Any) -> None:
    model = only_zero(tf)
    assert (model.spec.inputs[0].dtype, integer_ranges(model)["a"][0]) == ("int32", (0, 2))
    inputs = (dataclasses.replace(model.spec.inputs[0], value_range=(0.0, 0.0)), model.spec.inputs[1])
    told = dataclasses.replace(model, spec=dataclasses.replace(model.spec, inputs=inputs))
    assert integer_ranges(told) == {}
    assert make_reference(told, None).doubt == ""


def test_ranges_are_drawn_to_both_ends() -> None:
    spec = ModelSpec("m", "tensors", (TensorSpec("a", (None, 50), "int32"),), (TensorSpec("y", (None, 1)),))
    assert not random_samples(spec, 4)["a"].any()
    values = random_samples(spec, 4, ranges={"a": (-2.0, 3.0)})["a"]
    assert sorted(set(values.ravel().tolist())) == [-2, -1, 0, 1, 2, 3]


def test_an_artifact_that_ignores_its_ids_fails(tf: Any, tmp_path: Path) -> None:
    from edgekit.artifact import Artifact
    from edgekit.converters.reference import compare

    weights = table(tf, 20)
    model = whole(tf, lambda a: tf.gather(weights, a), "int32")
    wrong = whole(tf, lambda a: tf.gather(weights, a * 0), "int32")
    edgekit.export(wrong, "onnx", tmp_path / "dist", progress=SILENT)
    (path,) = (tmp_path / "dist").glob("*.onnx")
    with pytest.raises(VerificationError, match="does not agree"):
        compare(Artifact.at(path, "onnx", "fp32", model.spec), make_reference(model, None), "wrong")


def dense(keras: Any, value: float) -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    kernel = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    kernel[1, 2] = value
    model.set_weights([kernel, np.zeros(3, np.float32)])
    return model


@pytest.mark.parametrize(("value", "answer"), [(np.nan, "NaN"), (np.inf, "NaN|infinite")])
def test_a_model_with_broken_weights_is_told_so(keras: Any, value: float, answer: str, tmp_path: Path) -> None:
    message = rf"itself answers ({answer}).*1 of its 2 weights hold NaN or infinite numbers: train it again"
    for more in ({}, {"calibration": np.ones((8, 4), np.float32)}):
        with pytest.raises(ConversionError, match=message):
            edgekit.export(dense(keras, value), "tflite,onnx", tmp_path / "dist", progress=SILENT, **more)
    assert not list((tmp_path / "dist").glob("*"))


def behind(keras: Any, function: Any) -> Any:
    """A model that computes a function of its input first."""
    keras.utils.set_random_seed(0)
    taken = keras.Input((4,))
    return keras.Model(taken, keras.layers.Dense(2)(function(taken)))


def test_a_model_without_an_answer_to_given_samples(keras: Any, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"itself answers (NaN|infinite values) .* leave such samples out"):
        edgekit.export(
            behind(keras, keras.ops.log), "tflite", tmp_path / "dist", calibration=np.zeros((8, 4)), progress=SILENT
        )


def test_a_model_without_an_answer_to_negative_numbers_gets_others(keras: Any) -> None:
    reference = make_reference(edgekit.Model.wrap(behind(keras, keras.ops.sqrt)), None)
    assert all(np.isfinite(values).all() for values in reference.outputs.values())
    (inputs,) = reference.inputs.values()
    assert inputs.min() >= 0


def test_verify_tells_of_a_reference_without_an_answer(keras: Any, tmp_path: Path) -> None:
    behind(keras, keras.ops.sqrt).save(tmp_path / "root.keras")
    edgekit.export(tmp_path / "root.keras", "tflite", tmp_path / "dist", progress=SILENT)
    samples = np.ones((8, 4), np.float32)
    samples[5, 0] = -1
    with pytest.raises(VerificationError, match=r"itself answers NaN .* 1 of 8 inputs, the first of them number 5"):
        edgekit.verify(tmp_path / "dist", reference=tmp_path / "root.keras", data=samples, progress=SILENT)


def test_verify_says_what_it_cannot_tell(keras: Any, tmp_path: Path) -> None:
    dense(keras, 0.5).save(tmp_path / "m.keras")
    edgekit.export(tmp_path / "m.keras", "tflite", tmp_path / "dist", progress=SILENT)
    about: dict[str, Any] = {"reference": tmp_path / "m.keras", "progress": SILENT}
    same = edgekit.verify(tmp_path / "dist", data=np.ones((8, 4), np.float32), **about)
    assert (same.passed, same.rows[0].outcome) == (False, "not verified")
    assert same.to_dict()["artifacts"][0]["decided"] is False
    assert "answers the same to all 8 samples" in same.to_text()
    assert "not verified" in (tmp_path / "dist" / "README.md").read_text()
    samples = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    assert edgekit.verify(tmp_path / "dist", data=samples, **about).passed
