"""The agent: receives requests, does one after the other, and leaves no trace of its own."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import signal
import struct
import sys
import tarfile
import tempfile
import threading
import time
import zlib
from pathlib import Path
from typing import IO, Any

from edgekit.remote.agent.children import Children
from edgekit.remote.agent.output import Output
from edgekit.remote.agent.refused import Refused
from edgekit.remote.agent.storage import WorkFolder, remove_all
from edgekit.remote.agent.system import measure_storage, probe, read_all

SILENCE = 30.0
ALIVE_SECONDS = 5.0
CHUNK = 1 << 16

Json = dict[str, Any]


class Agent:
    """Serves requests until the connection ends."""

    def __init__(self) -> None:
        self._output = Output()
        self._folder = WorkFolder()
        self._children = Children(self._output, self._folder)
        self._requests: queue.Queue[tuple[Json, Path | None, Refused | None]] = queue.Queue()
        self._last_seen = time.monotonic()

    def serve(self) -> None:
        os.umask(0o077)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._leave())
        for work in (self._receive, self._watch_for_silence, self._tell_of_life):
            threading.Thread(target=work, daemon=True).start()
        try:
            while True:
                self._answer(*self._requests.get())
        finally:
            self._leave()  # else the end of this thread would end the others in the middle of it

    def _answer(self, request: Json, spool: Path | None, problem: Refused | None) -> None:
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
        except (tarfile.TarError, zlib.error, EOFError, MemoryError) as error:
            answer = {"refused": "system", "text": f"{type(error).__name__}: {error}"}
        finally:
            if spool is not None:
                spool.unlink(missing_ok=True)
        self._output.send({**answer, "id": request["id"], "done": True}, payload)

    def _handle(self, request: Json, spool: Path | None) -> Json | tuple[Json, bytes]:
        match request["do"]:
            case "probe":
                return probe()
            case "read":
                return read_all(request["files"], request["commands"])
            case "storage":
                return measure_storage()
            case "run":
                return self._children.run(request, spool)
            case "remove":
                return remove_all(self._folder)
        if spool is None:
            raise Refused("request", f"unknown request {request['do']!r}, or nothing was sent with it")
        match request["do"]:
            case "put":
                # Under its own name, in a folder of its own.
                path = Path(tempfile.mkdtemp(dir=self._folder.path), Path(request["name"]).name or "file")
                spool.rename(path)
            case "unpack":
                path = self._folder.unpack(spool)
                if request.get("keep"):
                    path = self._folder.keep(path, request["keep"])
            case other:
                raise Refused("request", f"unknown request {other!r}")
        return {"path": str(path)}

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
            data = source.read1(min(left, CHUNK))  # type: ignore[attr-defined]
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

    def _tell_of_life(self) -> None:
        try:
            while True:
                self._output.send({"alive": True})
                time.sleep(ALIVE_SECONDS)
        finally:
            self._leave()

    def _leave(self) -> None:
        """Ends all that this connection brought, and the agent; whichever thread notices first."""
        try:
            self._children.end()
            self._folder.remove()
        finally:
            os._exit(0)


def main() -> None:
    """Serves this connection."""
    Agent().serve()
