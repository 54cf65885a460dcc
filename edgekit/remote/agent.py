"""The device's side of a connection. Sent over as source, so the standard library only.

It does one request at a time, and everything that it starts or writes ends with the connection: at the
end of its standard input, or after :data:`SILENCE` seconds without a sign of life from the other side, it
kills what it runs, removes its working folder and leaves.

A frame is a length (4 bytes, big endian), so many bytes of JSON, and ``size`` raw bytes where the JSON
has that key. Requests carry ``id``; every answer carries it again, the last one with ``done``.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import platform
import queue
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

SILENCE = 30.0
CHUNK = 1 << 16
KEPT_LINES = 200

Json = dict[str, Any]

ROOT = Path.home() / ".cache" / "edgekit"
KINDS = {errno.ENOSPC: "no-space", errno.EDQUOT: "no-space", errno.EACCES: "permission", errno.EROFS: "permission"}

try:
    PRCTL: Any = ctypes.CDLL(None).prctl
except (OSError, AttributeError):
    PRCTL = None


class Refused(Exception):
    """A request that cannot be done: a kind that the other side knows, and the reason in words."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind

    @classmethod
    def by(cls, error: OSError) -> Refused:
        return cls(KINDS.get(error.errno or 0, "system"), f"{error.filename or ROOT}: {error.strerror or error}")


class Output:
    """Frames to the other side, from any thread."""

    def __init__(self) -> None:
        self._handle = os.fdopen(os.dup(1), "wb")
        self._lock = threading.Lock()
        os.dup2(2, 1)  # what anything prints from here on must not come between the frames

    def send(self, header: Json, payload: bytes = b"") -> None:
        if payload:
            header = {**header, "size": len(payload)}
        data = json.dumps(header).encode()
        with self._lock:
            self._handle.write(struct.pack(">I", len(data)) + data + payload)
            self._handle.flush()


class WorkFolder:
    """This connection's own folder, made at first use; those of agents that died are removed."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        with self._lock:
            if self._path is None:
                parent = ROOT / "work"
                parent.mkdir(parents=True, exist_ok=True)
                for other in parent.iterdir():
                    if not is_alive(other.name.partition("-")[0]):
                        shutil.rmtree(other, ignore_errors=True)
                self._path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
            return self._path

    def remove(self) -> None:
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)


class Agent:
    """Serves requests until the connection ends."""

    def __init__(self) -> None:
        self._output = Output()
        self._folder = WorkFolder()
        self._requests: queue.Queue[tuple[Json, Path | None, Refused | None]] = queue.Queue()
        self._child: subprocess.Popen[bytes] | None = None
        self._last_seen = time.monotonic()

    def serve(self) -> None:
        os.umask(0o077)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._leave())
        threading.Thread(target=self._receive, daemon=True).start()
        threading.Thread(target=self._watch_for_silence, daemon=True).start()
        while True:
            request, spool, problem = self._requests.get()
            payload = b""
            try:
                if problem is not None:
                    raise problem
                answer = self._handle(request, spool)
                if isinstance(answer, tuple):
                    answer, payload = answer
            except Refused as error:
                answer = {"refused": error.kind, "text": str(error)}
            except OSError as error:
                reason = Refused.by(error)
                answer = {"refused": reason.kind, "text": str(reason)}
            except (tarfile.TarError, EOFError, MemoryError) as error:
                answer = {"refused": "system", "text": f"{type(error).__name__}: {error}"}
            finally:
                if spool is not None:
                    spool.unlink(missing_ok=True)
            self._output.send({**answer, "id": request["id"], "done": True}, payload)

    def _handle(self, request: Json, spool: Path | None) -> Json | tuple[Json, bytes]:
        match request["do"]:
            case "probe":
                return probe(request["files"], request["commands"])
            case "put":
                return self._put(request, spool)
            case "unpack":
                return self._unpack(request, spool)
            case "run":
                return self._run(request, spool)
            case "remove":
                return remove_all()
        raise Refused("request", f"unknown request {request['do']!r}")

    def _put(self, request: Json, spool: Path | None) -> Json:
        """Keeps a file in the working folder under its own name, in a folder of its own."""
        if spool is None:
            raise Refused("request", "nothing was sent")
        path = Path(tempfile.mkdtemp(dir=self._folder.path), Path(request["name"]).name or "file")
        spool.rename(path)
        return {"path": str(path)}

    def _unpack(self, request: Json, spool: Path | None) -> Json:
        """Makes a folder of a tar archive, whole or not at all; to be kept where it is given a name."""
        if spool is None:
            raise Refused("request", "nothing was sent")
        fresh = Path(tempfile.mkdtemp(dir=self._folder.path))
        with tarfile.open(spool) as archive:
            for member in archive:
                if not (member.isfile() or member.isdir()) or not is_plain(member.name):
                    raise Refused("request", f"{member.name!r} does not belong into an archive")
                archive.extract(member, fresh)
        if not request.get("keep"):
            return {"path": str(fresh)}
        target = inside(request["keep"])
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.rename(target)
        except OSError:
            if not target.is_dir():  # else another connection was first
                raise
        return {"path": str(target)}

    def _run(self, request: Json, spool: Path | None) -> tuple[Json, bytes]:
        """Runs Python with the given arguments; tells its error stream line by line, then how it ended."""
        environment = {**os.environ, **request["environment"]}
        environment["PYTHONPATH"] = os.pathsep.join(str(inside(name)) for name in request["python_path"])
        folder = self._folder.path
        with open(spool or os.devnull, "rb") as message, tempfile.TemporaryFile(dir=folder) as output:
            child = self._child = subprocess.Popen(
                [sys.executable, *request["arguments"]],
                stdin=message,
                stdout=output,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=folder,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            log: deque[str] = deque(maxlen=KEPT_LINES)
            teller = threading.Thread(target=self._tell_lines, args=(child.stderr, request["id"], log), daemon=True)
            teller.start()
            timed_out = self._watch(child, request)
            end_group(child)
            teller.join(5)
            self._child = None
            output.seek(0)
            return {"exit_code": None if timed_out else child.returncode, "log": list(log)}, output.read()

    def _watch(self, child: subprocess.Popen[bytes], request: Json) -> bool:
        """Waits for the child's end, with a look at the device now and then; whether it was out of time."""
        deadline = time.monotonic() + request["seconds"]
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=request["interval"])
                return False
            if time.monotonic() > deadline:
                end_group(child)
                child.wait()
                return True
            readings = read_all(request["files"], request["commands"])
            self._output.send({"id": request["id"], "readings": readings})

    def _tell_lines(self, stream: IO[bytes], number: int, log: deque[str]) -> None:
        for line in stream:
            log.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            self._output.send({"id": number, "line": log[-1]})

    def _receive(self) -> None:
        """Reads frames to the end; raw bytes go to a file at once, for a device may have little memory."""
        source = sys.stdin.buffer
        try:
            while len(head := source.read(4)) == 4:
                header = json.loads(source.read(struct.unpack(">I", head)[0]))
                spool, problem = self._store(source, header) if "size" in header else (None, None)
                self._last_seen = time.monotonic()
                if "do" in header:
                    self._requests.put((header, spool, problem))
        finally:
            self._leave()

    def _store(self, source: IO[bytes], header: Json) -> tuple[Path | None, Refused | None]:
        """The raw bytes of a frame, in a file. They are read to their end also where they cannot be kept."""
        left, digest = header["size"], hashlib.sha256()
        problem: Refused | None = None
        handle: IO[bytes] | None = None
        try:
            # Unbuffered, so that closing it cannot fail for want of space.
            handle = tempfile.NamedTemporaryFile(dir=self._folder.path, delete=False, buffering=0)  # noqa: SIM115
        except OSError as error:
            problem = Refused.by(error)
        while left:
            data = source.read(min(left, CHUNK))
            if not data:
                self._leave()
            left -= len(data)
            self._last_seen = time.monotonic()
            digest.update(data)
            try:
                while handle is not None and problem is None and data:
                    data = data[handle.write(data) :]
            except OSError as error:
                problem = Refused.by(error)
        if problem is None and digest.hexdigest() != header["digest"]:
            problem = Refused("damaged", "what arrived is not what was sent")
        if handle is None:
            return None, problem
        handle.close()
        return Path(handle.name), problem

    def _watch_for_silence(self) -> None:
        while time.monotonic() - self._last_seen < SILENCE:
            time.sleep(1)
        self._leave()

    def _leave(self) -> None:
        """Ends all that this connection brought, and the agent; whichever thread notices first."""
        child = self._child
        if child is not None:
            end_group(child)
        self._folder.remove()
        os._exit(0)


