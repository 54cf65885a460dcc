"""The system's ``ssh``: how it is called, and what its failures mean."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

from edgekit.errors import TargetError
from edgekit.remote.address import SshAddress

CONNECT_SECONDS = 15
"""A Pi that is switched on answers within one; one that is far away, over a jump host, within some."""

ALIVE_SECONDS, ALIVE_COUNT = 5, 3
"""A device that was switched off is noticed after ``ALIVE_SECONDS * ALIVE_COUNT``."""

COMMAND_VARIABLE = "EDGEKIT_SSH_COMMAND"
"""What to call instead of ``ssh``, with its arguments, as git's ``GIT_SSH_COMMAND``."""

HELLO = "edgekit-device"

# All that a remote shell ever sees. Python reads the agent's source from standard input: a line with its
# length, then so many bytes.
_START = (
    f'import sys;print();print("{HELLO}",*sys.version_info[:2],flush=True);'
    'exec(compile(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())),"agent","exec"))'
)
REMOTE_COMMAND = f"exec python3 -I -c {shlex.quote(_START)}"

_OPTIONS = (
    "BatchMode=yes",  # a question for a password would be asked in the middle of a progress bar
    f"ConnectTimeout={CONNECT_SECONDS}",
    f"ServerAliveInterval={ALIVE_SECONDS}",
    f"ServerAliveCountMax={ALIVE_COUNT}",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    # One that is there already is used; becoming one would make others wait for this one's end.
    "ControlMaster=no",
    "RequestTTY=no",
    "EscapeChar=none",
    "LogLevel=ERROR",
)


def ssh_command(address: SshAddress) -> list[str]:
    """The command line that starts the agent's Python on the device.

    Raises:
        TargetError: what the variable holds is no command line.
    """
    text = os.environ.get(COMMAND_VARIABLE, "")
    try:
        program = shlex.split(text) or ["ssh"]
    except ValueError as error:  # a quote that is not closed, for one
        raise TargetError(
            f"The variable {COMMAND_VARIABLE} is no command line ({str(error).lower()}). Got: {text!r}. "
            "It is written as for a shell, as in: ssh -F 'my config'"
        ) from error
    options = [word for option in _OPTIONS for word in ("-o", option)]
    return [*program, *options, *address.words, REMOTE_COMMAND]


@dataclass(frozen=True)
class Ending:
    """How ``ssh`` ended.

    Attributes:
        exit_code: its own; 255 is an error of ssh, all else is the remote command's.
        log: what it, and the device, printed on the error stream.
        greeted: whether the device's Python had answered before.
        seconds: that it took, where it had not.
    """

    exit_code: int | None
    log: str
    greeted: bool
    seconds: float = 0.0


# Text in ssh's log, then the reason, then what to do. {login} is what a person types after ssh; {who} and {other} are
# about the user that was tried.
_REASONS: tuple[tuple[str, str, str], ...] = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "its host key is not the one that was seen before: it was set up anew, or this is another machine",
        "If you know why, forget the old key with: ssh-keygen -R {known_as}",
    ),
    (
        "Host key verification failed",
        "its host key is not known here yet",
        "Connect once by hand and compare the fingerprint: ssh {login}",
    ),
    (
        "UNPROTECTED PRIVATE KEY FILE",
        "ssh does not use your key, which others may read",
        "Mend it with: chmod 600 ~/.ssh/id_*",
    ),
    (
        "Permission denied",
        "it does not accept a key of yours{who}, and passwords are not asked for here",
        "{other}Put your key there with: ssh-copy-id {login}",
    ),
    (
        "Too many authentication failures",
        "it was offered too many keys",
        "Name the right one for this host in ~/.ssh/config, with IdentityFile and IdentitiesOnly yes.",
    ),
    (
        "Could not resolve hostname",
        "no such host is known",
        "Check the name; a Pi is often NAME.local, and its address is listed by your router.",
    ),
    (
        "Connection refused",
        "nothing listens for ssh there",
        "Is ssh switched on? On a Pi: sudo raspi-config, Interface Options, SSH.",
    ),
    ("No route to host", "there is no way to it", "Is it switched on and in the same network?"),
    ("Network is unreachable", "there is no network to reach it by", "Is this machine connected?"),
    (
        "timed out",
        f"it did not answer within {CONNECT_SECONDS} s",
        "Is it switched on and in the same network?",
    ),
    (
        "Bad owner or permissions",
        "ssh does not accept the permissions of its configuration file",
        "Mend it with: chmod 600 ~/.ssh/config",
    ),
    (
        "Bad configuration option",
        "ssh does not understand its configuration file",
        "Mend ~/.ssh/config; ssh {login} shows the same message.",
    ),
)

_SAID = 300
"""Characters of a line that are quoted."""

_CLOSED = ("closed by", "Connection reset", "Broken pipe", "not responding", "client_loop")


def explain_ending(ending: Ending, address: SshAddress) -> str:
    """Why there is no connection (any more), as sentences for a person."""
    missing = ending.exit_code == 127 or re.search(r"python3:.*not found", ending.log)  # csh ends with 1
    if missing and not ending.greeted:
        return f"{address} has no python3. On Raspberry Pi OS or Debian: sudo apt install python3"
    lines = [line[:_SAID] for line in ending.log.strip().splitlines() if line.strip()]
    if ending.exit_code not in (None, 0, 255) and not ending.greeted:
        detail = f": {lines[-1]}" if lines else ""
        return f"{address} cannot start python3{detail} (exit code {ending.exit_code}). Try there: python3 --version"
    known_as = f"'[{address.host}]:{address.port}'" if address.port else address.host
    if ending.greeted:
        return f"The connection to {address} was lost. Is it still switched on? Then try again."
    user = address.user or _tried_user(ending.log)
    words = {
        "login": address.login,
        "known_as": known_as,
        "who": f" for the user {user!r}" if user else "",
        "other": "" if address.user else f"No user was named; one stands before the host, as in pi@pi@{address}. ",
    }
    for text, reason, step in _REASONS:
        if text.lower() in ending.log.lower():
            return f"{address} cannot be reached: {reason.format(**words)}. {step.format(**words)}"
    if any(word.lower() in ending.log.lower() for word in _CLOSED):
        return (
            f"{address} closed the connection before the login was done. It may still be starting, refuse this "
            f"machine, or what listens there is not ssh. Try again in a minute, or by hand: ssh {address.login}"
        )
    if not lines and ending.exit_code == 255 and ending.seconds >= CONNECT_SECONDS:
        # Some versions of ssh give up in the middle of a handshake, too, and say so at a higher log level only.
        return f"{address} did not answer within {CONNECT_SECONDS} s. Try by hand: ssh {address.login}"
    detail = f": {lines[-1]}" if lines else ""
    end = "ssh does not end" if ending.exit_code is None else f"ssh ended with {ending.exit_code}"
    return f"{address} cannot be reached{detail} ({end}). Try by hand: ssh {address.login}"


def _tried_user(log: str) -> str | None:
    """Whom ssh tried to log in as: ``pi@raspberrypi.local: Permission denied (publickey).``"""
    found = re.search(r"^([^\s@:]+)@\S+: Permission denied", log, re.MULTILINE)
    return found[1] if found else None
