"""Integers of other than 32 bits in TF.js, which has no others: cut where nothing is lost, else refused or told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.artifact import Artifact
from edgekit.bundle import find_built
from edgekit.converters.base import NoOptions, get_converter
from edgekit.converters.graph.integers import check_attributes
from edgekit.errors import ConversionError, UsageError
from edgekit.program import freeze_function
from edgekit.spec import ModelSpec, TensorSpec
from edgekit.tfjs.graph import Graph, Node
from tests.conftest import missing

tf = pytest.importorskip("tensorflow")

LARGEST = 2**63 - 1
VALUES = np.array([[-(2**31), -7, 0, 3, 2**31 - 1], [5, 4, 3, 2, 1]], np.int64)


@pytest.fixture(autouse=True, scope="module")
def _runner() -> None:
    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")


def export(function: Callable[[Any], Any], folder: Path, shape: tuple[int, ...] = (5,)) -> Artifact:
    """A function of int64 (n, 5) to int64 (n, ``shape``) as TF.js."""
    spec = ModelSpec(
        "m", "tensors", (TensorSpec("ids", (None, 5), "int64"),), (TensorSpec("out", (None, *shape), "int64"),)
    )
    program = freeze_function(lambda tensors: [function(tensors[0])], spec, folder / "program", None)
    return get_converter("tfjs").convert(program, spec, "fp32", None, NoOptions(), folder / "m.fp32.tfjs")


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: tf.minimum(x, tf.constant(LARGEST, tf.int64)), (5,)),
        (lambda x: tf.maximum(x, tf.constant(-LARGEST, tf.int64)), (5,)),
        (lambda x: tf.clip_by_value(x, tf.constant(-1, tf.int64), tf.constant(LARGEST, tf.int64)), (5,)),
        (
            lambda x: tf.strided_slice(x, *(tf.constant(pair, tf.int64) for pair in ([0, 1], [LARGEST] * 2, [1, 1]))),
            (4,),
        ),
    ],
    ids=["minimum", "maximum", "clip", "slice"],
)
def test_bounds_of_64_bits_are_cut(function: Callable[[Any], Any], shape: tuple[int, ...], tmp_path: Path) -> None:
    artifact = export(function, tmp_path, shape)
    with edgekit.load(artifact.path) as model:
        answers = model.answers({"ids": VALUES})["out"]
    np.testing.assert_array_equal(answers, function(tf.constant(VALUES)).numpy().astype(answers.dtype))
    assert artifact.notes == ()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + tf.constant(5_000_000_011, tf.int64),
        lambda x: tf.minimum(x, tf.constant(-5_000_000_011, tf.int64)),  # this bound would be the answer
        lambda x: tf.where(x > 0, x, tf.constant(2**31, tf.int64)),
    ],
    ids=["added", "lowest", "chosen"],
)
def test_a_value_of_64_bits_is_refused_by_its_name(function: Callable[[Any], Any], tmp_path: Path) -> None:
    with pytest.raises(
        ConversionError, match=r"The constant \S+ holds -?[0-9,]{13}, and TF\.js has integers of 32 bits"
    ):
        export(function, tmp_path)
    assert not (tmp_path / "m.fp32.tfjs").exists()


def test_arithmetic_that_may_not_fit_is_told(tmp_path: Path) -> None:
    artifact = export(lambda x: tf.math.floormod(x * 2_000_000_000, 97), tmp_path)
    (note,) = artifact.notes
    assert "computes all integers in 32 bits" in note
    assert "mul" in note.lower()
    with edgekit.load(artifact.path) as model:
        answers = model.answers({"ids": VALUES})["out"]
    expected = np.mod(VALUES * 2_000_000_000, 97)
    assert not np.array_equal(answers, expected)  # what the note is about


def test_sizes_of_tensors_are_no_such_arithmetic(tmp_path: Path) -> None:
    artifact = export(lambda x: tf.reshape(x, [tf.shape(x, tf.int64)[0] * 1, tf.constant(5, tf.int64)]), tmp_path)
    assert artifact.notes == ()


def test_inputs_that_do_not_fit_are_refused_by_their_name(tmp_path: Path) -> None:
    with edgekit.load(export(tf.identity, tmp_path).path) as model:
        np.testing.assert_array_equal(model.answers({"ids": VALUES[1:]})["out"], VALUES[1:])
        with pytest.raises(
            UsageError, match=r"ids takes int32, -2,147,483,648 to 2,147,483,647\. Got: 1 to 5,000,000,000"
        ):
            model.answers({"ids": np.array([[1, 2, 3, 4, 5_000_000_000]])})


def test_attributes_that_do_not_fit_are_refused_by_their_node() -> None:
    def graph(**attributes: Any) -> Graph:
        nodes = (Node("x", "Placeholder"), Node("hash", "StringToHashBucketFast", ("x",), attributes))
        return Graph(nodes, {"x": "x"}, {"y": "hash"})

    check_attributes(graph(num_buckets={"i": "2147483647"}, seed={"i": str(LARGEST)}, sizes={"list": {"i": ["1"]}}))
    for attribute in ({"i": str(2**31)}, {"list": {"i": ["1", str(2**31)]}}):
        with pytest.raises(ConversionError, match=r"hash \(StringToHashBucketFast\) has num_buckets = 2,147,483,648"):
            check_attributes(graph(num_buckets=attribute))
