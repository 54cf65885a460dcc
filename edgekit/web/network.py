"""Under which addresses other devices reach this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

_SOMEWHERE = ("192.0.2.1", "10.255.255.254", "172.31.255.254", "192.168.255.254")
"""An address of documentation (RFC 5737), for the way to the internet, and one of each private network (RFC 1918)."""


def own_addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses in its networks, the one of the way to the internet first; empty without a network.

    Nothing is sent: connecting a UDP socket only makes the system choose an interface.
    """
    found: list[str] = []
    for there in _SOMEWHERE:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((there, 9))
            found.append(probe.getsockname()[0])
    usable = (one for one in found if not (ipaddress.ip_address(one).is_loopback or one == "0.0.0.0"))
    return tuple(dict.fromkeys(usable))
