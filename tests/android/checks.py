"""What the tests of failures ask for again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from edgekit.targets.on_android import AndroidDevice
from tests.android.conftest import Open
from tests.android.handset import Handset
from tests.pi.checks import until

SHORT = LatencyProtocol(1, 0, 3, 0, 20)


def assert_fails(device: AndroidDevice, model: Path, *words: str) -> None:
    with pytest.raises(TargetError) as caught:
        device.measure(model, SHORT)
    for word in words:
        assert word in str(caught.value)


def assert_works(handset: Handset, target: Open, model: Path) -> None:
    """After a failure: the next try."""
    until(lambda: "\tdevice" in listed(handset), 20)
    handset.install_app()
    device = target(handset)
    assert device.measure(model, SHORT).latency.runs >= 3
    device.close()
    assert handset.left_over() == []


def listed(handset: Handset) -> str:
    lines = handset.adb.run("devices").splitlines()
    line = next((line for line in lines if line.startswith(handset.serial)), "")
    if "\tdevice" not in line:
        handset.adb.disconnect(handset.device)
        handset.adb.connect(handset.device)
    return line
