"""What is wrong with a device, its app or the way to it: a sentence, nothing left, and a second try that works."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import TargetError
from edgekit.measure.latency import LatencyProtocol
from edgekit.measure.phone import PhoneState
from edgekit.remote.android.adb import Adb
from edgekit.remote.android.devices import Listed
from edgekit.remote.android.phone import Phone
from edgekit.targets.base import TargetRequest
from edgekit.targets.on_android import AndroidDevice
from tests.android.adb.client import AdbClient
from tests.android.adb.device import AdbDevice, Banner
from tests.android.checks import SHORT, assert_fails, assert_works
from tests.android.conftest import Open, SwitchOn
from tests.android.handset import TOOL, Handset
from tests.pi.checks import until


def on(adb: AdbClient, serial: str | None = None, **variables: str) -> AndroidDevice:
    return AndroidDevice(TargetRequest("android", address=serial), environment={**adb.environment, **variables})


def test_there_is_no_adb(adb: AdbClient, hello: Path, tmp_path: Path) -> None:
    assert_fails(on(adb, PATH=str(tmp_path)), hello, "adb was not found", "apt install adb", "EDGEKIT_ADB")
    assert_fails(on(adb, EDGEKIT_ADB="/no/adb"), hello, "EDGEKIT_ADB names '/no/adb', which is no program")


def test_its_server_does_not_start(adb: AdbClient, hello: Path) -> None:
    """Something else has the port, and does not talk as adb does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def refuse() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        device = on(adb, ANDROID_ADB_SERVER_PORT=str(port))
        assert_fails(device, hello, "adb's server does not work", "Does something else use its port", "adb kill-server")
        listener.shutdown(socket.SHUT_RDWR)


def test_there_is_no_device(adb: AdbClient, hello: Path) -> None:
    adb.run("disconnect")
    assert_fails(on(adb), hello, "adb lists no device", "USB debugging")
    assert_fails(on(adb, "R58M"), hello, "adb lists no device 'R58M'. It lists none at all.", "Is it plugged in")
    assert_fails(on(adb, ANDROID_SERIAL="R58M"), hello, "adb lists no device 'R58M'", "ANDROID_SERIAL names it.")
    assert_fails(on(adb, "192.168.1.9:5555"), hello, "adb connect 192.168.1.9:5555")


def test_another_serial(handset: Handset, adb: AdbClient, hello: Path) -> None:
    assert_fails(on(adb, "R58M"), hello, f"Those that it lists: {handset.serial} (EdgeKit test phone)")


def test_a_device_that_does_not_trust_this_computer(adb: AdbClient, hello: Path) -> None:
    with AdbDevice(None, authorization="refused") as device:
        adb.connect(device)
        assert_fails(on(adb, device.serial), hello, "has not allowed this computer", "tap Allow")
        assert_fails(on(adb), hello, "has not allowed this computer")
        adb.disconnect(device)


def test_a_device_that_asks_and_is_told_to_trust(switch_on: SwitchOn, target: Open, hello: Path) -> None:
    handset = switch_on(authorization="accepted")
    assert_works(handset, target, hello)


def test_a_device_that_does_not_answer(adb: AdbClient, hello: Path) -> None:
    with AdbDevice(None, silent=True) as device:
        # It would wait for ten seconds.
        threading.Thread(target=adb.connect, args=(device,), daemon=True).start()
        until(lambda: f"{device.serial}\toffline" in adb.run("devices"))
        assert_fails(on(adb, device.serial), hello, "does not answer (offline)", f"adb disconnect {device.serial}")
        adb.disconnect(device)


@pytest.mark.parametrize(("state", "words"), [("recovery", "recovery mode"), ("sideload", "waits for an update")])
def test_a_device_that_is_not_started(adb: AdbClient, hello: Path, state: str, words: str) -> None:
    with AdbDevice(None, Banner(state=state)) as device:
        adb.connect(device)
        assert_fails(on(adb, device.serial), hello, words)
        adb.disconnect(device)


def test_neither_app_nor_tool(handset: Handset, target: Open, hello: Path) -> None:
    words = ("no EdgeKit app, and no benchmark_model", "export MODEL --to android", "EDGEKIT_BENCHMARK_MODEL")
    assert_fails(target(handset), hello, *words, "/data/local/tmp/benchmark_model")
    device = target(handset, EDGEKIT_BENCHMARK_MODEL="/no/tool")
    assert_fails(device, hello, "names '/no/tool', which is no file")
    assert handset.left_over() == []


def test_no_room(handset: Handset, target: Open, tmp_path: Path, hello: Path) -> None:
    handset.install_app()
    model = tmp_path / "large.tflite"
    model.write_bytes(os.urandom(30 << 20))
    device = target(handset)
    with handset.sandbox.full(free=20 << 20):
        assert_fails(device, model, "has no space left for 31.5 MB (2", "Make room there")
    assert "sync:" not in handset.device.opened
    device.close()
    assert handset.left_over() == []
    assert_works(handset, target, hello)


