"""Which way a camera is opened, and what is said where there is none."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgekit.camera import CameraError, NoCameraError, open_camera, opening
from edgekit.camera.address import without_password
from edgekit.camera.opening import Tools, is_video, ways_to_open
from edgekit.errors import UsageError
from tests.camera.tools import StandIn, ends


@pytest.mark.parametrize(
    ("camera", "tools", "ways"),
    [
        (0, Tools("/usr/bin/rpicam-vid", True), ("rpicam", "opencv")),
        (0, Tools("/usr/bin/rpicam-vid", False), ("rpicam",)),
        (0, Tools(None, True), ("opencv",)),
        (0, Tools(None, False), ()),
        ("/dev/video2", Tools("/usr/bin/rpicam-vid", True), ("opencv",)),
        ("rtsp://door", Tools("/usr/bin/rpicam-vid", False), ()),
    ],
)
def test_the_order_of_ways(camera: Any, tools: Tools, ways: tuple[str, ...]) -> None:
    assert ways_to_open(camera, tools) == ways


def test_a_usb_camera_beside_a_missing_one_needs_opencv(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "has_opencv", lambda: False)
    monkeypatch.setenv("STAND_IN", "ERROR: *** no cameras available ***")
    with pytest.raises(NoCameraError, match=r"finds no camera\..* A USB camera is read with OpenCV: pip install"):
        open_camera(0)
    assert ends(stand_in.pid)


def test_without_any_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(opening, "has_opencv", lambda: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CameraError, match=r"OpenCV, which is not installed.*sudo apt install rpicam-apps"):
        open_camera(0)
    with pytest.raises(CameraError, match=r"OpenCV, which is not installed") as caught:
        open_camera("/dev/video0")
    assert "rpicam" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="devices of Linux")
def test_a_camera_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCameraError, match=r"There is no camera 97 \(/dev/video97\)\. "):
        open_camera(97)
    with pytest.raises(NoCameraError, match=r"There is no camera /dev/video98\. "):
        open_camera(Path("/dev/video98"))


def test_an_address_that_nobody_answers() -> None:
    pytest.importorskip("cv2")
    with pytest.raises(CameraError, match=r"camera http://127\.0\.0\.1:9/ cannot be opened by OpenCV"):
        open_camera("http://127.0.0.1:9/")


@pytest.fixture
def server() -> Iterator[Callable[[bytes], str]]:
    """Sends some bytes to whoever connects, and nothing ever after; its address."""
    listening, held = [], []

    def serve(data: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    other = server.accept()[0]
                    held.append(other)
                    other.sendall(data)

        threading.Thread(target=answer, daemon=True).start()
        return f"http://admin:se@cret@127.0.0.1:{server.getsockname()[1]}/x.mjpg?user=admin&password=secret"

    yield serve
    for one in (*listening, *held):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


SILENT = r"^camera http://admin:\*\*\*@127\.0\.0\.1:\d+/x\.mjpg\?user=admin&password=\*\*\* sent no picture for 1 s\."


def test_a_network_camera_that_is_silent(server: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cv2")
    monkeypatch.setattr("edgekit.camera.opencv.ANSWER_SECONDS", 1.0)
    with pytest.raises(CameraError, match=SILENT):
        open_camera(server(b""))


def test_a_network_camera_that_falls_silent(
    server: Callable[[bytes], str], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cv2")
    monkeypatch.setattr("edgekit.camera.opencv.ANSWER_SECONDS", 1.0)
    parts = [
        b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(data), data)
        for data in (picture.read_bytes() for picture in sorted(pictures.iterdir()))
    ]
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n"
    with open_camera(server(head + b"".join(parts * 20))) as camera, pytest.raises(CameraError, match=SILENT):
        assert sum(1 for _ in camera) == -1  # it never ends without an error


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:secret@host/x", "rtsp://admin:***@host/x"),
        ("rtsp://admin:se@c:ret@host:554/x@y", "rtsp://admin:***@host:554/x@y"),
        ("rtsp:/admin:secret@host/x", "rtsp:/admin:***@host/x"),
        ("admin:secret@host", "admin:***@host"),
        ("http://:secret@host", "http://:***@host"),
        ("http://host:81/v?usr=a&pwd=secret&n=1", "http://host:81/v?usr=a&pwd=***&n=1"),
        ("rtsp://host:554/user=a_password=secret_channel=1", "rtsp://host:554/user=a_password=***"),
        ("rtsp://host:554/x@y", "rtsp://host:554/x@y"),
        ("rtsp://admin@host/x", "rtsp://admin@host/x"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_passwords_are_not_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((-1,), "Cameras are counted from 0. Got: -1"),
        (("front door",), "'front door' is no camera. Give its number"),
        (("",), "'' is no camera. Give its number"),
        (("admin:secret@door",), "'admin:***@door' is no camera. Give its number"),
        ((1.5,), "The camera is a number, a path such as /dev/video0, or an address. Got: 1.5"),
        ((0, 0), "width is a whole number of at least 1. Got: 0"),
        ((0, 640, 480, "30"), "fps is a number. Got: '30'"),
    ],
)
def test_arguments_of_the_wrong_type_are_told(arguments: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_camera(*arguments)
    assert sentence in str(caught.value)


def test_names_of_videos() -> None:
    assert is_video(Path("holiday/CLIP.MP4"))
    assert not is_video(Path("photo.jpg"))


def test_opencv_is_not_imported_until_a_camera_is_asked_for() -> None:
    code = (
        "import sys, edgekit.camera, edgekit.runtime.stream, edgekit.cli.predict, edgekit.cli.predict_frames\n"
        "print([name for name in ('cv2', 'tensorflow', 'keras', 'imageio_ffmpeg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
