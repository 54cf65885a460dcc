"""What ends in the middle: on either side, or in between."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from edgekit.errors import TargetError
from tests.pi.checks import (
    CACHE,
    MODEL,
    SHORT,
    Open,
    assert_clean,
    assert_works,
    is_running,
    is_sending,
    not_kept,
    until,
)
from tests.pi.commands import finish, start
from tests.pi.device import Pi


@pytest.mark.parametrize("way", ["cut", "SIGINT", "SIGKILL"])
@pytest.mark.parametrize("phase", ["sending", "running"])
def test_it_ends_in_the_middle(way: str, phase: str, ready_pi: Pi, shared_data: Path) -> None:
    model = shared_data / MODEL
    words = ("bench", model, "--on", ready_pi.target, "--seconds", "60", "--json")

    def break_off() -> None:
        process = start(ready_pi, *words)
        try:
            until(lambda: is_sending(ready_pi) if phase == "sending" else is_running(ready_pi))
            if way == "cut":
                ready_pi.drop_connections()
            else:
                process.send_signal(signal.Signals[way])
            ended = finish(process, 30)
        finally:
            process.kill()
        if way == "cut":
            (failure,) = ended.json["failures"]
            assert (ended.code, "was lost" in failure["reason"]) == (1, True)
        elif way == "SIGINT":
            assert ended.code == 130
            assert "Interrupted" in ended.log
        assert_clean(ready_pi)

    if phase == "running":
        break_off()
    else:
        with not_kept(ready_pi):
            break_off()
            assert list(ready_pi.path(f"{CACHE}/runtime").iterdir()) == []
    assert_works(ready_pi)


def test_ctrl_c_while_it_connects(ready_pi: Pi, shared_data: Path) -> None:
    model = shared_data / MODEL
    with ready_pi.switched_off():
        process = start(ready_pi, "bench", model, "--on", ready_pi.target)
        assert process.stderr is not None
        while "connecting" not in process.stderr.readline():
            pass
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        ended = finish(process, 10)
    assert ended.code == 130
    assert_clean(ready_pi)


def test_switched_off_in_the_middle(ready_pi: Pi, shared_data: Path) -> None:
    """Ssh notices after 15 s, by its own; the agent, on a device that lost its network only, after 30 s."""
    model = shared_data / MODEL
    process = start(ready_pi, "bench", model, "--on", ready_pi.target, "--seconds", "60", "--json")
    until(lambda: is_running(ready_pi))
    with ready_pi.switched_off():
        ended = finish(process, 40)
    (failure,) = ended.json["failures"]
    assert "was lost" in failure["reason"] or "not been heard of" in failure["reason"]
    assert ready_pi.left_over(within=40) == []
    assert_works(ready_pi)  # and it removes what lay there when the power went
    assert_clean(ready_pi)


def test_a_device_that_hangs(ready_pi: Pi, target: Open, monkeypatch: pytest.MonkeyPatch, shared_data: Path) -> None:
    """Its network answers, its programs do not."""
    monkeypatch.setattr("edgekit.remote.connection.SILENCE_SECONDS", 7.0)
    device = target()
    device.describe()
    stopped = ready_pi.processes()
    assert stopped
    for process in stopped:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(TargetError, match="has not been heard of for 7 s"):
            device.measure(shared_data / MODEL, SHORT)
    finally:
        for process in stopped:
            os.kill(process.pid, signal.SIGCONT)
    device.close()
    assert_clean(ready_pi)