def probe(files: Iterable[str], commands: Iterable[list[str]]) -> Json:
    """What the device is."""
    home = Path.home()
    return {
        **read_all(files, commands),
        "python": list(sys.version_info[:3]),
        "machine": platform.machine(),
        "bits": struct.calcsize("P") * 8,
        "libc": list(platform.libc_ver()),
        "free_bytes": shutil.disk_usage(home).free,
        "folder": str(ROOT),
        "kept_bytes": size_of(ROOT),
        "kept": [str(path.relative_to(ROOT)) for kind in ("runtime", "edgekit") for path in (ROOT / kind).glob("*")],
    }


def read_all(files: Iterable[str], commands: Iterable[list[str]]) -> Json:
    """The contents of these files and the answers of these commands; what is not there is left out."""
    contents, answers = {}, {}
    for name in files:
        with contextlib.suppress(OSError), open(name, "rb") as handle:
            contents[name] = handle.read(CHUNK).decode("utf-8", "replace")
    for words in commands:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
            if done.returncode == 0:
                answers[" ".join(words)] = done.stdout.decode("utf-8", "replace").strip()
    return {"files": contents, "commands": answers}


def remove_all() -> Json:
    """Everything that was ever sent."""
    size = size_of(ROOT)
    existed = ROOT.is_dir()
    if existed:
        shutil.rmtree(ROOT)
    return {"removed": existed, "bytes": size, "path": str(ROOT)}


def size_of(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # another connection may clean up just now
            size += path.lstat().st_size if not path.is_dir() else 0
    return size


def is_plain(name: str) -> bool:
    return all(part not in ("", ".", "..") and "\0" not in part for part in name.split("/"))


def inside(name: str) -> Path:
    """A path below the cache folder."""
    if not is_plain(name):
        raise Refused("request", f"{name!r} is no path")
    return ROOT / name


def is_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def end_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)


def die_with_parent() -> None:
    """In a new child: the kernel ends it when the agent is killed without a chance to do so."""
    if PRCTL is not None:
        PRCTL(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    Agent().serve()
