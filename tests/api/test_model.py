"""The model object, and arguments of the wrong type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import edgekit
from edgekit.api.model import Model
from edgekit.errors import OutputError, SpecError, UsageError
from edgekit.spec import ImageFormat, image_classifier


@pytest.fixture(scope="module")
def model(keras: Any) -> Model:
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    return Model(network, image_classifier("m", tuple(f"label {index}" for index in range(2)), ImageFormat(8, 8)))


def test_save_and_open(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    saved = model.save(path)
    assert saved.path == path
    assert Model.open(path).spec == model.spec
    with pytest.raises(OutputError, match=r"m\.keras"):
        model.save(path)
    assert model.save(str(path), force=True).path == path
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize("path", [None, 5, "", "m.h5"])
def test_save_needs_a_name_of_a_keras_file(model: Model, path: Any) -> None:
    with pytest.raises(UsageError):
        model.save(path)


def test_repr_is_one_short_line(model: Model, tmp_path: Path) -> None:
    assert repr(model) == "<Model 'm': image-classification, 2 labels>"
    assert str(tmp_path / "m.keras") in repr(model.save(tmp_path / "m.keras"))


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        ((None,), {}, "a SavedModel folder, a keras.Model or a tf.function. Got: a NoneType"),
        ((object(),), {}, "Got: a object"),
        ((5, 5), {}, "to is a string, or a list of strings. Got: 5"),
        (("x.keras", "tflite", None), {}, "output is a path. Got: None"),
        (("x.keras", [5]), {}, "to is a string, or a list of strings. Got: a list"),
        (("x.keras", ""), {}, "Name at least one format"),
        (("x.keras",), {"spec": {}}, "spec is a ModelSpec. Got: a dict"),
        ((b"x.keras",), {}, "Got: a bytes"),
    ],
)
def test_export_tells_wrong_types(
    arguments: tuple[Any, ...], settings: dict[str, Any], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorflow")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        edgekit.export(*arguments, **settings)
    assert sentence in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_threshold_that_is_none(model: Model, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"confidence_threshold is a number from 0 to 1\. Got: 'high'"):
        model.export(output=tmp_path, confidence_threshold="high")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="the confidence threshold 2 is not in"):
        model.export(output=tmp_path, confidence_threshold=2)


def test_an_argument_that_there_is_not(model: Model, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no argument 'lables'\. About a model can be said: labels, "):
        edgekit.export(model.keras_model, output=tmp_path, lables=["a", "b"])  # type: ignore[call-arg]
    with pytest.raises(UsageError, match=r"A Model says itself what it is\. Leave out labels"):
        edgekit.export(model, output=tmp_path, labels=["a", "b"])


@pytest.mark.parametrize("arguments", [(None,), (5,), ("",)])
def test_verify_tells_wrong_types(model: Model, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError, match="The export folder is a path"):
        edgekit.verify(*arguments, reference=model, data="photos")
