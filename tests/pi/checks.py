"""What the tests of failures ask for again and again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from edgekit.targets.raspberry_pi import RaspberryPi
from tests.pi.commands import edgekit, work_folders
from tests.pi.device import Pi

Open = Callable[..., RaspberryPi]
SHORT = LatencyProtocol(1, 0, 3, 0, 20)
CACHE = "/root/.cache/edgekit"
WORKER = "edgekit.measure.worker"
MODEL = "tflite-zoo/tflite-micro/hello_world_float.tflite"


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def assert_clean(pi: Pi, within: float = 10) -> None:
    assert pi.left_over(within) == []
    for home in ("/root", "/home/pi"):
        assert work_folders(pi, home) == []


def assert_fails(device: RaspberryPi, *words: str) -> None:
    with pytest.raises(TargetError) as caught:
        device.describe()
    for word in words:
        assert word in str(caught.value)


def assert_works(pi: Pi) -> None:
    ended = edgekit(pi, "doctor", "--on", pi.target)
    assert (ended.code, "sending runtime" in ended.log) == (0, False), ended.log


@contextmanager
def not_kept(pi: Pi) -> Iterator[None]:
    """The device has to be sent the large part again."""
    kept = list(pi.path(f"{CACHE}/runtime").iterdir())
    aside = pi.path("/root/aside")
    aside.mkdir()
    for path in kept:
        path.rename(aside / path.name)
    try:
        yield
    finally:
        for path in kept:
            shutil.rmtree(path, ignore_errors=True)
            (aside / path.name).rename(path)
        aside.rmdir()


def is_sending(pi: Pi) -> bool:
    """Whether a part of something large has arrived."""
    files = [path for path in pi.path(f"{CACHE}/work").glob("*/*") if path.is_file()]
    return any(path.stat().st_size > 1 << 20 for path in files)


def is_running(pi: Pi) -> bool:
    return any(WORKER in process.command for process in pi.processes())
