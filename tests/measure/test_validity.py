"""The rules that tell a measurement to be trusted from others."""

from __future__ import annotations

import dataclasses

import pytest

from edgekit.measure.device import describe_device
from edgekit.measure.latency import LatencyProtocol, summarize
from edgekit.measure.validity import Conditions, Evidence, find_doubts

STEADY = summarize([1_000_000 + 1000 * (index % 7) for index in range(300)])
DEVICE = dataclasses.replace(describe_device(), emulated=False, emulation=None)
GOOD = Evidence(STEADY, LatencyProtocol(), DEVICE, Conditions(1800.0, 1750.0, 0.03))


def test_a_steady_run_is_valid():
    assert find_doubts(GOOD) == ()


def test_what_is_unknown_raises_no_doubt():
    assert find_doubts(dataclasses.replace(GOOD, conditions=Conditions())) == ()


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({"stats": summarize([10**9] * 37)}, "Only 37 of 100 runs were done in 60 s"),
        ({"stats": summarize([1_000_000 + 3000 * (index * 7919 % 300) for index in range(300)])}, "interval of the"),
        ({"stats": summarize([1_000_000] * 150 + [1_300_000] * 150)}, "The last third of the runs was 30 % slower"),
        ({"stats": summarize([1_300_000] * 150 + [1_000_000] * 150)}, "was 23 % faster"),
        ({"device": dataclasses.replace(DEVICE, emulated=True, emulation="qemu")}, "emulated (qemu)"),
        ({"conditions": Conditions(2400.0, 1500.0, None)}, "went from 2400 to 1500 MHz"),
        ({"conditions": Conditions(None, None, 0.5)}, "Other programs used 50 % of the processors"),
    ],
)
def test_each_rule_gives_its_reason(change, doubt):
    doubts = find_doubts(dataclasses.replace(GOOD, **change))
    assert any(doubt in one for one in doubts)


def test_limits_themselves_are_allowed():
    assert find_doubts(dataclasses.replace(GOOD, conditions=Conditions(1000.0, 900.0, 0.10))) == ()


def test_a_clock_that_is_too_coarse_breaks_no_rule():
    assert find_doubts(dataclasses.replace(GOOD, stats=summarize([0] * 200))) == ()
