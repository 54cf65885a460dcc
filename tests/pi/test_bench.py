"""``edgekit bench --on pi@...`` against a real sshd, a real ARM Python and the real ARM interpreter."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.measure.result import BenchmarkResult
from edgekit.targets.raspberry_pi import RaspberryPi
from tests.cli.test_json_documents import Checker, assert_documented, read_tables
from tests.pi.board import CPUS, MODEL
from tests.pi.commands import bench, edgekit, work_folders
from tests.pi.device import Pi

CACHE = ".cache/edgekit"


@pytest.fixture
def checker(repository: Path) -> Checker:
    """Of the documents that docs/json.md describes."""
    return Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))


def assert_emulated_pi(result: dict[str, Any], pi: Pi) -> None:
    device = result["device"]
    assert (device["model"], device["architecture"], device["cores"]) == (MODEL, "aarch64", CPUS)
    assert (device["emulated"], result["valid"]) == (True, False)
    assert any("The processor is emulated" in reason for reason in result["reasons"])
    assert "XNNPACK" in result["engine"]["kernels"]
    assert device["runtime"].startswith(f"Python {pi.userland.python}.")
    readings = result["conditions"]["readings"]
    assert (readings["governor"], readings["temperature_before"], readings["lowest_frequency"]) == (
        "ondemand",
        48.199,
        1800,
    )
    assert not any("governor" in reason for reason in result["reasons"])  # it reached its full clock
    assert json.loads(json.dumps(BenchmarkResult.from_dict(result).to_dict())) == result


def test_a_bare_offline_device_beside_a_prepared_one(
    bare_pi: Pi, ready_pi: Pi, flower_models: dict[str, Path], checker: Checker, tmp_path: Path
) -> None:
    devices = (bare_pi, ready_pi)
    config = tmp_path / "config"
    keys = "".join(f"  IdentityFile {pi.login.identity}\n" for pi in devices)
    hosts = " ".join(str(pi.login.known_hosts) for pi in devices)
    config.write_text(f"Host *\n{keys}  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {hosts}\n")
    both = ("--on", ",".join(pi.target for pi in devices))
    first = bench(bare_pi, flower_models["int8"], *both, seconds=300, EDGEKIT_SSH_COMMAND=f"ssh -F {config}")
    assert first.code == 0
    assert f"{bare_pi.address}: sending edgekit" in first.log
    assert f"{bare_pi.address}: sending runtime" in first.log
    assert f"{ready_pi.address}: sending runtime" not in first.log
    assert_documented(checker, first.json, "bench")
    assert [result["target"] for result in first.json["results"]] == [pi.target for pi in devices]
    for result in first.json["results"]:
        assert_emulated_pi(result, bare_pi)

    second = bench(bare_pi, flower_models["int8"])
    assert "sending runtime" not in second.log
    for pi in devices:
        assert pi.left_over() == []
        assert work_folders(pi) == []

    look = edgekit(bare_pi, "doctor", "--on", bare_pi.target)
    assert look.code == 0
    assert "1800 of 1800 MHz, governor ondemand" in look.output
    assert_documented(checker, edgekit(bare_pi, "doctor", "--on", bare_pi.target, "--json").json, "device-behind-ssh")
    removal = edgekit(bare_pi, "doctor", "--on", bare_pi.target, "--remove", "--json")
    assert_documented(checker, removal.json, "removal")
    assert removal.json["bytes"] > 20e6
    assert not bare_pi.path(f"/root/{CACHE}").exists()
    again = edgekit(bare_pi, "doctor", "--on", bare_pi.target, "--remove")
    assert "nothing of EdgeKit's was there" in again.output


def test_several_models_beside_this_machine_and_on_labelled_photos(
    ready_pi: Pi, flower_models: dict[str, Path], shared_data: Path
) -> None:
    data = ("--data", shared_data / "flowers-224", "--photos", "20")
    on = ("--on", f"{ready_pi.target},local")
    ended = bench(ready_pi, *flower_models.values(), *on, *data)
    assert (ended.code, ended.json["failures"]) == (0, [])
    rows = {(row["target"], row["artifact"].split(".")[1]): row for row in ended.json["results"]}
    assert list(rows) == [(where, kind) for where in (ready_pi.target, "local") for kind in ("fp32", "int8")]
    for (where, kind), row in rows.items():
        assert row["latency"]["runs"] == 6
        found = row["accuracy"]
        assert (found["photos"], found["agreement"]) == (20, 1.0)
        assert 0 < found["accuracy"] == found["accuracy_here"] < 1
        assert found["max_difference"] <= (0 if kind == "int8" else 1e-4)
        assert row["engine"] == rows["local", kind]["engine"]
        if where != "local":
            assert_emulated_pi(row, ready_pi)
    assert rows[ready_pi.target, "int8"]["accuracy"]["identical"] == 1.0


def test_what_the_device_says_of_itself_stands_in_the_table(ready_pi: Pi, flower_models: dict[str, Path]) -> None:
    cpu = "/sys/devices/system/cpu/cpu{}/cpufreq/{}"
    slow = [ready_pi.replaced(cpu.format(core, "scaling_cur_freq"), "600000\n") for core in range(CPUS)]
    with (
        ready_pi.replaced("/usr/local/bin/vcgencmd", "#!/bin/sh\necho throttled=0x50005\n", mode=0o755),
        ready_pi.replaced(cpu.format(0, "scaling_governor"), "powersave\n"),
        ready_pi.replaced("/sys/class/thermal/thermal_zone0/temp", "84000\n"),
        slow[0],
        slow[-1] if CPUS > 1 else ready_pi.replaced("/tmp/none", ""),
    ):
        ended = edgekit(ready_pi, "bench", flower_models["int8"], "--on", ready_pi.target, "--runs", "6", "--seconds=0")
    assert "The device says: the voltage is too low, it is throttled at up to 84 °C." in ended.output
    assert "It ran at 600 of 1800 MHz under the governor powersave." in ended.output


def test_the_one_resize_gives_the_same_bytes_on_arm(ready_pi: Pi, repository: Path) -> None:
    code = """
