"""``edgekit bench --on android`` with the real adb: by the app, by ``benchmark_model``, on two devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.doctor.checks import check_android
from edgekit.doctor.findings import CheckFailed
from edgekit.measure.result import BenchmarkResult
from tests.android.adb.client import AdbClient
from tests.android.adb.device import Banner
from tests.android.conftest import SwitchOn
from tests.android.handset import PACKAGE, TOOL, Handset
from tests.cli.test_json_documents import Checker, assert_documented, read_tables


@pytest.fixture
def checker(repository: Path) -> Checker:
    """Of the documents that docs/json.md describes."""
    return Checker(read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8")))


def assert_emulated(result: dict[str, Any]) -> None:
    assert (result["device"]["emulated"], result["valid"]) == (True, False)
    assert any("The processor is emulated" in reason for reason in result["reasons"])
    assert result["device"]["os"] == "Android 14 (API 34)"
    assert json.loads(json.dumps(BenchmarkResult.from_dict(result).to_dict())) == result


def test_by_the_app_on_labelled_photos(
    handset: Handset, flowers: list[Path], shared_data: Path, checker: Checker
) -> None:
    handset.install_app()
    data = ("--data", shared_data / "flowers-224", "--photos", "10")
    ended = handset.bench(*flowers, *data)
    assert (ended.code, ended.json["failures"]) == (0, [])
    assert_documented(checker, ended.json, "bench")
    for result in ended.json["results"]:
        assert_emulated(result)
        assert result["latency"]["runs"] == 6
        assert result["engine"]["name"] == "LiteRT"
        assert result["device"]["runtime"] == "EdgeKit's app"
        assert result["conditions"]["phone"]["battery_level"] == 0.8
        accuracy = result["accuracy"]
        assert (accuracy["photos"], accuracy["identical"], accuracy["max_difference"]) == (10, 1, 0)
    assert handset.left_over() == []


def test_by_the_tool_of_this_machine_and_of_the_device(
    handset: Handset, hello: Path, tmp_path: Path, checker: Checker
) -> None:
    other = tmp_path / "$(touch owned) ‘ü’; 'rm -rf ~'\n.tflite"
    other.write_bytes(hello.read_bytes())
    handset.install_app()  # what the user names is taken first
    ended = handset.bench(hello, other, EDGEKIT_BENCHMARK_MODEL=str(TOOL))
    assert (ended.code, ended.json["failures"]) == (0, [])
    assert_documented(checker, ended.json, "bench")
    first, second = ended.json["results"]
    assert second["artifact"] == other.name
    for result in (first, second):
        assert_emulated(result)
        times = result["latency"]
        assert times["runs"] == 6
        assert times["min"] <= times["p50"] <= times["max"]
        assert (times["p90"], times["p50_low"]) == (None, None)
        assert result["engine"]["kernels"] == "XNNPACK"
        assert result["conditions"]["phone"]["charging"] is True
        assert result["peak_memory_bytes"] > 1e6
    assert handset.left_over() == []
    assert not handset.sandbox.path("/data/local/tmp/benchmark_model").exists()
    assert handset.sandbox.run("find /data /sdcard / -maxdepth 1 -name owned") == ""

    handset.sandbox.path(f"/data/app/{PACKAGE}").unlink()
    handset.install_tool()
    ended = handset.edgekit("bench", hello, "--on", handset.target, "--runs", "6", "--seconds", "0", "--warmup", "0")
    assert ended.code == 0
    assert "EdgeKit test phone" in ended.output
    assert handset.sandbox.path("/data/local/tmp/benchmark_model").exists()  # it was there before
    assert handset.left_over() == []


def test_two_devices(switch_on: SwitchOn, hello: Path) -> None:
    phones = [switch_on(banner=Banner(model=f"Phone {letter}")) for letter in "AB"]
    for phone in phones:
        phone.install_app()
    ended = phones[0].bench(hello, "--on", ",".join(phone.target for phone in phones))
    assert (ended.code, len(ended.json["results"])) == (0, 2)
    for phone in phones:
        assert "sync:" in phone.device.opened
        assert phone.left_over() == []

    ended = phones[0].bench(hello, "--on", "android")
    (failure,) = ended.json["failures"]
    assert "adb lists 2 devices" in failure["reason"]
    for phone, letter in zip(phones, "AB", strict=True):
        assert f"{phone.serial} (Phone {letter})" in failure["reason"]
    assert "--on android@127.0.0.1:" in failure["reason"]
    ended = phones[0].bench(hello, "--on", "android", ANDROID_SERIAL=phones[1].serial)
    assert ended.code == 0


def test_the_only_device_needs_no_serial(handset: Handset, adb: AdbClient, hello: Path) -> None:
    handset.install_app()
    assert adb.run("devices").count("\tdevice") == 1
    assert handset.bench(hello, "--on", "android:cpu").code == 0


def test_doctor(handset: Handset, checker: Checker) -> None:
    bare = handset.edgekit("doctor", "--on", handset.target)
    assert bare.code == 1
    assert "no benchmark_model, here or there" in bare.output
    handset.install_app()
    handset.battery(5, powered=False)
    ended = handset.edgekit("doctor", "--on", handset.target, "--json")
    assert ended.code == 0
    assert_documented(checker, ended.json, "android-device")
    assert ended.json["phone"]["apps"] == [PACKAGE]
    assert (ended.json["device"]["model"], ended.json["device"]["emulated"]) == ("EdgeKit test phone", True)
    text = handset.edgekit("doctor", "--on", handset.target).output
    assert "The battery is at 5 %" in text
    assert handset.left_over() == []


def test_the_check_of_doctor(adb: AdbClient, handset: Handset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in adb.environment.items():
        monkeypatch.setenv(name, value)
    assert f"{handset.serial} (EdgeKit test phone)" in check_android()
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "1")
    assert "its server does not run yet" in check_android()
    monkeypatch.setenv("EDGEKIT_ADB", str(tmp_path / "none"))
    with pytest.raises(CheckFailed, match="which is no program"):
        check_android()
    monkeypatch.delenv("EDGEKIT_ADB")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_android() == "adb, which reaches phones, is not installed"
