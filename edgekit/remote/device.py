"""A device that has what it takes to run models: a connection, and what was sent over it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from edgekit.child import ChildResult, parse_reply
from edgekit.errors import TargetError
from edgekit.progress import SILENT, Progress
from edgekit.remote.address import SshAddress
from edgekit.remote.answers import Answer
from edgekit.remote.connection import Connection
from edgekit.remote.frames import Json, clean
from edgekit.remote.package import pack_edgekit
from edgekit.remote.platforms import plan_runtime, read_platform
from edgekit.remote.wheels import Archive, fetch_packages

SEND_SECONDS = 900
"""For an archive of 40 MB over a slow radio link, and its unpacking on a slow card."""

READING_SECONDS = 2.0
"""Between two looks at a device that computes: rare enough to be no company on its processor."""


@dataclass(frozen=True)
class WatchList:
    """What is read on a device before, during and after a run.

    Attributes:
        files: their paths there.
        commands: words each.
    """

    files: tuple[str, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()

    def to_dict(self) -> Json:
        return {"files": list(self.files), "commands": [list(words) for words in self.commands]}


@dataclass(frozen=True)
class RemoteChild:
    """How a module ended on a device, and what was read there meanwhile.

    Attributes:
        result: as of a child process here.
        readings: each with ``files`` (path to text) and ``commands`` (words to answer): one from before, those on
            the way, one from after.
    """

    result: ChildResult
    readings: tuple[Mapping[str, Any], ...] = field(default=())


@dataclass(frozen=True)
class Storage:
    """The room on a device.

    Attributes:
        folder: in which EdgeKit keeps what it sends.
        kept_bytes: that are in it.
        free_bytes: of the disk that the user's home is on.
    """

    folder: str
    kept_bytes: int
    free_bytes: int


class RemoteDevice:
    """A device behind ssh, connected at its first use.

    Everything that is sent is removed at the end but for the runtime itself. Every method raises
    :class:`~edgekit.errors.TargetError` where the device cannot be reached or the connection is lost.

    Args:
        address: of the device.
        progress: told of what takes long.
    """

    def __init__(self, address: SshAddress, progress: Progress = SILENT) -> None:
        self.address = address
        self._progress = progress
        self._python_path: list[str] | None = None
        self._connection = Connection(address)
        self._asked = False
        self._stop = threading.Event()

    def read(self, watch: WatchList) -> Mapping[str, Any]:
        """Reads files and asks commands there now."""
        return self._ask("read", watch.to_dict()).fields

    def storage(self) -> Storage:
        """The room there now."""
        fields = self._ask("storage").fields
        return Storage(str(fields["folder"]), int(fields["kept_bytes"]), int(fields["free_bytes"]))

    def prepare(self) -> None:
        """Sends the runtime where it is not there yet.

        Raises:
            TargetError: there is none for this device, or no room on it.
        """
        if self._python_path is not None:
            return
        probe = self._ask("probe").fields
        platform = read_platform(probe, str(self.address))
        plan = plan_runtime(platform, str(self.address))
        if plan.system_packages:
            self._check_system(plan.system_packages)
        kept = set(probe["kept"])
        self._python_path = [
            self._keep("edgekit", pack_edgekit(), kept),
            self._keep("runtime", fetch_packages(plan, platform, self._stop), kept),
        ]

    def send(self, path: Path) -> str:
        """Sends a file; its path there, with its name as it is here, until the connection ends."""
        answer = self._ask("put", {"name": path.name}, path, seconds=SEND_SECONDS)
        return str(answer.fields["path"])

    def send_archive(self, archive: Path) -> str:
        """Sends a tar archive; the folder there that it was unpacked into, until the connection ends."""
        return str(self._ask("unpack", {}, archive, seconds=SEND_SECONDS).fields["path"])

    def run_module(
        self,
        module: str,
        message: Mapping[str, Any],
        seconds: float,
        watch: WatchList | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> RemoteChild:
        """Runs ``python -m module`` there with a JSON document on its standard input, as a child here is run.

        Args:
            module: answers with one JSON document (:class:`edgekit.child.Reply`).
            message: what it reads.
            seconds: after which it is killed.
            watch: what to read before, during and after.
            environment: variables that are set for it.

        Raises:
            TargetError: the connection is lost.
        """
        self.prepare()
        watch = watch or WatchList()
        readings = [self.read(watch)]

        def listen(event: Json) -> None:
            if "readings" in event:
                readings.append(event["readings"])

        answer = self._ask(
            "run",
            {
                "arguments": ["-P", "-m", module],
                "environment": {"PYTHONIOENCODING": "utf-8", **(environment or {})},
                "python_path": self._python_path,
                "seconds": seconds,
                "interval": READING_SECONDS,
                **watch.to_dict(),
            },
            json.dumps(message).encode(),
            seconds=seconds + 60,
            listen=listen,
        )
        readings.append(self.read(watch))
        log = "\n".join(answer.fields["log"])
        return RemoteChild(
            ChildResult(clean(parse_reply(answer.payload)), answer.fields["exit_code"], log), tuple(readings)
        )

    def remove(self) -> tuple[str, int]:
        """Removes all that EdgeKit keeps there; the folder, and how many bytes were in it."""
        fields = self._ask("remove").fields
        self._python_path = None
        return str(fields["path"]), int(fields["bytes"])

    def close(self) -> None:
        """Ends what runs there and the connection. Any thread may: what another one waits for then fails."""
        self._stop.set()
        self._connection.close()

    def __enter__(self) -> RemoteDevice:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, do: str, *arguments: Any, **options: Any) -> Answer:
        if not self._asked:
            self._asked = True
            self._progress.say(f"{self.address}: connecting")
        return self._connection.request(do, *arguments, **options)

    def _keep(self, kind: str, archive: Archive, kept: Iterable[str]) -> str:
        name = f"{kind}/{archive.digest}"
        if name not in kept:
            size = archive.path.stat().st_size
            self._progress.say(f"{self.address}: sending {kind} ({size / 1e6:.1f} MB; once)")
            self._ask("unpack", {"keep": name}, archive.path, seconds=SEND_SECONDS)
        return name

    def _check_system(self, packages: Sequence[str]) -> None:
        done = self._ask(
            "run",
            {
                "arguments": ["-P", "-c", "import numpy, PIL"],
                "environment": {},
                "python_path": [],
                "seconds": 60,
                "interval": READING_SECONDS,
                **WatchList().to_dict(),
            },
            seconds=90,
        )
        if done.fields["exit_code"] != 0:
            raise TargetError(
                f"{self.address} is a 32-bit system, for which NumPy and Pillow must be its own. "
                f"Install them there: sudo apt install {' '.join(packages)}"
            )
