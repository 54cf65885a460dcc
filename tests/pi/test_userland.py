"""The emulated device is what it claims to be, computes right numbers, fails as real ones do, and leaves nothing."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.pi.board import CPUS, MODEL
from tests.pi.device import Pi
from tests.pi.userland import Userland

XNNPACK = "Created TensorFlow Lite XNNPACK delegate"
INVOKE = Path(__file__).with_name("invoke.py")
VWW = Path("mlperf-tiny", "visual_wake_words", "trained_models")


def test_it_is_an_arm_device_with_the_python_of_its_debian(pi: Pi) -> None:
    program = "import platform, sys; print(platform.machine(), '%d.%d' % sys.version_info[:2], platform.node())"
    assert pi.run(f'python3 -c "{program}"').stdout.split() == ["aarch64", pi.userland.python, "raspberrypi"]
    said = pi.run("uname -m; nproc; grep Model /proc/cpuinfo; cat /sys/firmware/devicetree/base/model").stdout
    assert said.split("\n") == ["aarch64", str(CPUS), f"Model\t\t: {MODEL}", f"{MODEL}\0"]


def test_both_users_log_in_and_own_their_home(pi: Pi) -> None:
    assert pi.run("id -un; pwd; touch mine; rm mine").stdout.split() == ["root", "/root"]
    assert pi.run("id -un; pwd; touch mine; rm mine", user="pi").stdout.split() == ["pi", "/home/pi"]
    assert pi.run("touch /etc/mine", user="pi", check=False).returncode == 1


def test_nobody_else_logs_in(pi: Pi, tmp_path: Path) -> None:
    other = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    ssh = ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", str(other)]
    ssh += ["-o", f"UserKnownHostsFile={pi.login.known_hosts}", "-p", str(pi.port), f"root@{pi.host}", "true"]
    done = subprocess.run(ssh, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_every_program_that_sshd_starts_has_the_cpu_of_a_pi(pi: Pi) -> None:
    assert pi.run("echo $QEMU_CPU; sh -c 'echo $QEMU_CPU'").stdout.split() == ["cortex-a72"] * 2


def test_it_is_bare_and_offline(pi: Pi) -> None:
    assert "No module named 'numpy'" in pi.run("python3 -c 'import numpy'", check=False).stderr
    assert "No module named pip" in pi.run("python3 -m pip", check=False).stderr
    assert pi.run("python3 -m venv /tmp/venv; code=$?; rm -rf /tmp/venv; exit $code", check=False).returncode != 0
    program = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"  # an address that is for examples
    assert "Network is unreachable" in pi.run(f'python3 -c "{program}"', check=False).stderr


@pytest.mark.parametrize("name", ["vww_96_int8", "vww_96_float"])
def test_litert_computes_what_it_does_here_with_xnnpack(
    pi: Pi, arm_wheels: Path, shared_data: Path, tmp_path: Path, name: str
) -> None:
    wheels = pi.path("/opt/wheels")
    if not wheels.exists():
        shutil.copytree(arm_wheels, wheels)
    model = shared_data / VWW / f"{name}.tflite"
    photos = sorted((shared_data / "flowers-224" / "val" / "roses").glob("*.jpg"))[:8]
    pixels = np.stack([np.asarray(Image.open(photo).convert("RGB").resize((96, 96))) for photo in photos])
    inputs = (pixels.astype(np.int16) - 128).astype(np.int8) if "int8" in name else pixels / np.float32(255)
    np.save(tmp_path / "inputs.npy", inputs)
    for file in (model, tmp_path / "inputs.npy", INVOKE):
        shutil.copy(file, pi.path("/tmp"))

    command = [sys.executable, str(INVOKE), str(model), str(tmp_path / "inputs.npy"), str(tmp_path / "outputs.npy")]
    here = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    there = pi.run(f"cd /tmp; PYTHONPATH=/opt/wheels python3 invoke.py {model.name} inputs.npy outputs.npy")
    print(there.stdout)

    assert XNNPACK in here.stderr
    assert XNNPACK in there.stderr
    assert json.loads(there.stdout)["machine"] == "aarch64"
    expected, got = np.load(tmp_path / "outputs.npy"), np.load(pi.path("/tmp/outputs.npy"))
    assert len(np.unique(expected, axis=0)) > 1  # else anything that never changes would pass
    if "int8" in name:
        assert got.dtype == np.int8
        np.testing.assert_array_equal(got, expected)
    else:
        np.testing.assert_allclose(got, expected, atol=1e-4)


def test_scp_and_sftp_work(pi: Pi, tmp_path: Path) -> None:
    name = "a; rm -rf ~.txt"
    (tmp_path / name).write_bytes(b"\0\xff")
    scp = ["scp", "-q", "-P", str(pi.port), str(tmp_path / name), f"root@{pi.host}:/tmp/"]
    subprocess.run(scp, env=pi.login.environment(), check=True, timeout=60)
    assert pi.path(f"/tmp/{name}").read_bytes() == b"\0\xff"
    pi.path(f"/tmp/{name}").unlink()


def test_it_is_its_own_jump_host(pi: Pi) -> None:
    jump = ["-o", f"ProxyCommand={pi.login.bin}/ssh -p {pi.port} -W %h:%p root@{pi.host}", "-o", "HostKeyAlias=inner"]
    key = pi.login.known_hosts.read_text().split(" ", 1)[1]
    inner = pi.login.known_hosts.with_name("known_hosts_inner")
    inner.write_text(f"inner {key}")
    command = [str(pi.login.bin / "ssh"), *jump, "-o", f"UserKnownHostsFile={inner}", "pi@127.0.0.1", "id -un"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "pi", done.stderr


def test_two_devices_do_not_see_each_other(pi: Pi, bare_pi: Pi) -> None:
    assert bare_pi.port != pi.port
    pi.path("/tmp/mark").touch()
    assert bare_pi.run("test -e /tmp/mark", check=False).returncode == 1
    pi.path("/tmp/mark").unlink()


def test_the_cached_userland_is_never_written_to(pi: Pi, userland: Userland) -> None:
    pi.run("echo changed >/etc/motd; rm /etc/hostname")
    assert (userland.root / "etc/hostname").read_text() == "raspberrypi\n"
    assert not (userland.root / "etc/motd").exists()
    pi.run("rm /etc/motd; echo raspberrypi >/etc/hostname")


def test_a_full_disk_is_one_for_programs(pi: Pi) -> None:
    with pi.disk(free=100_000):
        done = pi.run("head -c 1000000 /dev/zero >/root/big", check=False)
        assert "No space left on device" in done.stderr
        pi.run("rm /root/big")
    pi.run("head -c 1000000 /dev/zero >/root/big; rm /root/big")


def test_files_are_hidden_and_replaced_for_a_while(pi: Pi) -> None:
    with pi.without("/usr/bin/python3"):
        assert pi.run("python3 --version", check=False).returncode == 127
    with pi.replaced("/usr/local/bin/vcgencmd", "#!/bin/sh\necho throttled=0x50005\n", mode=0o755):
        assert pi.run("vcgencmd get_throttled").stdout == "throttled=0x50005\n"
    with pi.replaced("/sys/class/thermal/thermal_zone0/temp", "85000\n"):
        assert pi.run("cat /sys/class/thermal/thermal_zone0/temp").stdout == "85000\n"
    assert pi.run("python3 -c pass; cat /sys/class/thermal/thermal_zone0/temp").stdout == "48199\n"
    assert pi.run("command -v vcgencmd", check=False).returncode == 1


def test_what_runs_is_seen_and_killed(pi: Pi) -> None:
    pi.run("nohup sleep 600 >/dev/null 2>&1 &")
    assert [process.command for process in pi.left_over(within=1)] == [("sleep", "600")]
    pi.kill_all()
    assert pi.left_over() == []


def test_sshd_stops_and_starts(pi: Pi) -> None:
    pi.stop()
    try:
        assert "Connection refused" in pi.run("true", check=False).stderr
    finally:
        pi.start()
    pi.run("true")


def test_a_dropped_connection_ends_the_client(pi: Pi) -> None:
    with _sleeping(pi) as client:
        pi.drop_connections()
        assert client.wait(timeout=30) == 255
    pi.kill_all()
    pi.run("true")


def test_switched_off_means_silence(pi: Pi) -> None:
    with _sleeping(pi) as client:
        with pi.switched_off():
            for _ in range(2):  # one connection more than the backlog has place for
                done = pi.run("true", check=False, timeout=30, options=["-o", "ConnectTimeout=1"])
                assert done.returncode == 255
                assert "timed out" in done.stderr
            assert client.poll() is None
        assert client.wait(timeout=30) == 255
    assert pi.left_over() == []
    pi.run("true")


def test_nothing_is_left_when_the_tests_are_killed(userland: Userland, tmp_path: Path) -> None:
    """Of a device whose owner is killed, neither a process, nor a port, nor a mount remains."""
    program = (
        "import sys, time; from pathlib import Path\n"
        "from tests.pi.device import Pi; from tests.pi.userland import Userland\n"
        f"pi = Pi(Userland({userland.suite!r}, {userland.python!r}, Path({str(userland.root)!r})), Path(sys.argv[1]))\n"
        "pi.run('nohup sleep 600 >/dev/null 2>&1 &')\n"
        "print(pi.port, pi.processes()[0].pid, flush=True); time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        port, sleeper = map(int, owner.stdout.readline().split())
        assert Path(f"/proc/{sleeper}").exists()
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
    end = time.monotonic() + 20
    while Path(f"/proc/{sleeper}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{sleeper}").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    assert list((tmp_path / "stage").iterdir()) == []


@contextmanager
def _sleeping(pi: Pi) -> Iterator[subprocess.Popen[str]]:
    """A client that waits for a long program on the device, which has surely begun."""
    ssh = [str(pi.login.bin / "ssh"), "-p", str(pi.port), f"root@{pi.host}", "echo begun; sleep 600"]
    client = subprocess.Popen(ssh, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert client.stdout is not None
        assert client.stdout.readline() == "begun\n"
        yield client
    finally:
        client.kill()
        client.communicate()
