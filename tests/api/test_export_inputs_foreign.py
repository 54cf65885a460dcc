"""Foreign models through the whole export, as a person calls it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import edgekit
from edgekit.api.export_inputs import choose_calibration, make_reference, read_array
from edgekit.cli.main import cli
from edgekit.errors import DataError, ModelFileError, UsageError
from edgekit.progress import SILENT
from edgekit.sourcemodel.custom import load_custom_objects
from tests.sourcemodel.networks import picture_classifier, randomised

SIZE = 16


@pytest.fixture(scope="module")
def pictures(keras: Any) -> Any:
    return randomised(picture_classifier(keras))


def test_a_foreign_file_on_the_command_line(pictures: Any, tmp_path: Path) -> None:
    """From an .h5 and a text file to a prediction; int8 with pixels from a file."""
    pictures.save(tmp_path / "theirs.h5")
    (tmp_path / "labels.txt").write_text("0 red\n1 green\n2 blue\n")
    pixels = np.random.default_rng(0).integers(0, 256, (32, SIZE, SIZE, 3), np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    command = [
        "export",
        str(tmp_path / "theirs.h5"),
        "--labels",
        str(tmp_path / "labels.txt"),
        "-o",
        str(tmp_path / "dist"),
    ]
    refused = CliRunner().invoke(cli, command)
    assert refused.exit_code == 2
    assert "--preprocessing none" in refused.output
    more = ["--scale", "1/255", "--calibration", str(tmp_path / "pixels.npy"), "--to", "tflite:int8", "--json"]
    done = CliRunner().invoke(cli, [*command, *more])
    assert done.exit_code == 0, done.output
    (artifact,) = json.loads(done.stdout)["artifacts"]
    assert artifact["file"] == "theirs.int8.tflite"
    assert (
        "32 photos of " in artifact["inputs"]
        if "inputs" in artifact
        else "32 photos of " in artifact["check"]["inputs"]
    )
    with edgekit.load(tmp_path / "dist" / "theirs.int8.tflite") as model:
        found = {one.label: one.probability for one in model.classify(Image.fromarray(pixels[0]))}
    expected = pictures.predict(pixels[:1] / 255, verbose=0)[0]
    assert found == pytest.approx(dict(zip(("red", "green", "blue"), expected, strict=True)), abs=0.05)


def test_open_and_wrap(pictures: Any, tmp_path: Path) -> None:
    pictures.save(tmp_path / "theirs.keras")
    pixels = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)
    expected = pictures.predict(pixels / 127.5 - 1, verbose=0)
    about: dict[str, Any] = {"labels": ["a", "b", "c"], "preprocessing": "tf"}
    for model in (edgekit.Model.open(tmp_path / "theirs.keras", **about), edgekit.Model.wrap(pictures, **about)):
        np.testing.assert_allclose(model.predict(pixels), expected, atol=1e-5)
        with pytest.raises(UsageError, match="cannot be saved as"):
            model.save(tmp_path / "out.keras")
        assert model.source is not None
        again = edgekit.Model.open(tmp_path / "theirs.keras", spec=model.spec, adaptation=model.source.adaptation)
        np.testing.assert_allclose(again.predict(pixels), expected, atol=1e-5)
    with pytest.raises(UsageError, match=r"The spec says what .* Leave out labels"):
        edgekit.Model.open(tmp_path / "theirs.keras", spec=model.spec, labels=["a", "b", "c"])


def test_a_model_with_a_spec_of_its_own(pictures: Any, tmp_path: Path) -> None:
    model = edgekit.Model.wrap(pictures, labels=["a", "b", "c"], preprocessing="none")
    model.save(tmp_path / "own.keras")
    opened = edgekit.Model.open(tmp_path / "own.keras")
    assert opened.source is None
    assert opened.spec == model.spec
    with pytest.raises(UsageError, match=r"has a spec of its own, which says what .*Leave out scale"):
        edgekit.export(tmp_path / "own.keras", "tflite", tmp_path / "dist", scale=2, progress=SILENT)


def test_the_reference_depends_on_its_inputs(keras: Any) -> None:
    """A model that numbers of another range saturate gets others; one that always says the same is told of."""
    saturated = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, activation="softmax")])
    saturated.set_weights([np.full((6, 2), [1.0, -1.0], np.float32), np.array([-80, 80], np.float32)])
    (answers,) = make_reference(edgekit.Model.wrap(saturated), None).outputs.values()
    assert answers.std() > 1e-2
    constant = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
    constant.set_weights([np.zeros((6, 2), np.float32), np.ones(2, np.float32)])
    assert make_reference(edgekit.Model.wrap(constant), None).source.endswith("to all of which it answers the same")


def test_arrays_from_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    np.savez(tmp_path / "a.npz", x=np.ones((3, 2)))
    assert read_array(tmp_path / "a.npy").shape == read_array(tmp_path / "a.npz").shape == (3, 2)
    np.savez(tmp_path / "b.npz", x=np.ones(3), y=np.ones(3))
    np.save(tmp_path / "b.npy", np.array([{}]), allow_pickle=True)
    np.save(tmp_path / "c.npy", np.array(["text"]))
    (tmp_path / "d.npy").write_bytes(b"\x93NUMPY")
    for name in ("b.npz", "b.npy", "c.npy", "d.npy", "missing.npy"):
        with pytest.raises(DataError, match=name.replace(".", r"\.")):
            read_array(tmp_path / name)


def header_of(shape: tuple[int, ...]) -> bytes:
    """The beginning of a ``.npy`` file of float64, without its numbers."""
    written = io.BytesIO()
    np.lib.format.write_array_header_1_0(written, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return written.getvalue()


def test_damaged_arrays(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "zlib.npz", x=np.random.default_rng(0).random((64, 8)))
    content = bytearray((tmp_path / "zlib.npz").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)
    (tmp_path / "zlib.npz").write_bytes(content)
    np.savez(tmp_path / "empty.npz")
    (tmp_path / "huge.npy").write_bytes(header_of((10**13, 8)))
    (tmp_path / "beyond.npy").write_bytes(header_of((10**30,)))
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("x.npy", header_of((10**13, 8)))
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    for name, sentence in (
        ("zlib.npz", "is no readable array"),
        ("empty.npz", "has no array"),
        ("huge.npy", "needs more memory than there is"),
        ("huge.npz", "needs more memory than there is"),
        ("beyond.npy", "is no readable array"),
        ("cut.npz", "is no readable array"),
    ):
        with pytest.raises(DataError, match=f"{name}.*{sentence}") as caught:
            read_array(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_archives_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    real = np.lib.npyio.NpzFile.__init__
    monkeypatch.setattr(
        np.lib.npyio.NpzFile, "__init__", lambda self, *a, **k: (opened.append(self), real(self, *a, **k))[1]
    )
    np.savez(tmp_path / "one.npz", x=np.ones((3, 2)))
    np.savez(tmp_path / "two.npz", x=np.ones(3), y=np.ones(3))
    read_array(tmp_path / "one.npz")
    with pytest.raises(DataError, match="several arrays"):
        read_array(tmp_path / "two.npz")
    assert [file.zip for file in opened] == [None, None]


@pytest.mark.parametrize(
    ("source", "kind", "sentence"),
    [
        ([1, 2], UsageError, "calibration is a folder or file of samples, or a NumPy array of them. Got: a list"),
        (123, UsageError, "calibration is a folder or file .* Got: 123"),
        ("", UsageError, "calibration is a path"),
        (np.array(1.0), DataError, r"the array given is no array of samples, .* Got: float64 \(\)"),
        (np.array(["a"]), DataError, "the array given is no array of samples"),
    ],
)
def test_calibration_of_the_wrong_kind(pictures: Any, source: Any, kind: type[Exception], sentence: str) -> None:
    model = edgekit.Model.wrap(pictures)
    with pytest.raises(kind, match=sentence):
        choose_calibration(model, source, SILENT)


def test_options_of_a_format_go_through_a_model(pictures: Any, tmp_path: Path) -> None:
    model = edgekit.Model.wrap(pictures)
    with pytest.raises(UsageError, match="options for 'coreml', which is not exported"):
        model.export("tflite", tmp_path / "dist", options={"coreml": {"author": "Ada"}}, progress=SILENT)


LAYERS = """
import keras

