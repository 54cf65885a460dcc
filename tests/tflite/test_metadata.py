from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import ModelFileError
from edgekit.spec import ModelSpec
from edgekit.tflite.embed import embed
from edgekit.tflite.metadata import TFLiteMetadata, read_metadata
from edgekit.tflite.model import read_model

SUPPORT = "tflite-zoo/tflite-support"


def _read(path: Path) -> TFLiteMetadata:
    metadata = read_metadata(read_model(path))
    assert metadata is not None
    return metadata


def test_an_image_classifier_of_others(zoo: dict[str, Path]) -> None:
    metadata = _read(zoo[f"{SUPPORT}/mobilenet_v1_0.25_224_1_metadata_1.tflite"])
    assert metadata.name == "MobileNetV1 image classifier"
    assert (metadata.version, metadata.author) == ("v1", "TensorFlow")
    assert (metadata.inputs[0].content, metadata.inputs[0].color) == ("image", "rgb")
    assert (metadata.inputs[0].mean, metadata.inputs[0].std) == ((127.5,), (127.5,))
    assert (metadata.inputs[0].minimum, metadata.inputs[0].maximum) == ((-1.0,), (1.0,))
    assert len(metadata.labels) == 1001
    assert metadata.labels[:2] == ("background", "tench")
    assert metadata.files == ("labels.txt",)


def test_labels_that_no_tensor_names(zoo: dict[str, Path]) -> None:
    metadata = _read(zoo[f"{SUPPORT}/mobilenet_v1_0.25_224_quant_without_subgraph_metadata.tflite"])
    assert (metadata.inputs, metadata.outputs) == ((), ())
    assert len(metadata.labels) == 1001


def test_metadata_without_labels(zoo: dict[str, Path]) -> None:
    metadata = _read(zoo[f"{SUPPORT}/dilated_conv.tflite"])
    assert metadata.labels == ()
    assert metadata.inputs[0].std == (1.0,)


def test_several_outputs(zoo: dict[str, Path]) -> None:
    metadata = _read(zoo[f"{SUPPORT}/test_model_nl_classifier_with_associated_label.tflite"])
    assert [output.name for output in metadata.outputs] == [
        "scores_dequantized",
        "scores_quantized",
        "labels",
        "scores_dequantized_float64",
    ]
    assert metadata.labels == ("label0", "label1", "label2")


def test_every_edge_tpu_classifier_has_its_labels(zoo: dict[str, Path]) -> None:
    found = [read_metadata(read_model(path)) for name, path in zoo.items() if name.startswith("edge-tpu/test_data")]
    assert sorted(len(metadata.labels) for metadata in found if metadata) == [1001] * 8


def test_a_model_without_metadata(zoo: dict[str, Path]) -> None:
    assert read_metadata(read_model(zoo[f"{SUPPORT}/movie_review.tflite"])) is None


def test_broken_metadata_are_told(converted: dict[str, bytes], spec: ModelSpec) -> None:
    data = embed(converted["fp32"], spec)
    with pytest.raises(ModelFileError, match=r"metadata of x\.tflite cannot be read .*M001"):
        read_metadata(read_model(data.replace(b"M001", b"M002"), "x.tflite"))
    at = data.index(b"M001") - 4
    with pytest.raises(ModelFileError, match=r"metadata of x\.tflite is not sound"):
        read_metadata(read_model(data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :], "x.tflite"))


def test_a_lost_archive_leaves_the_rest(converted: dict[str, bytes], spec: ModelSpec) -> None:
    data = embed(converted["fp32"], spec)
    metadata = read_metadata(read_model(data[: data.index(b"PK\x03\x04")]))
    assert metadata is not None
    assert (metadata.labels, metadata.files) == ((), ())
    assert metadata.inputs[0].content == "image"
