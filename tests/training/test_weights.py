from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ModelFileError, TrainingError
from edgekit.kerasfile import import_keras
from edgekit.spec import ImageFormat
from edgekit.training.architecture import find_network
from edgekit.training.weights import load_imagenet, load_weights, models_folder

keras = import_keras()


class Lines:
    """A Progress that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    warn = say

    def task(self, description: str, total: int) -> Any:
        raise AssertionError("a download is no task of ours")


def mobilenet(alpha: float = 0.25, **arguments: Any) -> Any:
    settings = {"include_top": False, "weights": None, "input_shape": (32, 32, 3), "alpha": alpha, **arguments}
    return keras.applications.MobileNet(**settings)


def same_weights(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def save_weights(model: Any, path: Path) -> None:
    model.save_weights(path)


def save_model(model: Any, path: Path) -> None:
    model.save(path)


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(
    ("name", "save"),
    [("some.weights.h5", save_weights), ("whole.h5", save_model), ("whole.keras", save_model)],
)
def test_every_kind_of_file_is_read(name: str, save: Callable[[Any, Path], None], tmp_path: Path) -> None:
    source, target = mobilenet(), mobilenet()
    save(source, tmp_path / name)
    assert not same_weights(source, target)
    load_weights(keras, target, str(tmp_path / name), "mobilenet_v1_0.25")
    assert same_weights(source, target)


@pytest.mark.parametrize(("saved_as", "called"), [("a.weights.h5", "b.h5"), ("a.weights.h5", "weights.hdf5")])
def test_the_content_counts_not_the_suffix(saved_as: str, called: str, tmp_path: Path) -> None:
    source, target = mobilenet(), mobilenet()
    source.save_weights(tmp_path / saved_as)
    (tmp_path / saved_as).rename(tmp_path / called)
    load_weights(keras, target, str(tmp_path / called), "mobilenet_v1_0.25")
    assert same_weights(source, target)


def test_real_imagenet_weights_recognise_flowers_alike(shared_data: Path) -> None:
    file = shared_data / "weights" / "mobilenet_v2_0.35_224_no_top.weights.h5"
    by_us = keras.applications.MobileNetV2(alpha=0.35, include_top=False, weights=None, input_shape=(64, 64, 3))
    load_weights(keras, by_us, str(file), "mobilenet_v2_0.35")
    by_keras = keras.applications.MobileNetV2(alpha=0.35, include_top=False, weights=str(file), input_shape=(64, 64, 3))
    assert same_weights(by_us, by_keras)


@pytest.mark.parametrize("name", ["other.weights.h5", "other.h5", "other.keras"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_weights_of_another_width_are_refused_by_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    (save_weights if ".weights." in name else save_model)(mobilenet(alpha=0.5), path)
    with pytest.raises(ModelFileError, match=r"does not fit mobilenet_v1_0\.25") as refused:
        load_weights(keras, mobilenet(), str(path), "mobilenet_v1_0.25")
    assert len(str(refused.value)) < 700
    if name == "other.weights.h5":
        assert "its layer conv1 needs the shape (3, 3, 3, 8), the file has (3, 3, 3, 16)" in str(refused.value)


def test_a_keras_file_of_another_network_names_missing_layers(tmp_path: Path) -> None:
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Dense(2)(image)).save(tmp_path / "other.keras")
    with pytest.raises(ModelFileError, match=r"conv1 is not in the file; .* and \d+ more"):
        load_weights(keras, mobilenet(), str(tmp_path / "other.keras"), "mobilenet_v1_0.25")


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path) -> None:
    import h5py

    text, foreign = tmp_path / "text.h5", tmp_path / "foreign.h5"
    text.write_text("not weights")
    with h5py.File(foreign, "w") as file:
        file["table"] = [1, 2, 3]
    with pytest.raises(ModelFileError, match="is not a file of Keras weights"):
        load_weights(keras, mobilenet(), str(text), "x")
    with pytest.raises(ModelFileError, match="holds no Keras weights"):
        load_weights(keras, mobilenet(), str(foreign), "x")


def test_offline_says_where_keras_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def offline() -> None:
        print("Downloading data from https://storage.example/x.h5")
        raise Exception("URL fetch failure on https://storage.example/x.h5: None -- Name or service not known")

    lines = Lines()
    with pytest.raises(TrainingError) as failed:
        load_imagenet(offline, "mobilenet_v2_0.35", "x_no_top.h5", lines)
    for part in (str(tmp_path / "models" / "x_no_top.h5"), "--weights PATH", "--weights none"):
        assert part in str(failed.value)
    assert lines.said == [
        f"Downloading the ImageNet weights of mobilenet_v2_0.35 to {tmp_path / 'models' / 'x_no_top.h5'}."
    ]


def test_a_download_leaves_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    load_imagenet(lambda: print("Downloading data from ..."), "x", "x.h5", Lines())
    assert capsys.readouterr().out == ""


def test_other_errors_of_the_builder_are_not_taken_for_a_download() -> None:
    def broken() -> None:
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        load_imagenet(broken, "x", "x.h5", Lines())


def test_the_folder_is_the_one_that_keras_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    from keras.src.backend.config import keras_home

    assert models_folder() == Path(keras_home()) / "models"
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    assert models_folder() == Path("~/elsewhere/models").expanduser()


def test_efficientnet_sees_the_same_pixels_from_a_file_as_from_a_download(tmp_path: Path) -> None:
    # What weights="imagenet" computes: Keras' normalization with the published numbers, which hold the
    # deviation for the variance, and one more division by its root.
    std = np.array([0.229, 0.224, 0.225], np.float32)
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    image = ImageFormat(32, 32)
    network = find_network("efficientnet_b0")
    source = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=image.shape)
    [published] = [layer for layer in source.layers if isinstance(layer, keras.layers.Normalization)]
    published.set_weights([mean, std, np.array(0)])
    source.save_weights(tmp_path / "b0.weights.h5")
    target = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=image.shape)
    load_weights(keras, target, str(tmp_path / "b0.weights.h5"), network.name)
    [layer] = [layer for layer in target.layers if isinstance(layer, keras.layers.Normalization)]
    pixels = np.random.default_rng(0).uniform(0, 1, (1, 4, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(layer(pixels)), (pixels - mean) / std, atol=1e-4)
