"""Mistakes in a file or function of the user's own: each ends in a sentence that names the place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import ModelFileError, UsageError
from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.training.architecture import default_image_format, find_network
from edgekit.training.classifier import build_classifier
from edgekit.training.config import TrainingConfig
from edgekit.training.objective import Objective

keras = import_keras()
layers = keras.layers

GOOD = """import keras
from neighbour import WIDTH

def build(input_shape, classes):
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(WIDTH, 3),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(classes, activation="softmax"),
    ])
"""


def build(model: Any, objective: Objective | None = None) -> Any:
    network = find_network(model)
    network.check((16, 16, 3), "own")
    task = objective or Objective("multi-class", 3)
    return build_classifier(
        keras, network, (16, 16, 3), task, network.head, "own", TrainingConfig(model=model), SILENT
    ).model


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_model(text: str, name: str = "my_model.py") -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write_model


def test_a_file_with_its_neighbour(write: Any) -> None:
    write("WIDTH = 5", "neighbour.py")
    model = build(write(GOOD) + ":build")
    assert model.output_shape == (None, 3)
    assert find_network(write(GOOD) + ":build").name == "my_model.py:build"


def test_a_changed_file_is_read_again(write: Any) -> None:
    text = "import keras as k\ndef build():\n    return k.Sequential([k.Input(({0}, {0}, 3)), k.layers.Flatten()])\n"
    for size in (16, 128):
        image = default_image_format(write(text.format(size)) + ":build", None)
        assert image is not None
        assert image.width == size


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def build(:\n    pass", r"cannot be loaded in line 1 \(def build\(:\): SyntaxError: invalid syntax"),
        ("import keras\nimport nothing_like_it\n", r"in line 2 \(import nothing_like_it\): ModuleNotFoundError: No "),
        ("import sys\nsys.exit(3)\n", r"in line 2 \(sys\.exit\(3\)\): SystemExit"),
        ("x = 1 / 0\n", r"in line 1 \(x = 1 / 0\): ZeroDivisionError"),
        ("def make(): pass\n", r"my_model\.py has no function 'build'\. It has: make"),
        ("build = 3\n", r"has something else than a function called 'build'\. It has no functions"),
        ("def build(size): pass\n", r"build wants the argument 'size', which EdgeKit does not have\. It gives"),
        ("def build():\n    pass\n", r"The model of my_model\.py:build \(my_model\.py, line 1\) .* returns nothing"),
        ("def build(classes):\n    return int(classes, 3)\n", r"called with \(classes=3\) failed in line 2 \(return"),
        ("def build():\n    raise SystemExit\n", r"failed in line 2 \(raise SystemExit\): SystemExit"),
        (
            "import keras\ndef build(input_shape):\n    x = keras.Input(input_shape)\n"
            "    return keras.layers.Conv2D(3, 99, name='large')(x)\n",
            r"failed in line 4 \(.*\): in the layer 'large' \(Conv2D\): Computed output size would be zero or negative",
        ),
        (
            "import keras\ndef build(input_shape):\n    x = keras.Input(input_shape)\n"
            "    return keras.layers.LSTM(3, name='lstm')(x)\n",
            r"failed in line 4 .* layer 'lstm' is incompatible with the layer: expected ndim=3",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_its_line(text: str, problem: str, write: Any) -> None:
    with pytest.raises(UsageError, match=problem) as refused:
        build(write(text) + ":build")
    assert "my_model.py" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_function_needs_a_name(write: Any) -> None:
    with pytest.raises(UsageError, match=r"'1x' is no name of a function"):
        find_network(write("") + ":1x")


def test_an_older_file_is_told_from_a_name(tmp_path: Path) -> None:
    (tmp_path / "old.h5").touch()
    with pytest.raises(ModelFileError, match=r"old\.h5 is not a \.keras file"):
        find_network(tmp_path / "old.h5")


class Scale(layers.Layer):  # type: ignore[misc]
    def call(self, x: Any) -> Any:
        return x / 255


class Subclassed(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.dense(x)


def _squash(x: Any) -> Any:
    return x / 2


def _of(*stack: Any, shape: tuple[int, ...] = (16, 16, 3)) -> Any:
    return keras.Sequential([keras.Input(shape), *stack])


def _two_inputs() -> Any:
    one, other = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))
    return keras.Model([one, other], layers.Add()([one, other]))


def _two_outputs() -> Any:
    one = keras.Input((16, 16, 3))
    return keras.Model(one, [layers.Flatten()(one), layers.Conv2D(3, 3)(one)])


def _fails_when_run() -> Any:
    # Its shape is known only when it runs.
    image = keras.Input((16, 16, 3))
    return keras.Model(image, keras.ops.reshape(layers.Conv2D(2, 3)(image), (-1, 5)))


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (lambda: 5, "it is no keras.Model, but of the type int"),
        (lambda: (_of(layers.Flatten()), 1), "it is no keras.Model, but of the type tuple"),
        (Subclassed, "Subclassed is a subclass with a call of its own"),
        (lambda: _of(Scale(name="mine")), r"layer 'mine' is of the class Scale, whose code is not in a \.keras file"),
        (lambda: _of(layers.Lambda(_squash, name="squash")), "the layer 'squash' is a Lambda layer"),
        (lambda: _of(layers.Dense(3, activation=_squash)), "it uses the function _squash"),
        (_two_inputs, "it has 2 and 1"),
        (_two_outputs, "it has 1 and 2"),
        (keras.Sequential, "it has no layers"),
        (lambda: _of(layers.Flatten(), shape=(8, 8, 3)), r"takes samples of the shape \(8, 8, 3\)\. Got: \(16"),
        (lambda: _of(layers.Flatten(), shape=(49, 10)), r"takes samples of the shape \(49, 10\)\..* Give it data"),
        (lambda: keras.Sequential([layers.Conv2D(3, 40, name="far")]), r"in the layer 'far' \(Conv2D\): Computed"),
        (lambda: _of(layers.Conv2D(3, 1, name="image")), "a layer has one of the names of the input"),
        (_fails_when_run, "it fails with a sample of the shape"),
    ],
)  # fmt: skip
def test_what_is_no_usable_model_is_refused_with_the_reason(returned: Any, problem: str) -> None:
    def mine() -> Any:
        return returned()

    with pytest.raises(UsageError, match=problem) as refused:
        build(mine)
    assert "mine" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("units", "activation", "task", "problem"),
    [
        (4, "softmax", "multi-class", r"shape \(None, 4\)\. The task multi-class with 3 classes needs \(None, 3\)"),
        (3, "sigmoid", "multi-class", r"its last layer 'last' ends in sigmoid\. .* needs softmax; with none"),
        (3, "relu", "multi-class", "ends in relu"),
        (2, "softmax", "binary", "Take the argument outputs instead of classes"),
        (3, "softmax", "multi-label", "needs sigmoid"),
    ],
)
def test_a_told_model_that_does_not_fit_is_refused(units: int, activation: str, task: Any, problem: str) -> None:
    def mine(classes: int) -> Any:
        return _of(layers.Flatten(), layers.Dense(units, activation=activation, name="last"))

    with pytest.raises(UsageError, match=problem):
        build(mine, Objective(task, 2 if task == "binary" else 3))


def test_the_traceback_of_keras_is_whole_again_only_for_us() -> None:
    assert keras.config.is_traceback_filtering_enabled()
    with pytest.raises(UsageError, match=re.escape("samples have the shape (16, 16, 3)")):
        build(keras.Sequential([layers.LSTM(3)]))
    assert keras.config.is_traceback_filtering_enabled()
