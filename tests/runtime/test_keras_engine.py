"""Keras as the reference engine."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from edgekit.errors import ModelFileError, UsageError
from edgekit.kerasfile import SPEC_MEMBER
from edgekit.runtime import Predictor, load
from edgekit.runtime.engines.keras import KerasEngine

keras = pytest.importorskip("keras", reason="needs the extra 'train'")


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((24, 32, 3), name="image"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def keras_file(classifier, tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "tiny.keras"
    classifier.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SPEC_MEMBER, tiny.spec.to_json())
    return path


def test_a_keras_file_is_a_classifier(keras_file, classifier, tiny):
    with load(keras_file) as model:
        assert model.spec == tiny.spec
        assert model.engine.info.name == "keras"
        answer = model.predict(tiny.images)
        best = model.classify(tiny.images[0])[0]
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, classifier(tiny.images.astype(np.float32)), atol=1e-6)
    assert best.index == answer[0].argmax()


def test_batches_do_not_change_the_answer(classifier, tiny, monkeypatch):
    model = Predictor(KerasEngine(classifier), tiny.spec)
    whole = model.predict(tiny.images)
    monkeypatch.setattr(KerasEngine, "batch_size", 5)  # 12 photos: 5, 5, 2
    np.testing.assert_allclose(model.predict(tiny.images), whole, atol=1e-6)


def test_a_file_without_a_spec_takes_tensors(classifier, tmp_path, tiny):
    path = tmp_path / "plain.keras"
    classifier.save(path)
    with load(path) as model:
        assert model.spec is None
        (answer,) = model.predict({"image": tiny.images.astype(np.float32)}).values()
        assert answer.shape == (12, 4)
        with pytest.raises(UsageError, match="Expected image: float32"):
            model.predict({"image": np.zeros((1, 9, 9, 3), np.float32)})


def test_two_inputs_and_outputs_by_name():
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    total, half = keras.layers.Add(name="total")([left, right]), keras.layers.Rescaling(0.5, name="half")(left)
    engine = KerasEngine(keras.Model([left, right], [total, half]))
    assert [info.name for info in engine.inputs] == ["left", "right"]
    ones = np.ones((2, 3), np.float32)
    first, second = engine.run({"right": ones * 3, "left": ones}).values()
    np.testing.assert_array_equal(first, ones * 4)
    np.testing.assert_array_equal(second, ones * 0.5)


def test_a_model_without_defined_inputs_is_refused():
    with pytest.raises(ModelFileError, match="no defined inputs"):
        KerasEngine(keras.Sequential([keras.layers.Dense(1)]))


def test_a_closed_engine_says_so(classifier, tiny):
    model = Predictor(KerasEngine(classifier), tiny.spec)
    model.close()
    with pytest.raises(UsageError, match="is closed"):
        model.predict(tiny.images)
