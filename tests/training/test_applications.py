from __future__ import annotations

import inspect
from typing import Any

import pytest

from edgekit.kerasfile import import_keras
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat
from edgekit.training.applications import APPLICATIONS, ApplicationNetwork, find_application

keras = import_keras()


def _functions() -> set[str]:
    return {name for name in dir(keras.applications) if name[0].isupper()}


def test_every_keras_application_can_be_named() -> None:
    assert len(_functions()) >= 40
    for function in _functions():
        network = find_application(function)
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
    network = find_application(name)
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
    network, image = _network(name), ImageFormat(size, size)
    with pytest.raises(_AskedFor) as asked:
        network.build(keras, keras.Input(image.shape), image, "imagenet", SILENT)
    assert str(asked.value) == network.weights_file(image)


@pytest.mark.parametrize(
    "name", ["nasnet_mobile", "nasnet_large", "xception", "inception_v3", "densenet121", "densenet201", "vgg19"]
)
def test_the_names_of_slow_networks_stand_in_keras_source(name: str) -> None:
    network = _network(name)
    module = inspect.getmodule(getattr(keras.applications, network.application.function))
    assert f'"{network.weights_file(ImageFormat(224, 224))}"' in inspect.getsource(module)