def test_room_that_is_gone_on_the_way(handset: Handset, adb: AdbClient, tmp_path: Path) -> None:
    """``df`` may say what is not so; then adb's own push fails."""
    model = tmp_path / "large.tflite"
    model.write_bytes(os.urandom(30 << 20))
    handset.write("/system/bin/df", "#!/bin/sh\necho Filesystem 1K-blocks Used Available\necho /dev/x 9 9 999999999\n")
    handset.sandbox.path("/system/bin/df").chmod(0o755)
    phone = Phone(Adb(adb.environment), Listed(handset.serial, "device"))
    with handset.sandbox.full(free=20 << 20):
        with pytest.raises(TargetError, match=r"has no space left for 31\.5 MB"):
            phone.push(model, "/data/local/tmp/large.tflite")
        assert phone.tidy() is None
    assert handset.left_over() == []


def test_an_app_that_crashes(handset: Handset, target: Open, hello: Path) -> None:
    handset.install_app(mood="crash")
    device = target(handset)
    with pytest.raises(TargetError, match="it crashed, or was stopped") as caught:
        device.measure(hello, SHORT)
    assert "java.lang.OutOfMemoryError: Failed to allocate" in str(caught.value)
    assert "Another process" not in str(caught.value)
    device.close()
    assert handset.left_over() == []
    assert_works(handset, target, hello)


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("error", "did not measure hello_world_float.tflite: hello_world_float.tflite does not run"),
        ("broken", "sent a result that cannot be read"),
        ("newer", "it has the form 2, where this EdgeKit reads 1. Export and install it anew"),
    ],
)
def test_an_app_that_answers_something_else(handset: Handset, target: Open, hello: Path, mood: str, words: str) -> None:
    handset.install_app(mood=mood)
    device = target(handset)
    assert_fails(device, hello, words)
    device.close()
    assert handset.left_over() == []


def test_the_app_makes_its_folders_itself(handset: Handset, target: Open, hello: Path) -> None:
    """From Android 11 on it could not read what lies in a folder of the shell's making."""
    handset.install_app()
    device = target(handset)
    for _ in range(2):
        device.measure(hello, SHORT)
    device.close()
    asked = [service for service in handset.device.opened if "am start" in service]
    assert ["--es request ''" in service for service in asked] == [True, False, False]
    assert not any("mkdir" in service for service in handset.device.opened)
    assert handset.left_over() == []


def test_an_app_that_makes_no_folder(
    handset: Handset, target: Open, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgekit.remote.android.app._FOLDER_SECONDS", 1.0)
    handset.install_app(mood="homeless")
    assert_fails(target(handset), hello, "has not made its folder", "(ls: ", "No such file", "Unlock the phone")
    assert not any("mkdir" in service for service in handset.device.opened)


def test_an_app_that_takes_too_long(
    handset: Handset, target: Open, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgekit.measure.worker.START_SECONDS", 1.0)
    handset.install_app(mood="hang")
    device = target(handset)
    with pytest.raises(TargetError, match=r"did not finish hello_world_float\.tflite within 3 s"):
        device.measure(hello, LatencyProtocol(1, 0, 3, 0, 1))
    device.close()
    assert handset.left_over() == []


def test_what_holds_a_phone_back_is_told(handset: Handset, target: Open, hello: Path) -> None:
    handset.install_app(mood="hot")
    device = target(handset)
    by_app = device.measure(hello, SHORT).conditions.phone
    device.close()
    assert by_app == PhoneState(0, 3, 0.8, True, False)
    handset.write("/data/system/low_power", "1\n")
    handset.write("/data/system/thermal", "2\n")
    handset.battery(9, powered=False)
    device = target(handset, EDGEKIT_BENCHMARK_MODEL=str(TOOL))
    assert device.measure(hello, SHORT).conditions.phone == PhoneState(2, 2, 0.09, False, True)


def test_a_tool_that_cannot_run_there(handset: Handset, target: Open, hello: Path, tmp_path: Path) -> None:
    other = tmp_path / "benchmark_model"
    other.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(200))
    device = target(handset, EDGEKIT_BENCHMARK_MODEL=str(other))
    assert_fails(device, hello, "cannot run benchmark_model", "android_aarch64")
    device.close()
    handset.install_tool()
    handset.sandbox.path("/data/local/tmp/benchmark_model").chmod(0o644)
    device = target(handset)
    assert_fails(device, hello, "Permission denied", f"adb -s {handset.serial} shell chmod 755 /data/local/tmp/")
    device.close()
    assert handset.left_over() == []


def test_a_tool_on_a_damaged_model_and_without_a_graphics_adapter(
    handset: Handset, target: Open, hello: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(hello.read_bytes()[:500])
    device = target(handset, EDGEKIT_BENCHMARK_MODEL=str(TOOL))
    assert_fails(device, damaged, "did not measure damaged.tflite: ERROR: Failed to mmap model", "(exit code 1)")
    device.close()
    device = target(handset, "gpu", EDGEKIT_BENCHMARK_MODEL=str(TOOL))
    assert_fails(device, hello, "The GPU delegate of", "--on android:cpu")
    device.close()
    assert handset.left_over() == []


def test_labelled_photos_need_the_app(handset: Handset, target: Open, flowers: list[Path]) -> None:
    handset.install_tool()
    with pytest.raises(TargetError, match=r"benchmark_model answers no photos\. Install an EdgeKit app"):
        target(handset).answer(flowers[0], np.zeros((1, 128, 128, 3), np.uint8))


def test_other_formats(handset: Handset, target: Open, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    assert_fails(target(handset), tmp_path / "model.onnx", "model.onnx does not run on Android", "tflite:int8")
