from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import ModelFileError
from edgekit.spec import ImageFormat, Label, ModelSpec, TensorSpec, image_classifier
from edgekit.tflite.checks import PRECISIONS
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.embed import embed
from edgekit.tflite.flatbuffer_writer import Scalar, Table, Tables, serialize
from edgekit.tflite.metadata import TFLiteMetadata, read_metadata
from edgekit.tflite.metadata_schema import TENSOR_AXIS_LABELS
from edgekit.tflite.model import read_model
from edgekit.tflite.schema import FILE_IDENTIFIER, BufferField, ModelField
from edgekit.tflite.spec_io import read_spec

Run = Callable[[bytes], list[np.ndarray[Any, Any]]]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_model_answers_as_before(
    converted: dict[str, bytes], spec: ModelSpec, run_model: Run, precision: str
) -> None:
    before = converted[precision]
    after = embed(before, spec)
    assert read_spec(after, "tiny") == spec
    assert carries_own_digest(after)
    for expected, got in zip(run_model(before), run_model(after), strict=True):
        assert np.array_equal(expected, got)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_graph_signature_and_weights_stay(converted: dict[str, bytes], spec: ModelSpec, precision: str) -> None:
    before, after = read_model(converted[precision]), read_model(embed(converted[precision], spec))
    for old, new in zip(before.subgraphs, after.subgraphs, strict=True):
        assert old.tensors == new.tensors
        assert [(op.name, op.version, op.inputs, op.outputs) for op in old.operators] == [
            (op.name, op.version, op.inputs, op.outputs) for op in new.operators
        ]
    assert before.signatures == after.signatures
    for index in range(len(before.buffers)):
        assert before.buffer(index) == after.buffer(index)
    assert {"min_runtime_version", "CONVERSION_METADATA"} <= set(before.metadata)
    assert all(after.metadata[name] == content for name, content in before.metadata.items())
    assert set(after.metadata) - set(before.metadata) == {"TFLITE_METADATA", "EDGEKIT_SPEC", "EDGEKIT_DIGEST"}


def test_weights_stay_aligned(zoo: dict[str, Path], run_model: Run) -> None:
    """This file's writer aligned all constant data to 16 bytes, as the schema asks."""
    before = zoo["mlperf-tiny/keyword_spotting/trained_models/kws_ref_model_float32.tflite"].read_bytes()
    after = embed(before, ModelSpec("kws", "tensors", (TensorSpec("in", (1,)),), (TensorSpec("out", (1,)),)))
    for data in (before, after):
        assert {span.offset % 16 for span in read_model(data).buffers if span.size} == {0}
    assert np.array_equal(run_model(before)[0], run_model(after)[0])


def test_the_generated_reader_reads_it(converted: dict[str, bytes], spec: ModelSpec) -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    data = embed(converted["fp32"], spec)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    entries = {entry.name.decode(): bytes(model.buffers[entry.buffer].data) for entry in model.metadata}
    assert entries["EDGEKIT_SPEC"].decode() == spec.to_json()
    assert entries["TFLITE_METADATA"][4:8] == b"M001"
    assert len(entries["EDGEKIT_DIGEST"]) == 32


def test_standard_metadata_say_what_the_spec_says(converted: dict[str, bytes], spec: ModelSpec) -> None:
    metadata = read_metadata(read_model(embed(converted["int8"], spec)))
    assert metadata is not None
    assert (metadata.name, metadata.min_parser_version) == ("blümchen", "1.0.0")
    (pixels,), (scores,) = metadata.inputs, metadata.outputs
    assert (pixels.name, pixels.content, pixels.color) == ("image", "image", "rgb")
    assert (pixels.mean, pixels.std, pixels.minimum, pixels.maximum) == ((0.0,), (1.0,), (0.0,), (255.0,))
    assert (scores.name, scores.content, scores.score_threshold) == ("probabilities", "feature", 0.25)
    assert (scores.minimum, scores.maximum) == ((0.0,), (1.0,))
    assert [(file.name, file.type, file.locale) for file in scores.files] == [
        ("labels.txt", TENSOR_AXIS_LABELS, ""),
        ("labels_de.txt", TENSOR_AXIS_LABELS, "de"),
        ("labels_en.txt", TENSOR_AXIS_LABELS, "en"),
    ]
    # A label is one line, whatever its folder was called; a missing translation is the id.
    assert metadata.labels == ("daisy", "rose", "tulip red")
    assert dict(metadata.labels_by_locale) == {
        "de": ("Gänseblümchen", "Rose", "tulip red"),
        "en": ("Daisy", "rose", "tulip red"),
    }


def _metadata_of(data: bytes, spec: ModelSpec) -> TFLiteMetadata:
    metadata = read_metadata(read_model(embed(data, spec)))
    assert metadata is not None
    return metadata


