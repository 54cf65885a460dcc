"""Inputs that no memory holds are refused with their shape and size, and large ones are compared on fewer samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import edgekit
from edgekit.api.export_inputs import make_reference
from edgekit.api.export_memory import check_shapes, choose_count
from edgekit.errors import ConversionError, UsageError
from edgekit.host import available_memory
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat, ModelSpec, image_classifier, tensor_classifier

pytestmark = pytest.mark.skipif(available_memory() is None, reason="only Linux says how much memory there is")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("1,1000000,1000000,3", r"--input-shape 1,1000000,1000000,3 is 12\.0 TB of float32 for each sample\."),
        (["a=1,8", "b=1,999999999,999999999"], r"--input-shape b=1,999999999,999999999 is 4,000,000\.0 TB"),
        ((1, 10**7, 10**7), r"--input-shape 1,10000000,10000000 is 400\.0 TB .* [\d.]+ [GM]B of memory are free here"),
    ],
)
def test_a_shape_that_no_memory_holds(given: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_shapes(given)


def test_shapes_that_fit() -> None:
    for given in (None, "1,224,224,3", {"image": (1, 32, 32, 3)}, "1,any,9"):
        check_shapes(given)


def photos_of(size: int) -> ModelSpec:
    return image_classifier("x", ("a", "b"), ImageFormat(size, size))


def test_large_inputs_are_compared_on_fewer_samples() -> None:
    assert choose_count(photos_of(224), 64) == 64
    assert choose_count(photos_of(1024), 64) == 42
    assert choose_count(photos_of(3000), 64) == 4
    giant = tensor_classifier("x", (None, 10**6, 10**6, 3), "float32", ("a", "b"))
    with pytest.raises(ConversionError, match=r"The input .* of x, any,1000000,1000000,3, is 12\.0 TB"):
        choose_count(giant, 64)


def test_an_export_refuses_it_before_it_reads_the_model(tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    path.write_bytes(b"nobody looks")
    with pytest.raises(UsageError, match=r"--input-shape 1,1000000,1000000,3 is 12\.0 TB"):
        edgekit.export(path, "tflite", tmp_path / "dist", input_shape="1,1000000,1000000,3", progress=SILENT)
    assert not (tmp_path / "dist").exists()


def test_a_model_that_runs_out_of_memory_is_a_sentence(keras: Any) -> None:
    giant = keras.Sequential(
        [keras.Input((4,)), keras.layers.RepeatVector(2 * 10**9), keras.layers.GlobalAveragePooling1D()]
    )
    with pytest.raises(ConversionError, match=r"not enough memory to run .* on 64 samples of any,4 \(16 bytes\)"):
        make_reference(edgekit.Model(giant, tensor_classifier("x", (None, 4), "float32", tuple("abcd"))), None)
