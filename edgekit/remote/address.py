"""Where a device is: ``[user@]host[:port]``, as ``ssh`` takes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgekit.errors import UsageError

# A host may be an alias from ~/.ssh/config. A leading dash would be an option of ssh's.
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.\-]+)?\]")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\$?")


@dataclass(frozen=True)
class SshAddress:
    """A device's address.

    Attributes:
        host: a name, an address, or an alias of ``~/.ssh/config``.
        user: to log in as; ``None`` for what ssh is configured for.
        port: likewise.
    """

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        """As it is written on a command line."""
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{user}{host}{f':{self.port}' if self.port else ''}"

    @property
    def words(self) -> list[str]:
        """For ssh's command line."""
        destination = f"{self.user}@{self.host}" if self.user else self.host
        return [*(["-p", str(self.port)] if self.port else []), "--", destination]

    @property
    def login(self) -> str:
        """What a person types after ``ssh`` or ``ssh-copy-id``."""
        destination = f"{self.user}@{self.host}" if self.user else self.host
        return f"-p {self.port} {destination}" if self.port else destination


def parse_address(text: str) -> SshAddress:
    """Reads ``[user@]host[:port]``; an IPv6 address stands in brackets.

    Raises:
        UsageError: it is no such address.
    """
    user, at, rest = text.rpartition("@")
    host, colon, port = rest, "", ""
    if not rest.endswith("]"):
        head, colon, port = rest.rpartition(":")
        host = head if colon else rest
    number = int(port) if port.isascii() and port.isdigit() else 0
    wrong_port = bool(colon) and not 0 < number < 65536
    if not _HOST.fullmatch(host) or (at and not _USER.fullmatch(user)) or wrong_port:
        raise UsageError(
            f"A device's address is [user@]host[:port], and stands behind its kind and an @: "
            f"pi@pi@raspberrypi.local is the user pi on the Pi raspberrypi.local. Got: {text!r}. "
            "What ssh needs besides (keys, jump hosts) goes into ~/.ssh/config."
        )
    return SshAddress(host.strip("[]"), user or None, number or None)
