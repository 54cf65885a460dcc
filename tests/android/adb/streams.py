"""Streams over one connection: each is opened by the host for a service, and has one message on the way at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from tests.android.adb.packets import CLSE, OKAY, WRTE, Packet


class StreamClosedError(Exception):
    """The host closed the stream, or the connection is gone."""


class Stream:
    """The device's end of one stream. The service reads and writes in a thread of its own.

    Args:
        number: the device's.
        other: the host's.
        largest: payload that the host takes, bytes.
        send: sends a message; any thread may.
    """

    def __init__(self, number: int, other: int, largest: int, send: Callable[[Packet], None]) -> None:
        self.number, self.other = number, other
        self.service = ""
        self._largest = largest
        self._send = send
        self._incoming: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._rest = b""
        self._may_write = threading.Semaphore(0)
        self._closed = threading.Event()

    def accept(self) -> None:
        """Tells the host that it is open."""
        self._send(Packet(OKAY, self.number, self.other))
        self._may_write.release()

    def heard(self, packet: Packet) -> None:
        """Takes a message of the host's for this stream."""
        if packet.command == WRTE:
            self._incoming.put(packet.payload)
        elif packet.command == OKAY:
            self._may_write.release()
        elif packet.command == CLSE:
            self.lose()

    def lose(self) -> None:
        """The host's end is gone."""
        self._closed.set()
        self._incoming.put(None)
        self._may_write.release()

    def read_some(self) -> bytes:
        """The next bytes from the host; ``b""`` at the end. Only then the host may send more."""
        if self._rest:
            found, self._rest = self._rest, b""
            return found
        found = self._incoming.get()
        if found is None:
            return b""
        self._send(Packet(OKAY, self.number, self.other))
        return found

    def read(self, count: int) -> bytes:
        """So many bytes from the host.

        Raises:
            StreamClosedError: there are no more.
        """
        found = b""
        while len(found) < count:
            part = self.read_some()
            if not part:
                raise StreamClosedError
            found += part
        found, self._rest = found[:count], found[count:] + self._rest
        return found

    def write(self, content: bytes) -> None:
        """Sends bytes, a message each time that the host has taken the one before.

        Raises:
            StreamClosedError: nobody takes them.
        """
        for start in range(0, len(content), self._largest):
            self._may_write.acquire()
            if self._closed.is_set():
                self._may_write.release()
                raise StreamClosedError
            self._send(Packet(WRTE, self.number, self.other, content[start : start + self._largest]))

    def close(self) -> None:
        """Ends it from here, once the host has taken what was written."""
        self._may_write.acquire()
        if not self._closed.is_set():
            self._closed.set()
            self._send(Packet(CLSE, self.number, self.other))
