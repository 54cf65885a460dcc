"""Tables and counts of preprocessing layers, written out: the frozen program answers what Keras answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ConversionError
from edgekit.program import freeze, freeze_function, load_graph
from edgekit.sourcemodel.open import open_source
from edgekit.spec import ModelSpec, TensorSpec

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402
from keras import layers  # noqa: E402

from edgekit import unfold as unfolding  # noqa: E402

IDS = [10, 20, 30, -7, 2**40]
SAMPLES = np.array([[10, 20, 20], [30, 5, 0], [-7, 2**40, -1], [2**40 + 1, 11, 10]], np.int64)
RESOURCES = ("LookupTableFindV2", "DenseBincount")


def program_of(model: Any, folder: Path, batch: int | None = None) -> Any:
    (taken,), (given,) = model.inputs, model.outputs
    inputs = (TensorSpec("ids", (None, *taken.shape[1:]), taken.dtype),)
    spec = ModelSpec("looks", "tensors", inputs, (TensorSpec("found", (None, *given.shape[1:]), given.dtype),))
    return load_graph(freeze(model, spec, folder / "program", batch=batch))


def answers(program: Any, samples: Any) -> Any:
    (answer,) = program.function(tf.constant(samples))
    return answer.numpy()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_oov_indices": 2},
        {"mask_token": 0},
        {"output_mode": "one_hot"},
        {"output_mode": "multi_hot"},
        {"output_mode": "count"},
        {"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("batch", [None, 1])
def test_a_table_of_numbers(settings: dict[str, Any], batch: int | None, tmp_path: Path) -> None:
    ids = keras.Input((3,), dtype="int64", name="ids")
    model = keras.Model(ids, layers.IntegerLookup(vocabulary=IDS, **settings)(ids))
    program = program_of(model, tmp_path, batch)
    assert not [node.op for node in program.graph_def.node if node.op in RESOURCES]
    for row in SAMPLES if batch else [SAMPLES]:
        given = row.reshape(-1, 3)
        np.testing.assert_array_equal(answers(program, given), model.predict_on_batch(given))


def test_two_tables_one_of_which_is_turned_round(tmp_path: Path) -> None:
    ids = keras.Input((3,), dtype="int64", name="ids")
    places = layers.IntegerLookup(vocabulary=IDS)(ids)
    back = layers.IntegerLookup(vocabulary=IDS, invert=True, oov_token=-99)(places)
    model = keras.Model(ids, back)
    expected = np.where(np.isin(SAMPLES, IDS), SAMPLES, -99)
    np.testing.assert_array_equal(answers(program_of(model, tmp_path), SAMPLES), expected)


def test_a_table_that_was_adapted_and_saved(tmp_path: Path) -> None:
    layer = layers.IntegerLookup()
    layer.adapt(np.array([7, 7, 8]))
    ids = keras.Input((3,), dtype="int64", name="ids")
    keras.Model(ids, layer(ids)).save(tmp_path / "saved.keras")
    model = keras.models.load_model(tmp_path / "saved.keras")
    assert answers(program_of(model, tmp_path), np.array([[7, 8, 9]])).tolist() == [[1, 2, 0]]


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_counts_without_a_table(mode: str, tmp_path: Path) -> None:
    ids = keras.Input((3,), dtype="int64", name="ids")
    model = keras.Model(ids, layers.CategoryEncoding(5, mode)(ids))
    program = program_of(model, tmp_path)
    assert not [node.op for node in program.graph_def.node if node.op in RESOURCES]
    samples = np.array([[0, 4, 4], [1, 2, 3]], np.int64)
    np.testing.assert_array_equal(answers(program, samples), model.predict_on_batch(samples))


def test_a_saved_model_with_a_table(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    ids = keras.Input((3,), dtype="int64", name="ids")
    places = layers.IntegerLookup(vocabulary=[1, 2, 3], output_mode="multi_hot")(ids)
    model = keras.Model(ids, layers.Dense(2)(places))
    model.export(tmp_path / "saved", verbose=False)
    source = open_source(tmp_path / "saved")
    program = load_graph(source.freeze(tmp_path / "program", None))
    samples = np.array([[1, 2, 2], [3, 4, 0]], np.int64)
    np.testing.assert_allclose(answers(program, samples), model.predict_on_batch(samples), atol=1e-6)


def function_of(table: Any, taken: Any) -> tuple[Any, ModelSpec]:
    kind = taken.name
    spec = ModelSpec(
        "looks", "tensors", (TensorSpec("ids", (None, 2), "int64"),), (TensorSpec("y", (None, 2), "int64"),)
    )
    return (lambda tensors: [table.lookup(tf.as_string(tensors[0]) if kind == "string" else tensors[0])]), spec


def table_of(keys: Any) -> Any:
    values = tf.range(len(keys), dtype=tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(tf.constant(keys), values), -1)


def test_a_table_of_text_is_named(tmp_path: Path) -> None:
    call, spec = function_of(table_of(["1", "2"]), tf.string)
    with pytest.raises(ConversionError, match=r"looks looks text up in the table at '\S*None_Lookup\S*', and runtimes"):
        freeze_function(call, spec, tmp_path / "program")


def test_a_table_that_is_too_large_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfolding, "LARGEST", 3)
    call, spec = function_of(table_of(np.arange(3)), tf.int64)
    freeze_function(call, spec, tmp_path / "fits")
    call, spec = function_of(table_of(np.arange(4)), tf.int64)
    with pytest.raises(ConversionError, match=r"a table of 4 entries at '\S*None_Lookup\S*', and at most 3"):
        freeze_function(call, spec, tmp_path / "program")


def test_something_else_beside_the_graph_is_named(tmp_path: Path) -> None:
    table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -1)

    def call(tensors: Any) -> Any:
        return [tensors[0] + table.size()]

    _, spec = function_of(table, tf.int64)
    with pytest.raises(ConversionError, match=r"looks keeps something beside the graph at .*LookupTableSizeV2"):
        freeze_function(call, spec, tmp_path / "program")


@pytest.mark.parametrize("mode", ["int", "multi_hot"])
def test_text_is_refused_by_the_name_of_its_layer(mode: str) -> None:
    words = keras.Input((3,), dtype="string", name="words")
    model = keras.Model(words, layers.StringLookup(vocabulary=["a", "b"], output_mode=mode, name="word_table")(words))
    from edgekit.errors import UsageError

    with pytest.raises(UsageError, match=r"input words of .* is text, which the layer 'word_table' \(StringLookup\)"):
        open_source(model)
