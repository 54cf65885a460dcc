"""Child processes: replies, crashes, time limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from edgekit import child
from edgekit.child import (
    ChildResult,
    child_command,
    child_environment,
    describe_crash,
    run_child,
    spared_by_interrupts,
)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that a child can run."""

    def write(name: str, body: str) -> str:
        (tmp_path / f"{name}.py").write_text(body)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return name

    return write


def test_a_reply_survives_whatever_is_printed(module):
    name = module(
        "talkative",
        "import os, sys\nfrom edgekit.child import Reply\nreply = Reply()\nprint('noise')\n"
        "os.write(1, b'native noise')\nreply.send({'got': sys.stdin.buffer.read().decode(), 'args': sys.argv[1:]})\n",
    )
    result = run_child(name, "héllo".encode(), 60, ["a b"])
    assert result.reply == {"got": "héllo", "args": ["a b"]}
    assert result.exit_code == 0
    assert "noise" in result.log
    assert result.crash is None


def test_of_one_that_prints_without_end_the_last_is_kept(module):
    body = "import sys\nfor number in range(100_000): print('line', number, file=sys.stderr)\n"
    result = run_child(module("endless_talk", body), b"", 60)
    assert len(result.log) == child.LOG_BYTES
    assert result.log.endswith("line 99999\n")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_crash_is_told(module):
    result = run_child(module("crashing", "import os\nos.abort()\n"), b"", 60)
    assert result.crash == f"signal {signal.SIGABRT.value}, SIGABRT"
    assert result.reply is None


def test_a_child_that_hangs_is_killed(module):
    result = run_child(module("hanging", "import time\ntime.sleep(60)\n"), b"", 0.5)
    assert result == ChildResult(None, None, "")
    assert result.timed_out


def test_a_large_message_to_a_child_that_does_not_read_is_no_error(module):
    assert run_child(module("deaf", "pass\n"), bytes(1 << 20), 60).exit_code == 0


def test_exit_codes_in_words():
    assert describe_crash(0) is None
    assert describe_crash(1) is None
    assert describe_crash(-11) == "signal 11, SIGSEGV"
    assert describe_crash(0xC0000005) == "exception 0xC0000005"


@pytest.mark.parametrize(
    ("child", "ending"),
    [
        (ChildResult(None, -signal.SIGABRT.value, "INFO: begun\n"), f"signal {signal.SIGABRT.value}, SIGABRT"),
        (ChildResult(None, 1, "Traceback ...\nImportError: no module\n\n"), "ImportError: no module"),
        (ChildResult(None, 3, " \n"), "exit code 3"),
        (ChildResult(None, None, "INFO: begun\n"), "out of time"),
    ],
)
def test_the_ending_in_words(child, ending):
    assert child.ending == ending


def test_an_exception_while_waiting_leaves_no_child_and_no_pipe(module, monkeypatch):
    started: list[child.subprocess.Popen[bytes]] = []
    pipes: list[Any] = []

    class Interrupted(child.subprocess.Popen):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords)
            pipes.extend((self.stdin, self.stdout, self.stderr))

        def communicate(self, *arguments, **keywords):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(child.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_child(module("waiting", "import time\ntime.sleep(60)\n"), b"", 60)
    (process,) = started
    assert process.returncode is not None
    assert all(pipe.closed for pipe in pipes)


def test_an_installed_edgekit_is_found_without_help(monkeypatch):
    monkeypatch.setattr(child, "_PACKAGE_PARENT", child.sysconfig.get_path("purelib"))
    assert child._python_path() == {}


ENDS_WITH_PARENT = """
import sys
from edgekit.child import end_with_parent
end_with_parent()
print("alive", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_ends_with_its_parent(module):
    """Whether it had the time to ask for that, or was still starting when the parent was killed."""
    command = child_command(module("bound", ENDS_WITH_PARENT))
    parents = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", parents, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**child_environment({}), "EDGEKIT_PARENT": ""},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        grandchild = int(parent.stdout.readline())
        assert parent.stdout.readline() == "alive\n"
        parent.kill()
        deadline = time.monotonic() + 60
        while Path(f"/proc/{grandchild}").exists():
            assert time.monotonic() < deadline, "it still runs"
            time.sleep(0.01)
    gone = {**child_environment({}), "EDGEKIT_PARENT": str(2**22 - 3)}  # as if it had been the parent
    late = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=gone)
    assert late.returncode == -signal.SIGKILL
    assert late.stdout == b""
    in_time = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=child_environment({}))
    assert in_time.stdout == b"alive\n"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signals to hold back")
def test_a_child_can_be_spared_by_interrupts():
    command = [sys.executable, "-c", "print('ready', flush=True); input(); print('still here')"]
    with spared_by_interrupts():
        spared = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with spared:
        assert spared.stdout is not None
        assert spared.stdout.readline() == "ready\n"
        spared.send_signal(signal.SIGINT)
        output, _ = spared.communicate("\n")
    assert (spared.returncode, output) == (0, "still here\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")
def test_one_that_works_is_given_more_time(module):
    busy = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass\nprint('done')\n"
    name = module("busy", busy)
    assert run_child(name, b"", 0.5, patience=200).exit_code == 0
    assert run_child(name, b"", 0.5).timed_out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")
def test_one_that_sleeps_is_not(module):
    result = run_child(module("asleep", "import time\ntime.sleep(300)\n"), b"", 0.5, patience=400)
    assert result.timed_out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")
def test_patience_ends(module):
    assert run_child(module("endless", "while True: pass\n"), b"", 0.5, patience=3).timed_out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")
def test_a_message_that_is_not_read_at_once_is_sent_whole(module):
    """The time is up while half of it waits in the pipe."""
    body = (
        "import sys, time\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass\n"
        "from edgekit.child import Reply\nReply().send({'read': len(sys.stdin.buffer.read())})\n"
    )
    assert run_child(module("slow", body), bytes(1 << 20), 0.5, patience=200).reply == {"read": 1 << 20}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")
def test_what_a_killed_child_leaves_behind_is_not_waited_for(module):
    """A grandchild holds the pipes open."""
    body = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])\ntime.sleep(60)\n"
    )
    start = time.monotonic()
    assert run_child(module("parent", body), b"", 1).timed_out
    assert time.monotonic() - start < 15  # the grandchild sleeps for 20: this says who was waited for, not how fast


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at work")
def test_a_program_packed_into_one_executable_starts_no_second_self(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(OSError, match="packed into one executable"):
        child_command("edgekit.runtime.trial")
