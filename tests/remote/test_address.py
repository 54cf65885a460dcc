"""Addresses of devices: what ssh takes, and nothing that it would take for an option."""

import pytest

from edgekit.errors import UsageError
from edgekit.remote.address import SshAddress, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pi@raspberrypi.local", SshAddress("raspberrypi.local", "pi")),
        ("kitchen", SshAddress("kitchen")),
        ("root@127.0.0.1:2222", SshAddress("127.0.0.1", "root", 2222)),
        ("pi@[fe80::1%eth0]:22", SshAddress("fe80::1%eth0", "pi", 22)),
        ("[::1]", SshAddress("::1")),
        ("my_user-1@pi-4:65535", SshAddress("pi-4", "my_user-1", 65535)),
    ],
)
def test_parse(text: str, expected: SshAddress) -> None:
    address = parse_address(text)
    assert address == expected
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "pi@", "@host", "-oProxyCommand=touch", "pi@-oProxyCommand=x", "-l@host", "host:", "host:0",
        "host:65536", "host:ssh", "a b", "host;reboot", "$(reboot)", "pi@host\n", "host:²²", "fe80::1",
        "pi@a/b", "pi@`id`",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match=r"\[user@\]host"):
        parse_address(text)


def test_the_error_shows_a_whole_target() -> None:
    with pytest.raises(UsageError, match=r"pi@pi@raspberrypi\.local is the user pi on the Pi raspberrypi\.local"):
        parse_address("pi@a,pi@b")


def test_words_end_the_options_before_the_host() -> None:
    assert parse_address("pi@host:7").words == ["-p", "7", "--", "pi@host"]
    assert parse_address("[::1]").words == ["--", "::1"]
    assert parse_address("pi@host:7").login == "-p 7 pi@host"
