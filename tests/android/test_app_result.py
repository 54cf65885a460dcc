"""What the app tells of a model is believed only where it can be so."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import TargetError
from edgekit.measure.phone import PhoneState
from edgekit.remote.android.app_result import read_app_result, reading
from edgekit.targets.base import Limited, TargetRequest
from edgekit.targets.on_android import AndroidDevice

TOLD: dict[str, Any] = {
    "device": {
        "name": "phone",
        "model": "A phone\x1b[2J\nFAILED",
        "os": "Android 14 (API 34)",
        "architecture": "aarch64",
        "cores": 8,
        "memory_bytes": 1 << 33,
        "emulated": False,
        "emulation": None,
    },
    "engine": {"name": "LiteRT", "version": "1.4.0", "kernels": "GPU delegate", "threads": 1},
    "load_ms": 20.5,
    "first_call_ms": 7,
    "durations_ns": [5_000_000, 6_000_000],
    "peak_memory_bytes": 90_000_000,
    "base_memory_bytes": None,
    "conditions": {
        "thermal_status_before": 0,
        "thermal_status_after": None,
        "battery_level": 0.5,
        "charging": True,
        "power_save": None,
        "frequency_before": 2400,
        "frequency_after": None,
    },
    "doubts": ["The screen went off.\r\n"],
}

ODD = (None, True, -1, 1.5, 1e300, 10**400, math.nan, math.inf, "", "1", "x" * 10_000, [], [1, "x"], {}, {"a": 1})


def places(told: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for name, value in told.items():
        yield told, name
        if isinstance(value, dict):
            yield from places(value)


def test_a_sound_result_is_read() -> None:
    found = read_app_result(TOLD, None, 1)
    assert found.durations == (5_000_000, 6_000_000)
    assert (found.load_ms, found.first_call_ms, found.base_memory_bytes) == (20.5, 7, None)
    assert found.device.model == "A phone?[2J FAILED"
    assert not found.device.emulated
    assert found.engine.kernels == found.accelerator == "GPU delegate"
    assert found.conditions.phone == PhoneState(0, None, 0.5, True, None)
    assert found.conditions.doubts == ("The screen went off.",)
    assert read_app_result(TOLD, "an emulator", 1).device.emulated


def test_any_field_may_be_anything() -> None:
    """Each is read, or refused in a sentence; nothing else happens."""
    refused: dict[str, str] = {}
    for number, (_, name) in enumerate(places(copy.deepcopy(TOLD))):
        for odd in ODD:
            told = copy.deepcopy(TOLD)
            holder, name = list(places(told))[number]
            holder[name] = odd
            try:
                with reading():
                    found = read_app_result(told, None, 1)
            except TargetError as error:
                refused[name] = max(refused.get(name, ""), str(error), key=len)
            else:
                assert found.latency.p50 >= 0
                assert len(found.device.model) <= 100
    assert max(map(len, refused.values())) < 300
    assert set(refused) >= {
        "device",
        "cores",
        "load_ms",
        "durations_ns",
        "threads",
        "battery_level",
        "charging",
        "doubts",
    }


def test_times_that_cannot_have_passed_are_refused() -> None:
    told = {**TOLD, "durations_ns": [1_500_000_000] * 2}
    with (
        pytest.raises(TargetError, match=r"the runs took 3\.0 s by its clock, where 1\.0 s have passed.*install"),
        reading(),
    ):
        read_app_result(told, None, 1)


def test_a_phone_says_beforehand_what_it_runs() -> None:
    target = AndroidDevice(TargetRequest("android"))
    assert isinstance(target, Limited)
    assert target.limits.runs(Path("a.int8.TFLITE"))
    assert not target.limits.runs(Path("a.fp32.tfjs"))
    target.limits.check_threads(4)
