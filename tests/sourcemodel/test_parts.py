"""Labels, shapes, names and numbers, read from what people write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.adaptation import Adaptation
from edgekit.errors import DataError, SpecError, UsageError
from edgekit.runtime.engines.base import TensorInfo
from edgekit.sourcemodel import open_source
from edgekit.sourcemodel.labels import read_labels
from edgekit.sourcemodel.names import clean_names
from edgekit.sourcemodel.options import SourceKeywords, SourceOptions
from edgekit.sourcemodel.preprocessing import WAYS, normalizes_itself, read_adaptation, read_numbers
from edgekit.sourcemodel.shapes import pin, read_shapes
from edgekit.spec import Label


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.txt", "cat\ndog\n\n"),
        ("l.txt", "\ufeff0 cat\n1 dog"),
        ("l.txt", "1: cat\r\n2: dog\r\n"),
        ("l.json", '["cat", "dog"]'),
        ("l.json", '{"0": "cat", "1": "dog"}'),
        ("l.json", '{"dog": 1, "cat": 0}'),
        ("l.json", '{"0": ["n1", "cat"], "1": ["n2", "dog"]}'),
        ("l.csv", "label\ncat\ndog\n"),
    ],
)
def test_files_of_labels(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_labels(tmp_path / name) == (Label("cat"), Label("dog"))


def test_labels_with_names_and_doubles(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("label,name:de\ncat,Katze\ndog,Hund\n", encoding="utf-8")
    assert read_labels(tmp_path / "l.csv")[1] == Label("dog", {"de": "Hund"})
    assert [label.id for label in read_labels(["crane", "cat", "crane"])] == ["crane (1)", "cat", "crane (2)"]
    numbers = tmp_path / "numbers.txt"
    numbers.write_text("7 seas\n9 lives\n")  # no numbering
    assert [label.id for label in read_labels(str(numbers))] == ["7 seas", "9 lives"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\xd8", b"\n\n"])
def test_files_that_are_no_labels(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"l\.txt"):
        read_labels(tmp_path / "l.txt")


@pytest.mark.parametrize("document", [{"0": "cat", "2": "dog"}, "cat", [1, 2], {"cat": 0, "dog": 0}])
def test_json_that_is_no_labels(document: Any, tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="is no list of labels"):
        read_labels(tmp_path / "l.json")


@pytest.mark.parametrize(
    ("given", "shapes"),
    [
        ("1,224,224,3", {None: (1, 224, 224, 3)}),
        ("1x64x9", {None: (1, 64, 9)}),
        (["a=1,2", "b=any,3"], {"a": (1, 2), "b": (None, 3)}),
        ((1, 5), {None: (1, 5)}),
        ({"a": (None, 4), "b": "1,5"}, {"a": (None, 4), "b": (1, 5)}),
        (None, {}),
    ],
)
def test_shapes(given: Any, shapes: Any) -> None:
    assert read_shapes(given) == shapes


@pytest.mark.parametrize("given", ["", "a", "1,-5", "1,2.5", ["1,2", "1,3"], 5.5, "1,99999999999"])
def test_what_is_no_shape(given: Any) -> None:
    with pytest.raises(UsageError):
        read_shapes(given)


def test_pinning_keeps_what_is_fixed() -> None:
    infos = (TensorInfo("a", (None, None, 3), "float32"), TensorInfo("b", (None, 2), "int32"))
    (a, b) = pin(infos, {"a": (1, 7, None)}, "m")
    assert (a.shape, b) == ((None, 7, 3), infos[1])
    with pytest.raises(UsageError, match="m has 2 inputs"):
        pin(infos, {None: (1, 2)}, "m")


def test_names() -> None:
    given = ["serving_default_input:0", "dense/Softmax", "_x", "1st", "x", "größe"]
    assert clean_names(given, ["x"]) == ["serving_default_input", "dense_Softmax", "x_1", "tensor_1st", "x_2", "gr_e"]


def test_numbers() -> None:
    assert read_numbers("1/255", "scale") == (1 / 255,)
    assert read_numbers(" 1 , 2e-1, -3", "mean") == (1, 0.2, -3)
    assert read_numbers([1, 2], "mean") == (1, 2)
    for wrong in ("", "a", "nan", "1//2", [True], None):
        with pytest.raises(UsageError, match="mean is a number"):
            read_numbers(wrong, "mean")


def test_ways_are_those_of_keras(keras: Any) -> None:
    from keras.applications.imagenet_utils import preprocess_input

    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.float32)
    for mode in ("tf", "torch", "caffe"):
        np.testing.assert_allclose(WAYS[mode].before(pixels), preprocess_input(pixels.copy(), mode=mode), atol=1e-4)
    for name, way in (
        ("mobilenet_v2", "tf"),
        ("densenet121", "torch"),
        ("ResNet50", "caffe"),
        ("efficientnet_b0", "none"),
    ):
        assert read_adaptation(SourceOptions(preprocessing=name), 3) == WAYS[way]


def test_layers_that_normalize() -> None:
    assert normalizes_itself(("InputLayer", "RandomFlip", "Rescaling", "Conv2D"))
    assert not normalizes_itself(("InputLayer", "Conv2D", "Rescaling"))
    assert not normalizes_itself(())


def test_adaptation_survives_json() -> None:
    for adaptation in (*WAYS.values(), Adaptation(activation="sigmoid")):
        assert Adaptation.from_dict(json.loads(json.dumps(adaptation.to_dict()))) == adaptation
    for broken in (
        None,
        {},
        {"scale": ["x"], "mean": [0], "bgr": False, "activation": "none"},
        {**WAYS["tf"].to_dict(), "bgr": 1},
        {**WAYS["tf"].to_dict(), "scale": [10**400]},
        {**WAYS["tf"].to_dict(), "mean": [1e39]},
        {**WAYS["tf"].to_dict(), "mean": [float("nan")]},
        {**WAYS["tf"].to_dict(), "mean": [True]},
        {**WAYS["tf"].to_dict(), "mean": []},
    ):
        with pytest.raises(SpecError):
            Adaptation.from_dict(broken)


def test_keywords_are_the_options() -> None:
    assert list(SourceKeywords.__annotations__) == list(SourceOptions.__dataclass_fields__)


def test_an_adaptation_of_other_channels_is_told(keras: Any) -> None:
    five = Adaptation(scale=(1.0, 2.0, 3.0, 4.0, 5.0))
    for channels in (3, 1):
        pixels = np.zeros((2, 4, 4, channels), np.float32)
        for step in (five.before, five.before_in_graph):
            with pytest.raises(SpecError, match=f"a scale for 5 channels, .* first input has {channels}"):
                step(pixels)
    flat = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    spec = open_source(flat).spec
    with pytest.raises(SpecError, match="for 5 channels"):
        open_source(flat, spec, adaptation=five).predict({spec.inputs[0].name: np.zeros((2, 4, 4, 3), np.float32)})


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"task": "foo"}, "no task 'foo'. Known: image-classification, multi-label-classification, tensors"),
        ({"activation": "foo"}, "no activation 'foo'. Known: softmax, sigmoid, none"),
        ({"resize": "foo"}, "no resize 'foo'. Known: crop, stretch, letterbox"),
        ({"task": ["tensors"]}, "task is one of image-classification, .* Got: a list"),
        ({"preprocessing": "foo"}, "no preprocessing 'foo'. Known: tf, torch, caffe, none"),
        ({"preprocessing": 3}, "preprocessing is a name. Got: 3"),
        ({"signature": 3}, "signature is the name of one. Got: 3"),
        ({"bgr": 1}, "bgr is True or False. Got: 1"),
        ({"custom_objects": 3}, "custom_objects is a mapping of names to classes and functions. Got: 3"),
        ({"custom_objects": {3: int}}, "A name in custom_objects is a string. Got: 3"),
    ],
)
def test_options_of_no_meaning(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        SourceOptions.of(said)


def test_what_is_given() -> None:
    said = SourceOptions(scale=0, mean=np.ones(3), custom_objects={}, bgr=False)  # type: ignore[arg-type]
    assert said.given() == ("scale", "mean")


SEVEN_MODELS = """
import logging
import keras
from edgekit.api.export_inputs import make_reference
from edgekit.api.model import Model

seen = []
logging.getLogger("tensorflow").addFilter(lambda record: seen.append(record.getMessage()) or True)
for _ in range(7):
    make_reference(Model.wrap(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])), None)
print(sum("retracing" in text for text in seen))
"""


def test_many_models_in_one_process_are_not_warned_about(keras: Any) -> None:
    # A process of its own: TensorFlow says it twice and is then silent.
    done = subprocess.run([sys.executable, "-c", SEVEN_MODELS], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 0
    assert "retracing" not in done.stderr
