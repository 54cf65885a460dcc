"""Specs made from standard metadata."""

from __future__ import annotations

import pytest

from edgekit.runtime.foreign import find_activation, make_labels, read_foreign_spec
from edgekit.runtime.pixels import Normalization
from edgekit.tflite.metadata import TFLiteMetadata
from edgekit.tflite.model import read_model


@pytest.fixture
def support(shared_data):
    return shared_data / "tflite-zoo/tflite-support"


def test_a_float_classifier(support):
    foreign = read_foreign_spec(read_model(support / "mobilenet_v1_0.25_224_1_metadata_1.tflite"), "mobilenet")
    assert foreign is not None
    assert foreign.normalization == Normalization((127.5,), (127.5,))
    assert foreign.spec.activation == "softmax"
    assert len(foreign.spec.labels) == 1001
    assert foreign.spec.image is not None
    assert foreign.spec.image.shape == (224, 224, 3)
    assert foreign.spec.image.resize == "stretch"


@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_224_1_default_1", "movie_review", "dilated_conv"])
def test_too_little_metadata_gives_no_spec(support, name):
    assert read_foreign_spec(read_model(support / f"{name}.tflite"), name) is None


@pytest.mark.parametrize(
    ("file", "activation"),
    [
        ("tflite-support/mobilenet_v1_0.25_224_quant.tflite", "softmax"),
        ("tflite-micro/dtln_noise_suppression.tflite", "sigmoid"),
        ("tflite-micro/hello_world_float.tflite", "none"),
    ],
)
def test_the_activation_is_read_from_the_graph(shared_data, file, activation):
    assert find_activation(read_model(shared_data / "tflite-zoo" / file)) == activation


def test_equal_labels_get_ids_of_their_own():
    metadata = TFLiteMetadata("", "", "", "", "", "", (), (), ("crane", "dog", "crane"), (), ())
    labels = make_labels(metadata)
    assert [label.id for label in labels] == ["crane (1)", "dog", "crane (2)"]
    assert [label.names.get("en") for label in labels] == ["crane", None, "crane"]
