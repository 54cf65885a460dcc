"""Targets: how they are asked for, and the local one."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

import edgekit
from edgekit import targets
from edgekit.errors import ModelFileError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.targets import TargetRequest, get_target, parse_target, register
from edgekit.targets.base import TargetKind

SHORT = LatencyProtocol(warmup_runs=2, warmup_seconds=0, min_runs=30, min_seconds=0, max_seconds=20)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("local", TargetRequest("local")),
        (" local ", TargetRequest("local")),
        ("browser:litert-wasm", TargetRequest("browser", "litert-wasm")),
        ("pi@pi@raspberrypi.local", TargetRequest("pi", None, "pi@raspberrypi.local")),
        ("pi@root@127.0.0.1:2222", TargetRequest("pi", None, "root@127.0.0.1:2222")),
        ("android:gpu@R58M", TargetRequest("android", "gpu", "R58M")),
    ],
)
def test_requests_are_read(text, request_):
    assert parse_target(text) == request_
    assert str(request_) == text.strip()


@pytest.mark.parametrize("text", ["", ":x", "@host", "local:", "pi@"])
def test_incomplete_requests_are_refused(text):
    with pytest.raises(UsageError, match=r"name\[:variant\]\[@address\]"):
        parse_target(text)


def test_an_unknown_target_lists_the_known():
    with pytest.raises(UsageError, match=r"Unknown target 'toaster'. Known: .*local"):
        get_target("toaster")


@pytest.mark.parametrize("text", ["raspberrypi.local", "192.168.1.5", "root@127.0.0.1:22", "kitchen"])
def test_an_address_without_its_kind_is_shown_whole(text):
    with pytest.raises(UsageError) as caught:
        get_target(text)
    assert str(caught.value).endswith(f"as in: pi@{text}")
    assert get_target(f"pi@{text}")


def test_an_unknown_target_that_is_no_address_says_how_a_device_is_written():
    with pytest.raises(UsageError, match=r"written pi@ADDRESS, as in pi@pi@raspberrypi\.local\.$"):
        get_target("toaster:fast@pi@kitchen")


def test_local_takes_no_variant_and_no_address():
    with pytest.raises(UsageError, match=r"no variant 'gpu'\. Just write local"):
        get_target("local:gpu")
    with pytest.raises(UsageError, match="takes no address"):
        get_target("local@home")


def test_an_edge_tpu_stands_here_or_behind_an_address():
    assert get_target("edgetpu:usb:0").describe() == get_target("local").describe()
    assert type(get_target("edgetpu:pci@pi@kitchen")).__name__ == "EdgeTpuBehindSsh"
    with pytest.raises(UsageError, match=r"named usb, pci, or by its number, as in usb:0\. Got: 'gpu'"):
        get_target("edgetpu:gpu@pi@kitchen")
    with pytest.raises(UsageError, match="needs the device's address"):
        get_target("pi")


def test_a_kind_checks_what_it_is_asked_for():
    kind = TargetKind("pi", ("fast",), "an ssh address", lambda request, progress: get_target("local"))
    kind.check(TargetRequest("pi", "fast", "host"))
    with pytest.raises(UsageError, match="needs an ssh address, as in pi@ADDRESS"):
        kind.check(TargetRequest("pi"))
    with pytest.raises(UsageError, match="Known: fast"):
        kind.check(TargetRequest("pi", "slow", "host"))


def test_every_listed_target_registers_itself():
    for module in targets.MODULES.values():
        import_module(module)
    assert targets._KINDS.keys() == targets.MODULES.keys()


def test_two_targets_of_one_name_are_refused():
    get_target("local")
    with pytest.raises(ValueError, match="two targets are called 'local'"):
        register("local")(type(get_target("local")))


def test_local_describes_and_measures(shared_data):
    path = shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite"
    local = get_target("local")
    measured = local.measure(path, SHORT)
    assert measured.device == local.describe()
    assert len(measured.durations) == measured.latency.runs == 30
    assert measured.versions["ai-edge-litert"] == measured.engine.version


def test_local_answers_photos_as_the_library_does(shared_data):
    path = shared_data / "tflite-zoo/tflite-support/mobilenet_v1_0.25_224_1_metadata_1.tflite"
    pixels = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), np.uint8)
    answers = get_target("local").answer(path, pixels)
    with edgekit.load(path) as model:
        np.testing.assert_array_equal(answers.probabilities, model.predict(pixels))
        assert answers.engine == model.engine.info


def test_a_missing_artifact(tmp_path):
    with pytest.raises(ModelFileError, match="no file"):
        get_target("local").measure(tmp_path / "absent.tflite", SHORT)


@pytest.mark.parametrize("address", ["-oProxyCommand=x", "a b", "host:x"])
def test_a_pi_s_address_is_ssh_s(address):
    with pytest.raises(UsageError, match=r"\[user@\]host"):
        get_target(f"pi@{address}")
