"""Messages of adb's transport, as both ends send them: a header of 24 bytes and a payload.

From the Android Open Source Project's ``packages/modules/adb/protocol.txt`` (until Android 11 in ``system/core/adb``).
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

_HEADER = struct.Struct("<4sIIIII")

VERSION = 0x01000001
"""The first one without checksums of payloads."""

SYNC, CNXN, AUTH, OPEN, OKAY, CLSE, WRTE = b"SYNC", b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"CLSE", b"WRTE"

AUTH_TOKEN, AUTH_SIGNATURE, AUTH_PUBLIC_KEY = 1, 2, 3


@dataclass(frozen=True)
class Packet:
    """One message.

    Attributes:
        command: one of the four letters above.
        first: of :data:`OPEN`, :data:`OKAY`, :data:`WRTE`, :data:`CLSE` the sender's number of the stream.
        second: of these the receiver's.
        payload: at most as many bytes as the receiver's ``CNXN`` allowed.
    """

    command: bytes
    first: int = 0
    second: int = 0
    payload: bytes = b""


def send_packet(connection: socket.socket, packet: Packet) -> None:
    """Writes one message."""
    magic = int.from_bytes(packet.command, "little") ^ 0xFFFFFFFF
    checksum = sum(packet.payload) & 0xFFFFFFFF
    header = _HEADER.pack(packet.command, packet.first, packet.second, len(packet.payload), checksum, magic)
    connection.sendall(header + packet.payload)


def receive_packet(connection: socket.socket) -> Packet | None:
    """Reads one message; ``None`` where the other end has closed.

    Raises:
        ValueError: that was none.
    """
    header = _receive(connection, _HEADER.size)
    if header is None:
        return None
    command, first, second, length, _, magic = _HEADER.unpack(header)
    if magic != int.from_bytes(command, "little") ^ 0xFFFFFFFF:
        raise ValueError(f"no message of adb's: {header!r}")
    payload = _receive(connection, length)
    return None if payload is None else Packet(command, first, second, payload)


def _receive(connection: socket.socket, length: int) -> bytes | None:
    found = b""
    while len(found) < length:
        try:
            part = connection.recv(length - len(found))
        except OSError:
            return None
        if not part:
            return None
        found += part
    return found
