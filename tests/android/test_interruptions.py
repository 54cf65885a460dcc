"""Ctrl-C, and a cable that is pulled: a sentence, nothing left that can be removed, and what may be left is said."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from tests.android.checks import assert_fails, assert_works, listed
from tests.android.conftest import Open
from tests.android.handset import TOOL, Handset
from tests.heard import Heard
from tests.pi.checks import until
from tests.pi.commands import finish

LONG = LatencyProtocol(1, 0, 3, 60, 60)


@pytest.mark.parametrize("by", ["app", "tool"])
def test_the_cable_is_pulled_while_it_measures(
    handset: Handset, target: Open, warned: Heard, hello: Path, by: str
) -> None:
    if by == "app":
        handset.install_app(mood="hang")
    else:
        handset.install_tool()
    running = "app" if by == "app" else "benchmark_model"
    device = target(handset)
    pulling = threading.Thread(target=_pull_when, args=(handset, running))
    pulling.start()
    with pytest.raises(TargetError, match=r"The connection to 127\.0\.0\.1:\d+ .* was lost") as caught:
        device.measure(hello, LONG)
    assert "Is the cable still plugged in" in str(caught.value)
    pulling.join()
    device.close()
    (warning,) = warned.warned
    assert "What was sent may still be on" in warning
    assert f"adb -s {handset.serial} shell" in warning
    by_hand = warning.rpartition("remove it: ")[2]
    handset.device.plug()
    until(lambda: "\tdevice" in listed(handset), 20)
    handset.adb.run(*shlex.split(by_hand)[1:])
    assert handset.left_over() == []
    assert_works(handset, target, hello)


def test_the_cable_is_pulled_while_a_file_is_sent(handset: Handset, target: Open, tmp_path: Path) -> None:
    handset.install_app()
    model = tmp_path / "large.tflite"
    model.write_bytes(os.urandom(20 << 20))
    handset.device.unplug_when("sync", 5 << 20)
    device = target(handset)
    assert_fails(device, model, "was lost")
    handset.device.plug()
    until(lambda: "\tdevice" in listed(handset), 20)
    device.close()  # it is back in time
    assert handset.left_over() == []


@pytest.mark.parametrize("on", [None, "android"], ids=["by its serial", "the only one"])
@pytest.mark.parametrize("by", ["app", "tool"])
def test_interrupted(handset: Handset, hello: Path, by: str, on: str | None) -> None:
    variables = {} if by == "app" else {"EDGEKIT_BENCHMARK_MODEL": str(TOOL)}
    handset.install_app(mood="hang")
    process = handset.start("bench", hello, "--on", on or handset.target, "--seconds", "60", **variables)
    running = "app" if by == "app" else "benchmark_model"
    until(lambda: _runs(handset, running))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    ended = finish(process, 60)
    assert ended.code == 130, ended.log
    assert "Traceback" not in ended.log
    assert handset.left_over() == []


def test_an_interrupt_of_the_terminal_does_not_reach_adb(handset: Handset) -> None:
    """It goes to the whole process group, and what a program does about it is the program's own."""
    program = (
        "import signal, sys; from edgekit.remote.android.adb import Adb; "
        "signal.signal(signal.SIGINT, lambda *_: print('heard')); "
        "print(Adb().call(['-s', sys.argv[1], 'shell', 'touch /data/system/begun; sleep 1; echo done'], 30).text)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, handset.serial],
        env=handset.adb.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    until(handset.sandbox.path("/data/system/begun").exists)
    os.killpg(process.pid, signal.SIGINT)
    ended = finish(process, 30)
    assert ended.output.split() == ["heard", "done"], ended.log


def _runs(handset: Handset, program: str) -> bool:
    """It has read what it was sent: one that has not yet ends by itself once that is removed."""
    return handset.sandbox.path(f"/data/system/{program}.started").exists()


def _pull_when(handset: Handset, program: str) -> None:
    until(lambda: _runs(handset, program))
    time.sleep(0.3)
    handset.device.unplug()
