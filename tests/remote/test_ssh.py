"""The sentences for ssh's failures, on what OpenSSH 9.2 prints."""

import shlex

import pytest

from edgekit.errors import TargetError
from edgekit.remote.address import SshAddress
from edgekit.remote.ssh import COMMAND_VARIABLE, REMOTE_COMMAND, Ending, explain_ending, ssh_command

PI = SshAddress("raspberrypi.local", "pi")
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key verification failed."""


@pytest.mark.parametrize(
    ("code", "log", "words"),
    [
        (255, CHANGED, ["is not the one that was seen before", "ssh-keygen -R raspberrypi.local"]),
        (255, "Host key verification failed.", ["not known here yet", "ssh pi@raspberrypi.local"]),
        (255, "pi@raspberrypi.local: Permission denied (publickey).", ["ssh-copy-id pi@raspberrypi.local"]),
        (255, "ssh: Could not resolve hostname x: Name or service not known", ["no such host"]),
        (255, "ssh: connect to host x port 22: Connection refused", ["nothing listens", "raspi-config"]),
        (255, "ssh: connect to host x port 22: Connection timed out", ["did not answer", "switched on"]),
        (255, "ssh: connect to host x port 22: No route to host", ["no way to it"]),
        (255, "Connection closed by 10.0.0.1 port 22", ["closed the connection before the login was done"]),
        (127, "bash: line 1: exec: python3: not found", ["has no python3", "apt install python3"]),
        (255, "kex_exchange_identification: unheard of", ["unheard of", "Try by hand: ssh pi@"]),
        (1, "", ["cannot start python3", "exit code 1"]),
        (1, "exec: python3: Command not found.", ["has no python3"]),
        (255, "", ["ssh ended with 255"]),
        (None, "", ["ssh does not end"]),
    ],
)
def test_explain(code: int | None, log: str, words: list[str]) -> None:
    text = explain_ending(Ending(code, log, greeted=False), PI)
    assert "pi@raspberrypi.local" in text
    for word in words:
        assert word in text


def test_the_user_that_was_tried_is_named() -> None:
    log = "me@raspberrypi.local: Permission denied (publickey)."
    text = explain_ending(Ending(255, log, greeted=False), SshAddress("raspberrypi.local"))
    assert "it does not accept a key of yours for the user 'me'" in text
    assert "No user was named; one stands before the host, as in pi@pi@raspberrypi.local." in text
    assert "ssh-copy-id raspberrypi.local" in text
    named = explain_ending(Ending(255, log, greeted=False), PI)
    assert "for the user 'pi'" in named
    assert "No user" not in named


def test_an_end_without_a_word_after_the_time_limit() -> None:
    assert "did not answer within 15 s" in explain_ending(Ending(255, "", greeted=False, seconds=15.1), PI)


def test_a_long_line_of_the_device_is_cut() -> None:
    assert len(explain_ending(Ending(2, "x" * 2000, greeted=False), PI)) < 500


def test_after_the_greeting_every_end_is_a_lost_connection() -> None:
    text = explain_ending(Ending(255, "Timeout, server not responding. Connection timed out", greeted=True), PI)
    assert text == "The connection to pi@raspberrypi.local was lost. Is it still switched on? Then try again."


def test_a_changed_key_at_another_port_is_forgotten_by_its_own_name() -> None:
    assert "-R '[pi]:2222'" in explain_ending(Ending(255, CHANGED, greeted=False), SshAddress("pi", None, 2222))


def test_the_command_line_is_ssh_s_and_the_remote_part_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COMMAND_VARIABLE, raising=False)
    words = ssh_command(PI)
    assert words[0] == "ssh"
    assert words[-3:] == ["--", "pi@raspberrypi.local", REMOTE_COMMAND]
    assert "BatchMode=yes" in words
    assert shlex.split(REMOTE_COMMAND)[:4] == ["exec", "python3", "-I", "-c"]
    monkeypatch.setenv(COMMAND_VARIABLE, 'a "b')
    with pytest.raises(TargetError, match=r"EDGEKIT_SSH_COMMAND is no command line \(no closing quotation\)"):
        ssh_command(PI)
    monkeypatch.setenv(COMMAND_VARIABLE, "ssh -F 'my config'")
    assert ssh_command(PI)[:3] == ["ssh", "-F", "my config"]
