"""A device's end of adb over TCP: what ``adb connect`` of the real client talks to.

It greets, asks for a key where it should, and opens streams for the services that :mod:`tests.android.adb.shell` and
:mod:`tests.android.adb.sync` have. Commands run in a :class:`~tests.android.adb.sandbox.Sandbox`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from dataclasses import dataclass
from typing import Literal

from tests.android.adb.packets import (
    AUTH,
    AUTH_PUBLIC_KEY,
    AUTH_TOKEN,
    CLSE,
    CNXN,
    OKAY,
    OPEN,
    VERSION,
    WRTE,
    Packet,
    receive_packet,
    send_packet,
)
from tests.android.adb.sandbox import Sandbox
from tests.android.adb.shell import run_shell
from tests.android.adb.streams import Stream
from tests.android.adb.sync import run_sync

Authorization = Literal["none", "accepted", "refused"]


@dataclass(frozen=True)
class Banner:
    """What a device says of itself in its greeting.

    Attributes:
        state: ``device``, ``recovery``, ``sideload``.
        product: ``ro.product.name``.
        model: ``ro.product.model``.
        features: of the protocol.
        largest: payload that it takes, bytes; old ones take 4096.
    """

    state: str = "device"
    product: str = "edgekit_test"
    model: str = "EdgeKit test phone"
    features: tuple[str, ...] = ("shell_v2", "cmd", "stat_v2", "fixed_push_mkdir")
    largest: int = 256 * 1024

    def text(self) -> bytes:
        """As it is sent."""
        fields = (
            f"ro.product.name={self.product}",
            f"ro.product.model={self.model}",
            f"ro.product.device={self.product}",
            f"features={','.join(self.features)}",
        )
        return f"{self.state}::{';'.join(fields)};".encode()


class AdbDevice:
    """Listens until it is closed; a context manager.

    Args:
        sandbox: in which commands run and files lie; ``None`` for a device that never gets so far.
        banner: its greeting.
        authorization: ``none``: takes everyone; ``accepted``: asks for a key, and takes any; ``refused``: asks, and
            nobody taps "allow".
        silent: never greets, as a device that hangs.
    """

    def __init__(
        self,
        sandbox: Sandbox | None,
        banner: Banner | None = None,
        authorization: Authorization = "none",
        silent: bool = False,
    ) -> None:
        self.sandbox = sandbox
        self.banner = banner or Banner()
        self._authorization = authorization
        self._silent = silent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.opened: list[str] = []
        """The services that were asked for, in order."""
        self._unplug_at: tuple[str, int] | None = None
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._plugged = True
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def serial(self) -> str:
        """By which adb lists it."""
        return f"127.0.0.1:{self.port}"

    def unplug(self) -> None:
        """The cable is pulled: every connection ends at once, and new ones too."""
        with self._lock:
            self._plugged = False
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def plug(self) -> None:
        """The cable is back."""
        self._plugged = True

    def unplug_when(self, service: str, received: int = 0) -> None:
        """Pulls the cable once a service that begins so is opened and has got so many bytes."""
        self._unplug_at = (service, received)

    def close(self) -> None:
        """Switches it off."""
        self._listener.close()
        self.unplug()

    def __enter__(self) -> AdbDevice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with self._lock:
            if not self._plugged:
                connection.close()
                return
            self._connections.add(connection)
        sending = threading.Lock()

        def send(packet: Packet) -> None:
            with sending, contextlib.suppress(OSError):
                send_packet(connection, packet)

        streams: dict[int, Stream] = {}
        try:
            self._serve(connection, send, streams)
        except ValueError:
            pass
        finally:
            for stream in list(streams.values()):
                stream.lose()
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def _serve(self, connection: socket.socket, send: object, streams: dict[int, Stream]) -> None:
        assert callable(send)
        numbers = itertools.count(1)
        largest = 4096
        received: dict[int, int] = {}
        while (packet := receive_packet(connection)) is not None:
            if packet.command == CNXN:
                largest = min(packet.second, self.banner.largest)
                if self._silent:
                    continue
                if self._authorization == "none":
                    send(Packet(CNXN, VERSION, self.banner.largest, self.banner.text()))
                else:
                    send(Packet(AUTH, AUTH_TOKEN, 0, os.urandom(20)))
            elif packet.command == AUTH:
                if packet.first != AUTH_PUBLIC_KEY:
                    send(Packet(AUTH, AUTH_TOKEN, 0, os.urandom(20)))
                elif self._authorization == "accepted":
                    send(Packet(CNXN, VERSION, self.banner.largest, self.banner.text()))
            elif packet.command == OPEN:
                service = packet.payload.rstrip(b"\0").decode("utf-8", "surrogateescape")
                stream = Stream(next(numbers), packet.first, largest, send)
                if not self._start(service, stream):
                    send(Packet(CLSE, 0, packet.first))
                    continue
                streams[stream.number] = stream
                received[stream.number] = 0
                self._pull_cable_if(service, 0)
            elif packet.command in (OKAY, WRTE, CLSE) and packet.second in streams:
                stream = streams[packet.second]
                stream.heard(packet)
                if packet.command == WRTE:
                    received[stream.number] += len(packet.payload)
                    self._pull_cable_if(stream.service, received[stream.number])

    def _start(self, service: str, stream: Stream) -> bool:
        """Opens a stream for a service; ``False`` where the device has none of that name."""
        self.opened.append(service)
        stream.service = service
        sandbox = self.sandbox
        kind, _, argument = service.partition(":")
        if sandbox is None:
            return False
        if kind == "sync":
            work = (run_sync, (stream, sandbox))
        elif kind == "exec" or kind.partition(",")[0] == "shell":
            version = 2 if "v2" in kind.split(",") else 1
            work = (run_shell, (stream, sandbox, argument, version))  # type: ignore[assignment]
        else:
            return False
        stream.accept()
        threading.Thread(target=work[0], args=work[1], daemon=True).start()
        return True

    def _pull_cable_if(self, service: str, received: int) -> None:
        wanted = self._unplug_at
        if wanted is not None and wanted[0] in service and received >= wanted[1]:
            self._unplug_at = None
            self.unplug()