def test_of_many_labels_the_threshold_is_written(converted: dict[str, bytes], spec: ModelSpec) -> None:
    multi = image_classifier("multi", spec.labels, ImageFormat(24, 24), multi_label=True)
    metadata = _metadata_of(converted["fp32"], multi)
    assert metadata.outputs[0].score_threshold == 0.5
    assert metadata.labels == ("daisy", "rose", "tulip red")
    assert "any number of them" in metadata.description


def test_a_binary_model_has_no_label_file_that_mediapipe_would_count(
    converted: dict[str, bytes], spec: ModelSpec
) -> None:
    binary = image_classifier("binary", spec.labels[:2], ImageFormat(24, 24), "sigmoid", confidence_threshold=0.9)
    metadata = _metadata_of(converted["fp32"], binary)
    (scores,) = metadata.outputs
    assert (metadata.labels, metadata.files, scores.files, scores.score_threshold) == ((), (), (), None)
    assert scores.description == "The probability of 'rose'; low means 'daisy'."
    assert read_spec(embed(converted["fp32"], binary), "x") == binary


def test_two_locales_never_share_a_file(converted: dict[str, bytes]) -> None:
    label = Label("a", {"de_AT": "eins", "de.AT": "zwei", "de AT": "drei"})
    metadata = _metadata_of(converted["fp32"], image_classifier("m", (label, "b", "c"), ImageFormat(24, 24)))
    assert {locale: names[0] for locale, names in metadata.labels_by_locale} == dict(label.names)


def test_grayscale_and_another_range_are_written(converted: dict[str, bytes]) -> None:
    image = ImageFormat(24, 24, "grayscale")
    spec = ModelSpec(
        name="gray",
        task="image-classification",
        inputs=(TensorSpec("image", (None, 24, 24, 1), "float32", (-1.0, 1.0), image),),
        outputs=(TensorSpec("probabilities", (None, 1)),),
        labels=(Label("one"),),
    )
    metadata = read_metadata(read_model(embed(converted["fp32"], spec)))
    assert metadata is not None
    assert metadata.inputs[0].color == "grayscale"
    assert (metadata.inputs[0].mean, metadata.inputs[0].std) == ((127.5,), (127.5,))
    assert metadata.outputs[0].minimum == ()


def test_embedding_again_replaces(converted: dict[str, bytes], spec: ModelSpec, run_model: Run) -> None:
    first = embed(converted["fp32"], spec)
    renamed = dataclasses.replace(spec, name="renamed", labels=(Label("a"), Label("b"), Label("c")))
    second = embed(first, renamed)
    assert read_spec(second, "x") == renamed
    assert carries_own_digest(second)
    metadata = read_metadata(read_model(second))
    assert metadata is not None
    assert (metadata.name, metadata.labels, metadata.files) == ("renamed", ("a", "b", "c"), ("labels.txt",))
    assert list(read_model(second).metadata) == list(read_model(first).metadata)
    assert np.array_equal(run_model(first)[0], run_model(second)[0])


def test_the_same_input_gives_the_same_bytes(converted: dict[str, bytes], spec: ModelSpec) -> None:
    assert embed(converted["int8"], spec) == embed(converted["int8"], spec)


def test_tensors_are_matched_by_name(two_inputs: bytes) -> None:
    """The order of a graph's inputs is the converter's, not the spec's."""
    model = read_model(two_inputs)
    (signature,) = model.signatures
    order = {index: name for name, index in signature.inputs.items()}
    graph_order = [order[index] for index in model.subgraphs[0].inputs]
    assert set(graph_order) == {"left", "right"}
    for names in (graph_order, graph_order[::-1]):
        inputs = tuple(TensorSpec(name, (1, 4)) for name in names)
        spec = ModelSpec("sum", "tensors", inputs, (TensorSpec("sum", (1, 4)),))
        metadata = read_metadata(read_model(embed(two_inputs, spec)))
        assert metadata is not None
        assert [tensor.name for tensor in metadata.inputs] == graph_order
        assert (metadata.labels, metadata.files) == ((), ())


def test_a_spec_of_another_model_is_refused(converted: dict[str, bytes], spec: ModelSpec) -> None:
    two = dataclasses.replace(spec, inputs=(*spec.inputs, TensorSpec("more", (1,))))
    with pytest.raises(ModelFileError, match="has 1 inputs, its spec has 2"):
        embed(converted["fp32"], two)


def test_weights_behind_the_flatbuffer_are_refused(spec: ModelSpec) -> None:
    """Models above 2 GB hold absolute positions, which a prefix would shift."""
    buffer = Table({BufferField.OFFSET: Scalar("Q", 8), BufferField.SIZE: Scalar("Q", 4)})
    model = Table({ModelField.SUBGRAPHS: Tables((Table(),)), ModelField.BUFFERS: Tables((buffer,))})
    with pytest.raises(ModelFileError, match="keeps weights behind its FlatBuffer"):
        embed(serialize(model, FILE_IDENTIFIER), spec)


def test_garbage_is_refused(spec: ModelSpec) -> None:
    with pytest.raises(ModelFileError, match="not a TFLite model"):
        embed(b"garbage", spec)
