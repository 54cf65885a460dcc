from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.kerasfile import import_keras
from edgekit.training.layer_errors import explain, line_in, source_line, whole_tracebacks

keras = import_keras()
layers = keras.layers


def _caught(function: Any, whole: bool = True) -> Exception:
    with whole_tracebacks(keras) if whole else contextlib.nullcontext():
        try:
            function()
        except Exception as error:
            return error
    raise AssertionError("it should have failed")


def _nested() -> Any:
    inner = keras.Sequential([layers.Conv2D(2, 3, name="fine"), layers.Conv2D(2, 9, name="large")])
    return keras.Sequential([keras.Input((8, 8, 3)), layers.TimeDistributed(layers.Flatten()), inner])


def _when_run() -> Any:
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="first")])
    return model(np.zeros((1, 2), np.float32))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda: layers.Conv2D(3, 9, name="large")(keras.Input((4, 4, 3))), "in the layer 'large' (Conv2D): Computed"),
        (lambda: layers.LSTM(3, name="rnn")(keras.Input((4, 4, 3))), "layer 'rnn' is incompatible"),
        (lambda: layers.Dense("x"), "in the layer of the kind Dense: Received an invalid value"),
        (_nested, "is incompatible with the layer"),
        (_when_run, "layer 'first' is incompatible with the layer: expected axis -1"),
        (lambda: {}["nothing"], "KeyError: 'nothing'"),
        (lambda: int("x"), "invalid literal"),
    ],
)  # fmt: skip
def test_the_reason_is_one_line_with_the_layer(function: Any, words: str) -> None:
    reason = explain(keras, _caught(function))
    assert words in reason
    assert "\n" not in reason
    assert "\x1b" not in reason
    assert "Exception encountered" not in reason


def test_the_frame_that_keras_adds_is_taken_off() -> None:
    class Broken(layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            raise ValueError("two\nlines")

    error = _caught(lambda: Broken()(keras.Input((4,))), whole=False)
    assert str(error).startswith("Exception encountered when calling")
    assert "two" in explain(keras, error)


def test_the_line_is_the_innermost_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def inner():\n    return 1 / 0\n\ndef outer():\n    return inner()\n")
    names: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), names)
    error = _caught(names["outer"])
    assert line_in(file, error) == 2
    assert source_line(file, 2) == "return 1 / 0"
    assert line_in(tmp_path / "other.py", error) is None
    assert source_line(file, 99) == source_line(tmp_path / "none.py", 1) == ""
