"""SavedModels in TensorFlow: EdgeKit's own are tested with their converter, here are those of others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.errors import ModelFileError, SpecError, UnsupportedModelError, UsageError
from edgekit.runtime.engines.savedmodel import SavedModelEngine, open_model
from edgekit.savedmodel import SPEC_FILE

tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two inputs, a variable, a string output."""
    module = tf.Module()
    module.factor = tf.Variable(3.0)

    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], tf.float32, "values"), tf.TensorSpec([None], tf.string, "tag")]
    )
    def call(values: Any, tag: Any) -> dict[str, Any]:
        checked = tf.debugging.assert_non_negative(values, "values must not be negative")
        with tf.control_dependencies([checked]):
            return {"tripled": values * module.factor, "marked": tf.strings.join([tag, "!"])}

    module.call = call
    folder = tmp_path_factory.mktemp("pair") / "foreign"
    tf.saved_model.save(module, str(folder), signatures={"serving_default": call})
    return folder


def _saved(folder: Path, **signatures: Any) -> Path:
    module = tf.Module()
    module.functions = signatures
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


def _function(factor: float, rows: int | None = None) -> Any:
    return tf.function(lambda x: {"y": x * factor}, input_signature=[tf.TensorSpec([rows, 2], tf.float32, "x")])


def test_raw_tensors_by_name(pair: Path) -> None:
    with edgekit.load(pair) as model:
        assert model.spec is None
        assert {str(info) for info in model.engine.inputs} == {"tag: string (any)", "values: float32 (any, 2)"}
        values = np.arange(4, dtype=np.float32).reshape(2, 2)
        answers = model.predict({"values": values, "tag": np.array(["a", "ü"], object)})
        np.testing.assert_array_equal(answers["tripled"], values * 3)
        assert answers["marked"].tolist() == [b"a!", "ü!".encode()]
        answers["tripled"][:] = 0  # owned by the caller
        info = model.engine.info
        assert (info.name, info.version, info.kernels) == ("tensorflow", tf.__version__, "CPU")


def test_wrong_calls_are_sentences(pair: Path) -> None:
    model = edgekit.load(pair)
    tag = np.array(["a"], object)
    with pytest.raises(UsageError, match=r"Expected arrays for 'tag', 'values'. Got: 'tag'"):
        model.predict({"tag": tag})
    with pytest.raises(UsageError, match=r"values: float32 \(any, 2\). Got an array of shape \(1, 3\)"):
        model.predict({"tag": tag, "values": np.zeros((1, 3), np.float32)})
    with pytest.raises(UnsupportedModelError, match=r"failed while it ran: .*values must not be negative"):
        model.predict({"tag": tag, "values": np.full((1, 2), -1, np.float32)})
    model.close()
    model.close()
    with pytest.raises(UsageError, match="is closed"):
        model.predict({"tag": tag, "values": np.zeros((1, 2), np.float32)})


def test_which_signature_runs(tmp_path: Path) -> None:
    two, three = _function(2), _function(3)
    ones = {"x": np.ones((1, 2), np.float32)}
    both = edgekit.load(_saved(tmp_path / "both", serving_default=two, other=three))
    assert both.predict(ones)["y"].max() == 2
    assert edgekit.load(_saved(tmp_path / "only", other=three)).predict(ones)["y"].max() == 3
    with pytest.raises(ModelFileError, match=r"several signatures .* 'serving_default': 'one', 'two'"):
        edgekit.load(_saved(tmp_path / "none", one=two, two=three))
    module = tf.Module()
    module.two, module.three = two, three
    tf.saved_model.save(module, str(tmp_path / "bare"))
    with pytest.raises(ModelFileError, match="has no signature"):
        edgekit.load(tmp_path / "bare")


def test_a_fixed_batch_is_kept(tmp_path: Path) -> None:
    engine = edgekit.load(_saved(tmp_path / "five", serving_default=_function(2, rows=5))).engine
    assert (engine.batch_size, SavedModelEngine.batch_size) == (5, 64)


def test_keras_2_and_tensorflow_1_run(shared_data: Path, tmp_path: Path) -> None:
    with edgekit.load(shared_data / "mlperf-tiny/keyword_spotting/trained_models/kws_ref_model") as words:
        answer = words.predict({"input_1": np.zeros((2, 49, 10, 1), np.float32)})["dense"]
        np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        y = x * v1.get_variable("scale", [], initializer=v1.constant_initializer(4.0))
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(tmp_path / "old"), {"x": x}, {"y": y})
    with edgekit.load(tmp_path / "old") as old:
        assert old.predict({"x": np.ones((1, 2), np.float32)})["y"].max() == 4


def test_trust_does_not_skip_the_check(tmp_path: Path) -> None:
    module = tf.Module()
    module.call = tf.function(lambda x: {"y": tf.io.read_file(x)}, input_signature=[tf.TensorSpec([], tf.string, "x")])
    tf.saved_model.save(module, str(tmp_path / "reads"), signatures={"serving_default": module.call})
    with pytest.raises(ModelFileError, match=r"is refused: .* the operator ReadFile"):
        open_model(tmp_path / "reads", None, trust=True)


@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damaged_variables_are_a_sentence(name: str, damage: str, pair: Path, tmp_path: Path) -> None:
    shutil.copytree(pair, tmp_path / "model")
    file = tmp_path / "model/variables" / name
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(data[:-1] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(ModelFileError, match="cannot be loaded by TensorFlow") as caught:
        edgekit.load(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_a_broken_spec_is_a_sentence(pair: Path, tmp_path: Path) -> None:
    shutil.copytree(pair, tmp_path / "model")
    file = tmp_path / "model" / SPEC_FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text("{")
    with pytest.raises(SpecError, match="not JSON"):
        edgekit.load(tmp_path / "model")
