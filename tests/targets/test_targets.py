"""Targets: how they are asked for, and the local one."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module

import pytest

from edgekit import targets
from edgekit.errors import ModelFileError, UsageError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.result import BenchmarkResult
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


def test_local_takes_no_variant_and_no_address():
    with pytest.raises(UsageError, match=r"no variant 'gpu'\. Just write local"):
        get_target("local:gpu")
    with pytest.raises(UsageError, match="takes no address"):
        get_target("local@home")


def test_a_kind_checks_what_it_is_asked_for():
    kind = TargetKind("pi", ("fast",), "an ssh address", lambda request: get_target("local"))
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
    result = local.benchmark(path, SHORT)
    assert result.artifact == "hello_world_float.tflite"
    assert result.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert result.size_bytes == path.stat().st_size
    assert result.target == "local"
    assert result.device == local.describe()
    assert result.latency.runs == 30
    assert result.valid is not bool(result.reasons)
    assert BenchmarkResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result


def test_too_little_time_is_not_valid(shared_data):
    path = shared_data / "tflite-zoo/tflite-micro/hello_world_float.tflite"
    hurried = LatencyProtocol(warmup_runs=0, warmup_seconds=0, min_runs=10**9, max_seconds=0.05)
    result = get_target("local").benchmark(path, hurried)
    assert not result.valid
    assert any("of 1000000000 runs" in reason for reason in result.reasons)


def test_a_missing_artifact(tmp_path):
    with pytest.raises(ModelFileError, match="no file"):
        get_target("local").benchmark(tmp_path / "absent.tflite", SHORT)
