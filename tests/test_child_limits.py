"""How long a child may take: one that works or waits for its turn, one that sleeps, one that leaves others behind."""

from __future__ import annotations

import sys
import time

import pytest

from edgekit.child import child_command, run_child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that a child can run."""

    def write(name: str, body: str) -> str:
        (tmp_path / f"{name}.py").write_text(body)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return name

    return write


def test_one_that_works_is_given_more_time(module):
    busy = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass\nprint('done')\n"
    name = module("busy", busy)
    assert run_child(name, b"", 0.5, patience=200).exit_code == 0
    assert run_child(name, b"", 0.5).timed_out


def test_one_that_sleeps_is_not(module):
    result = run_child(module("asleep", "import time\ntime.sleep(300)\n"), b"", 0.5, patience=400)
    assert result.timed_out


def test_patience_ends(module):
    assert run_child(module("endless", "while True: pass\n"), b"", 0.5, patience=3).timed_out


def test_a_message_that_is_not_read_at_once_is_sent_whole(module):
    """The time is up while half of it waits in the pipe."""
    body = (
        "import sys, time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass\n"
        "from edgekit.child import Reply\nReply().send({'read': len(sys.stdin.buffer.read())})\n"
    )
    assert run_child(module("slow", body), bytes(1 << 20), 0.5, patience=200).reply == {"read": 1 << 20}


def test_what_a_killed_child_leaves_behind_is_not_waited_for(module):
    """A grandchild holds the pipes open."""
    body = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])\ntime.sleep(60)\n"
    )
    start = time.monotonic()
    assert run_child(module("parent", body), b"", 1).timed_out
    assert time.monotonic() - start < 15  # the grandchild sleeps for 20: this says who was waited for, not how fast


def test_a_program_packed_into_one_executable_starts_no_second_self(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(OSError, match="packed into one executable"):
        child_command("edgekit.runtime.trial")
