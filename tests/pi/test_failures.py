"""What is wrong with a device or the way to it: a sentence, nothing left there, and a second try that works."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from edgekit.errors import TargetError
from tests.pi.checks import CACHE, SHORT, Open, assert_clean, assert_fails, assert_works, not_kept
from tests.pi.commands import bench, edgekit, finish, start
from tests.pi.device import Pi


def test_another_host_key(ready_pi: Pi, target: Open, tmp_path: Path) -> None:
    key = ready_pi.login.identity.with_suffix(".pub").read_text()
    (tmp_path / "known").write_text(f"[{ready_pi.host}]:{ready_pi.port} {key}")
    device = target(None, "-o", f"UserKnownHostsFile={tmp_path}/known")
    assert_fails(device, "is not the one that was seen before", f"ssh-keygen -R '[{ready_pi.host}]:{ready_pi.port}'")


def test_an_unknown_host(target: Open) -> None:
    assert_fails(target(None, "-o", "UserKnownHostsFile=/dev/null"), "not known here yet", "Connect once by hand")


def test_no_key(target: Open) -> None:
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "IdentityAgent=none")
    words = [word for option in options for word in ("-o", option)]
    none = ("-F", "/dev/null", *words, "-i")
    assert_fails(target(None, *none, "/no/such/key"), "does not accept a key", "ssh-copy-id")
    assert_fails(target(None, *none, "/dev/null"), "which others may read", "chmod 600")


def test_nothing_listens(ready_pi: Pi, target: Open) -> None:
    ready_pi.stop()
    try:
        assert_fails(target(), "nothing listens for ssh", "raspi-config")
    finally:
        ready_pi.start()


def test_a_device_that_is_off(ready_pi: Pi, target: Open) -> None:
    with ready_pi.switched_off():
        begin = time.monotonic()
        device = target(None, "-o", "ConnectTimeout=2")
        for _ in range(2):  # the second time at once
            assert_fails(device, "did not answer", "switched on")
        assert time.monotonic() - begin < 20
    assert_works(ready_pi)


def test_no_python(ready_pi: Pi, target: Open) -> None:
    with ready_pi.without("/usr/bin/python3"):
        assert_fails(target(), "has no python3", "sudo apt install python3")


def test_a_python_that_is_too_old(ready_pi: Pi, target: Open) -> None:
    # The real one that says of itself that it is older.
    text = "#!/bin/sh\nexec /usr/bin/python3 -c 'import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])' \"$3\"\n"
    with ready_pi.replaced("/usr/local/bin/python3", text, mode=0o755):
        assert_fails(target(), "has Python 3.9", "3.11", "Bookworm")
    assert_clean(ready_pi)


def test_a_python_that_does_not_start(ready_pi: Pi, target: Open) -> None:
    with ready_pi.replaced("/usr/local/bin/python3", "#!/bin/sh\necho broken >&2; exit 3\n", mode=0o755):
        assert_fails(target(), "cannot start python3: broken (exit code 3)")


@pytest.mark.parametrize("shell", ["echo hello; echo; printf 'no newline'", "echo noise >&2", "cd /tmp; umask 000"])
def test_a_login_that_does_more(shell: str, ready_pi: Pi, target: Open) -> None:
    with ready_pi.replaced("/root/.bashrc", f"{shell}\n"):
        assert target().describe().emulated


def test_no_room(ready_pi: Pi, target: Open, tmp_path: Path) -> None:
    model = tmp_path / "large.tflite"
    model.write_bytes(os.urandom(8 << 20))
    device = target()
    device.describe()
    with ready_pi.disk(free=2 << 20), pytest.raises(TargetError, match=r"no space left.*doctor --on pi@root@"):
        device.measure(model, SHORT)
    device.close()
    assert_clean(ready_pi)
    with not_kept(ready_pi), ready_pi.disk(free=60 << 20):
        device = target()
        assert_fails(device, "no space left")
        device.close()
        assert_clean(ready_pi)
        assert list(ready_pi.path(f"{CACHE}/runtime").iterdir()) == []
    assert_works(ready_pi)


def test_a_home_that_cannot_be_written_to(ready_pi: Pi, target: Open) -> None:
    ready_pi.run("mv /home/pi/.cache /root/pi-cache; chmod 555 /home/pi")
    try:
        device = target(f"pi@{ready_pi.host}:{ready_pi.port}")
        assert_fails(device, "does not let this user write", "/home/pi/.cache")
        device.close()
        assert ready_pi.left_over() == []
    finally:
        ready_pi.run("chmod 755 /home/pi; mv /root/pi-cache /home/pi/.cache")


def test_what_was_kept_and_lost_a_file_is_sent_again(ready_pi: Pi, target: Open) -> None:
    (kept,) = ready_pi.path(f"{CACHE}/edgekit").iterdir()
    (kept / "edgekit/errors.py").unlink()
    assert target().describe().emulated
    assert (kept / "edgekit/errors.py").is_file()


def test_what_was_kept_and_is_damaged(ready_pi: Pi, target: Open) -> None:
    (kept,) = ready_pi.path(f"{CACHE}/edgekit").iterdir()
    module = kept / "edgekit/measure/device_worker.py"
    sound = module.read_bytes()
    module.write_bytes(b"(" + sound[1:])
    try:
        assert_fails(target(), "does not run on", "SyntaxError", "doctor --on pi@root@", "--remove")
    finally:
        module.write_bytes(sound)


def test_names_and_files_of_ill_will(ready_pi: Pi, shared_data: Path, tmp_path: Path) -> None:
    zoo = shared_data / "tflite-zoo/tflite-micro"
    sound = zoo / "hello_world_float.tflite"
    evil = tmp_path / "a; rm -rf ~.tflite"
    shutil.copy(sound, evil)
    damaged = tmp_path / "$(touch owned)`touch owned`'\".tflite"
    damaged.write_bytes(sound.read_bytes()[:500])
    crashing = zoo / "keyword_scrambled_8bit.tflite"
    marker = ready_pi.path("/root/precious")
    marker.touch()
    ended = bench(ready_pi, evil, damaged, crashing)
    assert ended.code == 1
    assert [row["artifact"] for row in ended.json["results"]] == [evil.name]
    reasons = {row["artifact"]: row["reason"] for row in ended.json["failures"]}
    assert list(reasons) == [damaged.name, crashing.name]
    assert damaged.name in reasons[damaged.name]
    assert "crashed the engine" in reasons[crashing.name]
    assert marker.exists()
    marker.unlink()
    assert ready_pi.run("find / -xdev -name owned").stdout == ""
    assert_clean(ready_pi)


def test_two_tries_at_once(ready_pi: Pi) -> None:
    """Both send what is not there yet; both get on."""
    with not_kept(ready_pi):
        tries = [start(ready_pi, "doctor", "--on", ready_pi.target) for _ in range(2)]
        ended = [finish(one) for one in tries]
        assert [one.code for one in ended] == [0, 0], [one.log for one in ended]
        assert len(list(ready_pi.path(f"{CACHE}/runtime").iterdir())) == 1
        assert_clean(ready_pi)


def test_removing_what_another_uses(ready_pi: Pi, target: Open) -> None:
    device = target()
    device.describe()
    ended = edgekit(ready_pi, "doctor", "--on", ready_pi.target, "--remove")
    assert ended.code != 0
    assert "another connection of EdgeKit's is at work there" in ended.log
    assert device.describe().emulated
    device.close()
    assert_works(ready_pi)
