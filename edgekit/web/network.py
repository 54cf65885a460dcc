"""Under which addresses and names other devices reach this machine."""

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


def own_names() -> frozenset[str]:
    """This machine's name, whole and short, and its name in a network without a name server (mDNS)."""
    host = socket.gethostname()
    short = host.partition(".")[0]
    return frozenset({host, short, f"{short}.local"})


def is_own_host(header: str) -> bool:
    """Whether a request's ``Host`` is an IP address, ``localhost``, or a name of this machine.

    A page of somebody else whose name was made to lead here (DNS rebinding) sends another one.

    Args:
        header: with or without a port; an IPv6 address stands in brackets.
    """
    host = header.strip()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    name = name.removesuffix(".").lower()
    return name.endswith(".localhost") or name in {"localhost", *(own.lower() for own in own_names())}
