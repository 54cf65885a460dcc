from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.tflite.model import read_model
from edgekit.training.architecture import SMALL_NETWORKS
from edgekit.training.classifier import build_classifier, set_trainable
from edgekit.training.config import TrainingConfig
from edgekit.training.objective import Objective
from edgekit.training.scratch import ScratchNetwork

keras = import_keras()

# What every accelerator of the small devices computes in int8, by the operators that MLPerf Tiny's models have.
COMMON = {
    "ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "MEAN", "MUL", "PAD",
    "RESHAPE", "SOFTMAX",
}  # fmt: skip


def build(network: ScratchNetwork, size: int | None = None, weights: str = "none") -> Any:
    side = size or network.default_size
    return build_classifier(
        keras,
        network,
        (side, side, 3),
        Objective("multi-class", 5),
        network.head,
        weights,
        TrainingConfig(model=network.name),
        SILENT,
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("simple_cnn", 1_204_005), ("tiny_cnn", 25_213), ("resnet8", 78_101), ("ds_cnn", 28_997)],
)
def test_the_size_is_as_documented(name: str, parameters: int) -> None:
    [network] = [network for network in SMALL_NETWORKS if network.name == name]
    assert build(network).model.count_params() == parameters


@pytest.mark.parametrize(
    ("name", "shape", "classes", "published", "biases"),
    # The published ones have biases before batch norm, where they change nothing.
    [("resnet8", (32, 32, 3), 10, 78_666, 240), ("ds_cnn", (49, 10, 1), 12, 24_908, 576)],
)
def test_they_are_the_networks_of_mlperf_tiny(
    name: str, shape: tuple[int, ...], classes: int, published: int, biases: int
) -> None:
    [network] = [network for network in SMALL_NETWORKS if network.name == name]
    objective, config = Objective("multi-class", classes), TrainingConfig(model=name)
    model = build_classifier(keras, network, shape, objective, network.head, "none", config, SILENT).model
    assert model.count_params() == published - biases


@pytest.mark.parametrize("network", SMALL_NETWORKS, ids=lambda network: network.name)
def test_the_least_size_is_taken(network: ScratchNetwork) -> None:
    model = build(network, network.min_size).model
    answers = np.asarray(model(np.zeros((1, *model.input_shape[1:]), np.float32), training=False))
    assert answers.shape == (1, 5)
    np.testing.assert_allclose(answers.sum(), 1, atol=1e-5)


@pytest.mark.parametrize("network", SMALL_NETWORKS, ids=lambda network: network.name)
def test_it_becomes_operators_that_every_device_has(network: ScratchNetwork) -> None:
    tf = pytest.importorskip("tensorflow")
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = build(network, 32).model
    traced = tf.function(lambda x: model(x), input_signature=[tf.TensorSpec((1, 32, 32, 3), tf.float32)])
    frozen = convert_variables_to_constants_v2(traced.get_concrete_function())
    converted = read_model(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
    assert {operator.name for operator in converted.subgraphs[0].operators} <= COMMON


def test_a_small_network_goes_on_from_a_file(tmp_path: Path) -> None:
    [network] = [network for network in SMALL_NETWORKS if network.name == "resnet8"]
    source = build(network)
    source.model.save(tmp_path / "mine.keras")
    network.check((32, 32, 3), str(tmp_path / "mine.keras"))
    target = build(network, weights=str(tmp_path / "mine.keras"))
    one, other = (classifier.model.get_layer("block_2_conv_1").get_weights()[0] for classifier in (source, target))
    np.testing.assert_array_equal(one, other)
    assert len(target.backbone) == 16
    set_trainable(keras, target, 0)
    assert len(target.model.trainable_weights) == 2
