"""Broken files: each ends in a mapping or in one of EdgeKit's errors, whatever was broken."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.edgetpu.mapping import map_model
from edgekit.errors import EdgeKitError, ModelFileError
from edgekit.report.edgetpu import mapping_text
from edgekit.tflite.ops import BUILTIN_NAMES
from edgekit.tflite.schema import TENSOR_TYPES
from tests.edgetpu.models import Op, T, build, ints
from tests.tflite_damage import mutants

ROUNDS = 30


def use(data: bytes, compiler: str = "16") -> bool:
    """Everything that is done with a foreign file; whether it was taken for a model."""
    try:
        mapping = map_model(data, compiler)
    except EdgeKitError as error:
        assert str(error).startswith("the model is not a ")  # noqa: PT017 (either outcome is right)
        return False
    assert mapping.mapped + mapping.left == sum(row.count for row in mapping.ops)
    assert all((row.reason is None) == (row.fix is None) == row.mapped for row in mapping.ops) or mapping.compiled
    json.dumps(mapping.to_dict(), allow_nan=False)
    assert mapping_text(mapping, "x.tflite").startswith("x.tflite\n")
    assert 0 <= mapping.streamed_bytes <= mapping.parameter_bytes
    return True


def test_broken_models_are_mapped_or_refused(shared_data: Path) -> None:
    generator = random.Random(0)
    paths = [path for path in sorted((shared_data / "edge-tpu").rglob("*.tflite")) if path.stat().st_size < 2_000_000]
    assert len(paths) > 10
    outcomes = [use(mutant) for path in paths for mutant in mutants(path.read_bytes(), generator, ROUNDS)]
    assert 0.1 < sum(outcomes) / len(outcomes) < 0.9


TENSORS = st.builds(
    T,
    shape=st.lists(st.integers(0, 5), max_size=6).map(tuple),
    dtype=st.sampled_from(TENSOR_TYPES),
    data=st.binary(max_size=20),
    scales=st.lists(st.floats(0, 1, width=32), max_size=3).map(tuple),
    zero_point=st.integers(-300, 300),
    signature=st.none() | st.lists(st.integers(-1, 5), max_size=6).map(tuple),
)
NAMES = st.sampled_from([name for name in BUILTIN_NAMES if not name.startswith("STABLEHLO")] + ["CUSTOM:Mine"])


@given(st.data())
def test_any_graph_of_any_ops_is_mapped(data: st.DataObject) -> None:
    """Ops with too few inputs, of wrong types, with constants of odd lengths: never a traceback."""
    tensors = [*data.draw(st.lists(TENSORS, min_size=2, max_size=6)), ints(0, -7, 99)]
    places = st.integers(0, len(tensors) - 1)
    ops = data.draw(
        st.lists(
            st.builds(
                Op,
                name=NAMES,
                inputs=st.lists(places | st.just(-1), max_size=5),
                outputs=st.lists(places, max_size=2),
                version=st.integers(-1, 12),
            ),
            max_size=5,
        )
    )
    assert use(build(tensors, ops, [0], [1]), data.draw(st.sampled_from(["1", "2", "14", "15", "16"])))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04" + bytes(60), "zip archive"),
        (b"<!doctype html>" + bytes(60), "HTML"),
        (b"\x89HDF\r\n\x1a\n" + bytes(60), "HDF5"),
        (bytes(100), "lacks the mark TFL3"),
        (b"\xff\xff\xff\xffTFL3", "cut short"),
    ],
)
def test_foreign_files_are_sentences(data: bytes, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        map_model(data)
