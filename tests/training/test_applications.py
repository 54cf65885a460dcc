from __future__ import annotations

import inspect
import os
from typing import Any

import pytest

from edgekit.applications import APPLICATIONS
from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.training.applications import ApplicationNetwork, application_network
from edgekit.training.graph import is_graph
from edgekit.training.network import BuildRequest
from edgekit.training.objective import Objective

keras = import_keras()

OBJECTIVE = Objective("multi-class", 3)

# One of each family in every run; all of them, two minutes, with EDGEKIT_SLOW=1.
QUICK = {
    "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_small_minimalistic",
    "efficientnet_b0", "efficientnet_v2_b0", "convnext_tiny", "densenet121",
    "resnet50", "resnet50_v2", "vgg16", "nasnet_mobile", "xception", "inception_v3",
}  # fmt: skip


def _functions() -> set[str]:
    return {name for name in dir(keras.applications) if name[0].isupper()}


def test_every_keras_application_can_be_named() -> None:
    assert len(_functions()) >= 40
    for function in _functions():
        network = application_network(function)
        assert network is not None, f"{function} is missing from the table"
        assert network.application.function == function


def test_the_table_names_nothing_else_and_nothing_twice() -> None:
    assert {app.function for app in APPLICATIONS} == _functions()
    assert len({app.name for app in APPLICATIONS}) == len(APPLICATIONS)


@pytest.mark.parametrize("app", APPLICATIONS, ids=lambda app: app.name)
def test_the_least_size_is_what_keras_says(app: Any) -> None:
    function = getattr(keras.applications, app.function)
    size = app.min_size - 1
    with pytest.raises(ValueError, match=f"at least {app.min_size}x{app.min_size}"):
        function(include_top=False, weights=None, input_shape=(size, size, 3))


class _AskedFor(Exception):
    pass


def _network(name: str) -> ApplicationNetwork:
    network = application_network(name)
    assert network is not None
    return network


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("mobilenet_v1_0.25", 128),
        ("mobilenet_v1_0.5", 96),
        ("mobilenet_v2_0.35", 96),
        ("mobilenet_v2_1.0", 100),
        ("mobilenet_v3_small_0.75", 64),
        ("mobilenet_v3_large_1.0", 224),
        ("mobilenet_v3_small_minimalistic", 64),
        ("efficientnet_b0", 32),
        ("efficientnet_v2_b0", 32),
        ("convnext_tiny", 32),
        ("resnet50", 32),
        ("resnet50_v2", 32),
        ("vgg16", 32),
    ],
)
def test_keras_asks_for_the_file_that_we_name(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_file(fname: str, *args: object, **kwargs: object) -> None:
        raise _AskedFor(fname)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    network, shape = _network(name), (size, size, 3)
    with pytest.raises(_AskedFor) as asked:
        network.build(keras, keras.Input(shape), BuildRequest(shape, OBJECTIVE, "imagenet"), SILENT)
    assert str(asked.value) == network.weights_file(shape)


@pytest.mark.parametrize(
    "name", ["nasnet_mobile", "nasnet_large", "xception", "inception_v3", "densenet121", "densenet201", "vgg19"]
)
def test_the_names_of_slow_networks_stand_in_keras_source(name: str) -> None:
    network = _network(name)
    module = inspect.getmodule(getattr(keras.applications, network.application.function))
    assert f'"{network.weights_file((224, 224, 3))}"' in inspect.getsource(module)


@pytest.mark.parametrize("app", APPLICATIONS, ids=lambda app: app.name)
def test_every_application_is_built_at_its_least_size(app: Any) -> None:
    if app.name not in QUICK and os.environ.get("EDGEKIT_SLOW") != "1":
        pytest.skip("a larger one of its family; EDGEKIT_SLOW=1 builds all")
    keras.backend.clear_session()
    network = ApplicationNetwork(app, min(app.alphas) if app.alphas else 1.0)
    shape = (app.min_size, app.min_size, 3)
    network.check(shape, "none")
    samples = keras.Input(shape)
    body = network.build(keras, samples, BuildRequest(shape, OBJECTIVE, "none"), SILENT)
    model = keras.Model(samples, body.features)
    assert body.features.shape[0] is None
    assert len(body.features.shape) == 2
    assert not body.pretrained
    assert not any(is_graph(keras, layer) for layer in model.layers)


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"])
@pytest.mark.parametrize("width", ["0.05", "4"])
def test_the_legal_widths_can_be_built(name: str, width: str) -> None:
    network = _network(f"{name}_{width}")
    samples = keras.Input((32, 32, 3))
    features = network.build(keras, samples, BuildRequest((32, 32, 3), OBJECTIVE, "none"), SILENT).features
    assert keras.Model(samples, features).count_params() < 60e6


@pytest.mark.parametrize("name", ["mobilenet_v2_9", "mobilenet_v2_10", "MobileNetV3Small_0.01", "mobilenet_v1_0"])
def test_a_silly_width_is_refused_with_the_legal_ones(name: str) -> None:
    with pytest.raises(
        UsageError, match=rf"is 0\.05 to 4: narrower, .* Got: '{name}'\. There are ImageNet weights for 0"
    ):
        application_network(name)
