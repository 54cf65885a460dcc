"""Commands and files on a device: every argument arrives as it is, and every end is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import TargetError
from edgekit.remote.android.adb import Adb, DeviceGoneError, TooSlowError
from edgekit.remote.android.devices import Listed
from edgekit.remote.android.phone import Phone
from tests.android.adb.device import Banner
from tests.android.conftest import SwitchOn
from tests.android.handset import Handset

HOSTILE = (
    "a b",
    "it's",
    '"quoted"',
    "$(touch /data/local/tmp/owned)",
    "`touch /data/local/tmp/owned`",
    "; touch /data/local/tmp/owned;",
    "&& rm -rf /data",
    "two\nlines",
    "-rf",
    "--",
    "*",
    "~",
    "tulpe-ä-花-🌷",
    "back\\slash",
    "#comment",
    "",
    " ",
    "!history",
    "%s%n",
)


def phone_of(handset: Handset) -> Phone:
    return Phone(Adb(handset.adb.environment), Listed(handset.serial, "device", "Test"))


@pytest.mark.parametrize(
    "banner",
    [Banner(), Banner(features=("cmd",)), Banner(features=(), largest=4096)],
    ids=["of today", "without shell_v2", "very old"],
)
def test_arguments_output_and_exit_codes(switch_on: SwitchOn, banner: Banner) -> None:
    handset = switch_on(banner=banner)
    phone = phone_of(handset)
    said = phone.shell(["printf", "%s|", *HOSTILE])
    assert (said.code, said.output) == (0, "".join(f"{word}|" for word in HOSTILE))
    assert phone.script("echo out; echo err >&2; exit 7").code == 7
    assert phone.script("exit 300").code == 44
    long = "x" * 300_000
    assert phone.script("head -c 300000 /dev/zero | tr '\\0' x").output == long
    version = "shell,v2" if "shell_v2" in banner.features else "shell:"
    assert handset.device.opened[-1].startswith(version)
    assert handset.left_over() == []


@pytest.mark.parametrize("banner", [Banner(), Banner(features=(), largest=4096)], ids=["of today", "very old"])
def test_files(switch_on: SwitchOn, banner: Banner, tmp_path: Path) -> None:
    handset = switch_on(banner=banner)
    phone = phone_of(handset)
    content = bytes(range(256)) * 1000
    for word in (HOSTILE[3], HOSTILE[7], HOSTILE[8], HOSTILE[12]):
        name = word.replace("/", "_")
        source = tmp_path / name
        source.write_bytes(content)
        target = f"/data/local/tmp/{name}"
        phone.push(source, target)
        assert handset.sandbox.path(target).read_bytes() == content
        assert phone.pull(target, len(content)) == content
    assert phone.tidy() is None
    assert handset.left_over() == []
    with pytest.raises(TargetError, match=r"cannot be read on .* \(cat: .*No such file"):
        phone.pull("/data/local/tmp/nothing", 1000)
    with pytest.raises(TargetError, match="did not take"):
        phone.push(source, "/proc/nothing/file")


def test_a_command_that_takes_too_long(handset: Handset) -> None:
    with pytest.raises(TooSlowError, match="did not answer within 1 s"):
        phone_of(handset).script("sleep 30", 1)


def test_the_end_of_a_connection_is_no_success(handset: Handset) -> None:
    """Adb's own exit code is 0 where the cable is pulled while a command runs."""
    handset.device.unplug_when("shell")
    with pytest.raises(DeviceGoneError, match="was lost"):
        phone_of(handset).script("sleep 5; echo done")


def test_what_is_left_is_said(handset: Handset, tmp_path: Path) -> None:
    phone = phone_of(handset)
    (tmp_path / "x").write_bytes(b"x")
    phone.push(tmp_path / "x", "/data/local/tmp/a b")
    handset.device.unplug()
    problem = phone.tidy()
    assert problem is not None
    assert f"adb -s {handset.serial} shell" in problem
    assert "/data/local/tmp/a b" in problem


def test_free_room(handset: Handset) -> None:
    phone = phone_of(handset)
    room = phone.free_bytes("/data/local/tmp")
    assert room is not None
    assert 200e6 < room < 300e6
    assert phone.free_bytes("/no/such/folder") is None
