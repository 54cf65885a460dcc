"""The JSON form of a benchmark's result."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from edgekit.errors import DataError
from edgekit.measure.device import describe_device
from edgekit.measure.latency import LatencyProtocol, summarize
from edgekit.measure.result import SCHEMA, BenchmarkResult
from edgekit.measure.validity import Conditions
from edgekit.runtime.engines.base import EngineInfo

RESULT = BenchmarkResult(
    artifact="flowers.int8.tflite",
    digest="ab" * 32,
    size_bytes=123,
    target="local",
    device=describe_device(),
    engine=EngineInfo("ai-edge-litert", "2.3.0", "XNNPACK", 1),
    protocol=LatencyProtocol(),
    load_ms=1.5,
    first_call_ms=0.5,
    latency=summarize([1_000_000, 2_000_000]),
    peak_memory_bytes=None,
    base_memory_bytes=None,
    conditions=Conditions(other_load=0.5),
    valid=False,
    reasons=("Too few runs.",),
    versions={"edgekit": "0.1.0"},
)


def document() -> dict[str, Any]:
    return json.loads(json.dumps(RESULT.to_dict(), allow_nan=False))


def test_round_trip():
    assert document()["schema"] == SCHEMA
    assert BenchmarkResult.from_dict(document()) == RESULT


def test_unknown_fields_are_ignored():
    extended = {**document(), "new": 1, "device": {**document()["device"], "color": "green"}}
    assert BenchmarkResult.from_dict(extended) == RESULT


def test_a_field_with_a_default_may_be_missing():
    """So an optional field that is added later leaves older files readable."""
    older = document()
    del older["versions"], older["conditions"]["other_load"], older["protocol"]["min_runs"]
    expected = dataclasses.replace(RESULT, versions={}, conditions=Conditions())
    assert BenchmarkResult.from_dict(older) == expected


@pytest.mark.parametrize("part", ["device", "engine", "protocol", "latency", "conditions"])
def test_a_part_that_is_no_object_is_refused(part):
    with pytest.raises(DataError, match="is no object"):
        BenchmarkResult.from_dict({**document(), part: "text"})


@pytest.mark.parametrize("place", [("latency",), ("latency", "p50"), ("device", "emulated"), ("schema",)])
def test_a_missing_field_is_named(place):
    broken = document()
    owner = broken
    for key in place[:-1]:
        owner = owner[key]
    del owner[place[-1]]
    with pytest.raises(DataError, match=rf"old\.json is not a benchmark result \('{place[-1]}' is missing\)"):
        BenchmarkResult.from_dict(broken, "old.json")


@pytest.mark.parametrize("wrong", [[], None, "text", {"schema": SCHEMA + 1}, {"schema": "x"}, {"schema": 1}])
def test_other_documents_are_refused(wrong):
    with pytest.raises(DataError, match="is not a benchmark result"):
        BenchmarkResult.from_dict(wrong)
