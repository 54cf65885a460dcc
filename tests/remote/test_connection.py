"""The agent and its connection, over a transport that is a shell on this machine; tests/pi has the real ssh."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import stat
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import TargetError
from edgekit.remote.address import SshAddress
from edgekit.remote.connection import LOG_LINE_BYTES, LOG_LINES, Connection, RefusedError
from edgekit.remote.ssh import COMMAND_VARIABLE

HOST = SshAddress("device", "pi")
NOTHING: dict[str, Any] = {"files": [], "commands": []}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The device's home folder, which a shell in place of ssh leads to."""
    folder = tmp_path / "home"
    folder.mkdir()
    transport(tmp_path, monkeypatch, f'HOME={folder}; export HOME; eval "$last"')
    return folder


def transport(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    script = folder / "transport"
    script.write_text(f"#!/bin/sh\nfor last; do :; done\n{body}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv(COMMAND_VARIABLE, str(script))


@pytest.fixture
def connection(home: Path) -> Iterator[Connection]:
    with Connection(HOST) as opened:
        yield opened


def work(home: Path) -> list[Path]:
    return list((home / ".cache/edgekit/work").glob("*"))


def run(connection: Connection, code: str, *, seconds: float = 20, **fields: Any) -> Any:
    request = {"arguments": ["-c", code], "environment": {}, "python_path": [], "seconds": seconds, "interval": 0.2}
    payload = fields.pop("payload", None)
    return connection.request("run", {**request, **NOTHING, **fields}, payload, seconds=seconds + 10)


def archive(*names: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    return buffer.getvalue()


def until(condition: Callable[[], object], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(condition())


def test_probe(connection: Connection) -> None:
    answer = connection.request(
        "read", {"files": ["/proc/version", "/no/such"], "commands": [["uname", "-s"], ["no-such"]]}
    )
    assert list(answer.fields["files"]) == ["/proc/version"]
    assert answer.fields["commands"] == {"uname -s": "Linux"}
    answer = connection.request("probe")
    assert answer.fields["bits"] == 64
    assert answer.fields["kept"] == []


def test_a_child_gets_its_input_and_tells_its_lines(connection: Connection) -> None:
    lines: list[str] = []
    code = "import sys; print('one', file=sys.stderr); print(sys.stdin.read().upper(), end='')"
    request = {"arguments": ["-c", code], "environment": {}, "python_path": [], "seconds": 20, "interval": 5, **NOTHING}
    answer = connection.request("run", request, b"hello", listen=lambda event: lines.append(event["line"]))
    assert (answer.payload, answer.fields["exit_code"], answer.fields["log"]) == (b"HELLO", 0, ["one"])
    assert lines == ["one"]


def test_a_child_that_crashes_and_one_that_hangs(connection: Connection) -> None:
    assert run(connection, "import os; os.abort()").fields["exit_code"] == -signal.SIGABRT
    begin = time.monotonic()
    assert run(connection, "import time; time.sleep(60)", seconds=0.5).fields["exit_code"] is None
    assert time.monotonic() - begin < 10
    assert run(connection, "print(1)").payload == b"1\n"


def test_files_come_whole_under_their_own_names(connection: Connection, home: Path, tmp_path: Path) -> None:
    name = "a; rm -rf ~$(touch x)`id`'\".tflite"
    (tmp_path / name).write_bytes(os.urandom(1 << 20))
    path = Path(connection.request("put", {"name": name}, tmp_path / name).fields["path"])
    assert path.name == name
    assert path.read_bytes() == (tmp_path / name).read_bytes()
    assert path.is_relative_to(home / ".cache/edgekit/work")
    assert not stat.S_IMODE(path.stat().st_mode) & 0o077


def test_an_archive_that_is_kept_stays_and_all_else_goes(home: Path) -> None:
    with Connection(HOST) as connection:
        connection.request("unpack", {"keep": "runtime/abc"}, archive("package/module.py"))
        connection.request("put", {"name": "model.tflite"}, b"data")
        assert work(home)
    assert until(lambda: not work(home))
    with Connection(HOST) as connection:
        assert connection.request("probe").fields["kept"] == ["runtime/abc"]
        assert (home / ".cache/edgekit/runtime/abc/package/module.py").is_file()
        answer = run(connection, "import sys; print(sys.path[1])", python_path=["runtime/abc"])
        assert answer.payload.strip() == str(home / ".cache/edgekit/runtime/abc").encode()
        assert connection.request("remove").fields["bytes"] > 0
    assert not (home / ".cache/edgekit").exists()


@pytest.mark.parametrize(
    "data", [archive("../outside"), archive("/absolute"), archive("link", kind=tarfile.SYMTYPE), b"no archive", b""]
)
def test_archives_that_reach_outside_or_are_none(connection: Connection, home: Path, data: bytes) -> None:
    with pytest.raises(RefusedError):
        connection.request("unpack", {"keep": "runtime/bad"}, data)
    assert not (home / ".cache/edgekit/runtime").exists()


@pytest.mark.parametrize("keep", ["../x", "/x", "a/../../x", "a//b", "a\0b"])
def test_a_folder_to_keep_lies_in_the_cache(connection: Connection, keep: str) -> None:
    with pytest.raises(RefusedError, match="is no path"):
        connection.request("unpack", {"keep": keep}, archive("file"))


def test_what_was_damaged_on_the_way_is_not_kept(connection: Connection, home: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(
        "edgekit.remote.frames.hashlib.sha256", lambda data: type("H", (), {"hexdigest": lambda _: ""})()
    )
    with pytest.raises(RefusedError, match="not what was sent"):
        connection.request("put", {"name": "x"}, b"data")
    assert [path for folder in work(home) for path in folder.rglob("*")] == []


def test_the_end_of_the_connection_ends_what_it_started(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "pids"
    code = (
        f"import os, subprocess, time; child = subprocess.Popen(['sleep', '60']);"
        f"open({str(mark)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); time.sleep(60)"
    )
    connection = Connection(HOST).open()
    request = {"arguments": ["-c", code], "environment": {}, "python_path": [], "seconds": 60, "interval": 1, **NOTHING}
    connection._send({"id": 1, "do": "run", **request}, None)
    assert until(lambda: mark.is_file() and len(mark.read_text().split()) == 2)
    pids = [int(word) for word in mark.read_text().split()]
    assert connection._process is not None
    assert connection._process.stdin is not None
    connection._process.stdin.close()  # all that the agent sees of a connection that ended
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert until(lambda: not work(home))
    with pytest.raises(TargetError, match="was lost"):
        connection.request("probe")
    connection.close()


def test_an_agent_that_is_killed_takes_its_child_along_and_the_next_one_cleans_up(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = f"import os, time; open({str(mark)!r}, 'w').write(f'{{os.getppid()}} {{os.getpid()}}'); time.sleep(60)"
    connection = Connection(HOST).open()
    request = {"arguments": ["-c", code], "environment": {}, "python_path": [], "seconds": 60, "interval": 1, **NOTHING}
    connection._send({"id": 1, "do": "run", **request}, None)
    assert until(lambda: mark.is_file() and len(mark.read_text().split()) == 2)
    agent, child = (int(word) for word in mark.read_text().split())
    os.kill(agent, signal.SIGKILL)
    assert until(lambda: not Path(f"/proc/{child}").exists())
    connection.close()
    (left,) = work(home)
    with Connection(HOST) as other:
        other.request("put", {"name": "x"}, b"data")
        assert not left.exists()


def test_a_login_script_may_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport(tmp_path, monkeypatch, 'echo "Welcome to your Pi"; eval "$last"')
    with Connection(HOST) as connection:
        assert connection.request("probe").fields["bits"] == 64


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("PATH=/nowhere; $last", "has no python3"),
        ('echo "edgekit-device 3 9"; cat', "has Python 3.9; EdgeKit needs 3.11"),
        ("echo Permission denied '(publickey).' >&2; exit 255", "ssh-copy-id pi@device"),
        ("yes", "cannot start python3"),
    ],
)
def test_devices_that_cannot_serve(body: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport(tmp_path, monkeypatch, body)
    with pytest.raises(TargetError, match=words):
        Connection(HOST).open()


def test_a_failure_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each of many models would wait for its own time-out."""
    transport(tmp_path, monkeypatch, f"echo x >>{tmp_path}/calls; echo Connection refused >&2; exit 255")
    connection = Connection(HOST)
    for _ in range(3):
        with pytest.raises(TargetError, match="nothing listens"):
            connection.request("probe")
    assert (tmp_path / "calls").read_text() == "x\n"


def test_one_that_was_closed_does_not_open(home: Path) -> None:
    connection = Connection(HOST)
    connection.close()
    with pytest.raises(TargetError, match="was closed"):
        connection.request("probe")
    assert not work(home)


@pytest.mark.parametrize("where", ["greeting", "writing", "reading"])
def test_another_thread_closes_one_that_waits(
    where: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "greeting":
        transport(tmp_path, monkeypatch, "sleep 60")
    connection = Connection(HOST)
    caught: list[str] = []

    def use() -> None:
        try:
            if where == "writing":
                connection.open()
                os.kill(agent_of(connection), signal.SIGSTOP)
                connection.request("put", {"name": "x"}, bytes(50 << 20), seconds=60)
            run(connection, "import time; time.sleep(60)", seconds=60)
        except TargetError as error:
            caught.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    assert until(lambda: connection._process is not None)
    time.sleep(2)
    connection.close()
    thread.join(10)
    assert not thread.is_alive()
    assert caught == ["The connection to pi@device was closed."]


def agent_of(connection: Connection) -> int:
    """The process that the shell became, by its Python's arguments."""
    assert connection._process is not None
    return connection._process.pid


def test_a_device_that_hangs_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgekit.remote.connection.SILENCE_SECONDS", 2.0)
    connection = Connection(HOST).open()
    os.kill(agent_of(connection), signal.SIGSTOP)
    for _ in range(2):  # in the middle of writing, and ever after
        with pytest.raises(TargetError, match="has not been heard of for 2 s"):
            connection.request("put", {"name": "x"}, bytes(50 << 20), seconds=60)
    connection.close()


def test_what_ssh_has_started_does_not_outlive_the_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds ssh's pipes open, so that no end of a stream tells of ssh's own end."""
    monkeypatch.setattr("edgekit.remote.connection.SILENCE_SECONDS", 2.0)
    greeting = 'printf "\\nedgekit-device 3 11\\n"'
    transport(tmp_path, monkeypatch, f"{greeting}; sleep 100 & echo $! >{tmp_path}/pid; wait")
    connection = Connection(HOST).open()
    with pytest.raises(TargetError, match="has not been heard of for 2 s"):
        connection.request("put", {"name": "x"}, bytes(50 << 20), seconds=90)
    assert until(lambda: not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists())
    connection.close()


def test_a_silence_ends_the_waiting_though_the_pipes_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held by what has left the group of processes, and so lives on."""
    monkeypatch.setattr("edgekit.remote.connection.SILENCE_SECONDS", 2.0)
    greeting = 'printf "\\nedgekit-device 3 11\\n"'
    transport(tmp_path, monkeypatch, f"{greeting}; setsid sh -c 'echo $$ >{tmp_path}/pid; exec sleep 60' & wait")
    connection = Connection(HOST).open()
    with pytest.raises(TargetError, match="has not been heard of for 2 s"):
        connection.request("probe", seconds=200)
    holder = int((tmp_path / "pid").read_text())
    assert Path(f"/proc/{holder}").exists()  # the wait was not ended by its end
    os.kill(holder, signal.SIGKILL)
    connection.close()


def test_one_that_does_not_take_what_is_sent_in_time_is_given_up(home: Path) -> None:
    connection = Connection(HOST).open()
    os.kill(agent_of(connection), signal.SIGSTOP)
    with pytest.raises(TargetError, match="did not take what was sent"):
        connection.request("put", {"name": "x"}, bytes(50 << 20), seconds=1)
    connection.close()


def test_two_at_once_send_the_same(home: Path) -> None:
    with Connection(HOST) as one, Connection(HOST) as two:
        sent = archive(*(f"package/{number}.py" for number in range(500)))
        with ThreadPoolExecutor() as pool:
            paths = list(
                pool.map(lambda it: it.request("unpack", {"keep": "runtime/a"}, sent).fields["path"], (one, two))
            )
        assert paths == [str(home / ".cache/edgekit/runtime/a")] * 2
        assert one.request("probe").fields["kept"] == ["runtime/a"]
        with pytest.raises(RefusedError, match="another connection"):
            one.request("remove")
    assert until(lambda: not work(home))


def test_what_is_not_whole_is_not_kept_and_is_replaced(home: Path) -> None:
    sent = archive("package/a.py", "package/b.py")
    with Connection(HOST) as connection:
        connection.request("unpack", {"keep": "runtime/a"}, sent)
        assert connection.request("probe").fields["kept"] == ["runtime/a"]
        (home / ".cache/edgekit/runtime/a/package/a.py").unlink()
        assert connection.request("probe").fields["kept"] == []
        connection.request("unpack", {"keep": "runtime/a"}, sent)
        assert connection.request("probe").fields["kept"] == ["runtime/a"]


def test_only_the_latest_are_kept_and_those_in_use(home: Path) -> None:
    with Connection(HOST) as user:
        for number in range(6):
            with Connection(HOST) as other:
                other.request("unpack", {"keep": f"runtime/{number}"}, archive("package/a.py"))
            if number == 0:
                run(user, "pass", python_path=["runtime/0"])
            os.utime(home / f".cache/edgekit/runtime/{number}/.whole", (number, number))
        assert sorted(user.request("probe").fields["kept"]) == [f"runtime/{number}" for number in (0, 3, 4, 5)]


def test_a_device_sends_no_orders_to_the_terminal(connection: Connection) -> None:
    answer = run(connection, "import sys; print('\\x1b]0;owned\\x07 \\x9b2J', file=sys.stderr)")
    assert answer.fields["log"] == ["?]0;owned? ?2J"]


def test_frames_that_are_none(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for garbage in ("zzzzzzzzzzzzzzzz", "\\0\\0\\0\\2[]", "\\0\\0\\0\\1x"):
        transport(tmp_path, monkeypatch, f"echo edgekit-device 3 11; printf '{garbage}'; cat >/dev/null")
        connection = Connection(HOST)
        with pytest.raises(TargetError, match="lost"):
            connection.request("probe")
        connection.close()


def test_an_endless_line_on_the_error_stream_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport(tmp_path, monkeypatch, "head -c 50000000 /dev/zero >&2; exit 3")
    connection = Connection(HOST)
    with pytest.raises(TargetError, match=r"cannot start python3: \?+ \(exit code 3\)"):
        connection.open()
    assert sum(map(len, connection._log)) <= LOG_LINES * LOG_LINE_BYTES


@pytest.fixture
def port() -> Iterator[Callable[[bytes, bool], int]]:
    """Serves one side of TCP connections: what to send to each, and whether to close it then; the port."""
    servers, held = [], []

    def serve(data: bytes, close: bool) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    other = server.accept()[0]
                    other.sendall(data)
                    held.append(other)
                    if close:
                        other.close()

        threading.Thread(target=answer, daemon=True).start()
        return int(server.getsockname()[1])

    yield serve
    for one in (*servers, *held):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh")
def test_real_ssh_and_a_server_that_closes_at_once(
    port: Callable[[bytes, bool], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMMAND_VARIABLE, "ssh -F none")
    with pytest.raises(TargetError, match="closed the connection before the login was done"):
        Connection(SshAddress("127.0.0.1", "pi", port(b"", True))).open()


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh")
def test_real_ssh_and_a_server_that_says_nothing_after_its_banner(
    port: Callable[[bytes, bool], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(COMMAND_VARIABLE, "ssh -F none")
    monkeypatch.setattr("edgekit.remote.connection.GREETING_SECONDS", 2.0)
    number = port(b"SSH-2.0-OpenSSH_9.2\r\n", False)
    with pytest.raises(TargetError, match=r"did not answer within 2 s: its ssh hangs, or python3 does not start"):
        Connection(SshAddress("127.0.0.1", "pi", number)).open()


def test_no_ssh_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMMAND_VARIABLE, "/no/such/ssh")
    with pytest.raises(TargetError, match="openssh-client"):
        Connection(HOST).open()


def test_an_answer_that_does_not_come(connection: Connection) -> None:
    request = {"arguments": ["-c", "import time; time.sleep(3)"], "environment": {}, "python_path": [], "seconds": 5}
    with pytest.raises(TargetError, match="did not answer within 0 s"):
        connection.request("run", {**request, "interval": 1, **NOTHING}, seconds=0.3)


def test_readings_on_the_way(connection: Connection) -> None:
    seen: list[Any] = []
    request = {"arguments": ["-c", "import time; time.sleep(1)"], "environment": {}, "python_path": [], "seconds": 9}
    connection.request(
        "run", {**request, "interval": 0.2, "files": ["/proc/uptime"], "commands": [["uname"]]}, listen=seen.append
    )
    assert len(seen) >= 2
    assert json.dumps(seen[0]["readings"]).startswith('{"files": {"/proc/uptime": ')