class Halved(keras.layers.Layer):
    def call(self, inputs):
        return inputs / 2
"""


def test_verify_with_a_layer_of_ones_own(keras: Any, tmp_path: Path) -> None:
    (tmp_path / "halved.py").write_text(LAYERS)
    objects = load_custom_objects(tmp_path / "halved.py")
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), objects["Halved"]()]).save(path)
    samples = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
    np.save(tmp_path / "samples.npy", samples)
    dist = tmp_path / "dist"
    result = edgekit.export(path, "tflite:fp32", dist, custom_objects=objects, progress=SILENT)
    assert result.failures == ()
    with pytest.raises(ModelFileError, match="--custom"):
        edgekit.verify(dist, reference=path, data=samples, progress=SILENT)
    assert edgekit.verify(dist, reference=path, data=samples, custom_objects=objects, progress=SILENT).passed
    model = edgekit.Model.open(path, custom_objects=objects)
    with pytest.raises(UsageError, match="custom_objects is for references from the disk"):
        edgekit.verify(dist, reference=model, data=samples, custom_objects=objects)


def test_verify_one_signature_of_several(tmp_path: Path) -> None:
    """On the command line, with photos; the other signature is another model."""
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.weights = tf.Variable(tf.random.stateless_normal((3, 3), (0, 1)))

    def call(sign: float) -> Any:
        taken = [tf.TensorSpec([None, SIZE, SIZE, 3], name="x")]
        made = tf.function(
            lambda x: tf.nn.softmax(sign * tf.reduce_mean(x, (1, 2)) @ module.weights), input_signature=taken
        )
        return made.get_concrete_function()

    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"a": call(1.0), "b": call(-1.0)})
    about: dict[str, Any] = {"signature": "b", "labels": ["r", "g", "b"], "scale": "1/255"}
    assert edgekit.export(tmp_path / "m", "tflite:fp32", tmp_path / "dist", **about, progress=SILENT).failures == ()
    generator = np.random.default_rng(0)
    for label in about["labels"]:
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    command = ["verify", str(tmp_path / "dist"), "--reference", str(tmp_path / "m"), "--data", str(tmp_path / "photos")]
    without, right, wrong = (
        CliRunner().invoke(cli, [*command, *more]) for more in ([], ["--signature", "b"], ["--signature", "a"])
    )
    assert "Choose one with --signature NAME" in without.output
    assert right.exit_code == 0, right.output
    assert wrong.exit_code == 1, wrong.output
    (tmp_path / "bad.py").write_text("x = 1")
    refused = CliRunner().invoke(cli, [*command, "--custom", str(tmp_path / "bad.py")])
    assert refused.exit_code == 2
    assert "defines no class" in refused.output