import base64, glob, json, sys
for part in glob.glob("/root/.cache/edgekit/edgekit/*") + glob.glob("/root/.cache/edgekit/runtime/*"):
    sys.path.insert(0, part)
import numpy as np
from edgekit.preprocess import prepare
from edgekit.preprocess.compiled import library
from edgekit.spec import ImageFormat
assert library().name == "linux-aarch64.so", library()
answers = []
for case in json.load(sys.stdin)["cases"]:
    source, target = case["source"], case["target"]
    shape = source["height"], source["width"], source["channels"]
    pixels = np.frombuffer(base64.b64decode(source["pixels"]), np.uint8).reshape(shape)
    form = ImageFormat(target["width"], target["height"], color=case["color"], resize=case["mode"], fill=case["fill"])
    answers.append(base64.b64encode(prepare(pixels, form).tobytes()).decode())
print(json.dumps(answers))
"""
    vectors = (repository / "tests/golden/vectors.json").read_bytes()
    ready_pi.path("/tmp/golden.py").write_text(code)
    answers = json.loads(ready_pi.run("python3 /tmp/golden.py; rm /tmp/golden.py", input=vectors).stdout)
    cases = json.loads(vectors)["cases"]
    assert len(cases) == len(answers) > 20
    assert len({base64.b64decode(answer) for answer in answers}) > 20
    for case, answer in zip(cases, answers, strict=True):
        assert answer == case["expected"], case["name"]


def test_a_user_without_rights(ready_pi: Pi, target: Callable[..., RaspberryPi]) -> None:
    assert target(f"pi@{ready_pi.host}:{ready_pi.port}").describe().emulated
    assert ready_pi.run("find /home/pi/.cache/edgekit ! -user pi").stdout == ""


@pytest.mark.parametrize("how", ["alias", "shared", "jump"])
def test_the_users_own_configuration_of_ssh(
    how: str, ready_pi: Pi, target: Callable[..., RaspberryPi], tmp_path: Path
) -> None:
    config = tmp_path / "config"
    ssh = f"{ready_pi.login.bin}/ssh -p {ready_pi.port} root@{ready_pi.host}"
    extra = {
        "alias": f"  HostName {ready_pi.host}\n  Port {ready_pi.port}\n  RemoteCommand tmux\n  RequestTTY yes\n",
        "shared": f"  HostName {ready_pi.host}\n  Port {ready_pi.port}\n  ControlMaster auto\n  ControlPersist 60\n"
        f"  ControlPath {tmp_path}/masters/%n\n",
        "jump": f"  HostName {ready_pi.host}\n  ProxyCommand {ssh.replace('root@', '-W %h:%p root@')}\n",
    }[how]
    (tmp_path / "masters").mkdir()
    known = tmp_path / "known_hosts"
    known.write_text("kitchen " + ready_pi.login.known_hosts.read_text().split(" ", 1)[1])
    config.write_text(
        f"Host kitchen\n{extra}  User root\n  HostKeyAlias kitchen\n  UserKnownHostsFile {known}\n"
        f"  IdentityFile {ready_pi.login.identity}\n  IdentitiesOnly yes\n"
    )
    device = target("kitchen", "-F", str(config))
    assert device.describe().model == MODEL
    device.close()
    assert not list((tmp_path / "masters").iterdir()), "it made itself a master that stays"
    assert ready_pi.left_over() == []
