"""Which way a camera is opened, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgekit.camera import CameraError, NoCameraError, open_camera, opening
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
    with pytest.raises(NoCameraError, match=r"There is no camera /dev/video98"):
        open_camera(Path("/dev/video98"))


def test_an_address_that_nobody_answers() -> None:
    pytest.importorskip("cv2")
    with pytest.raises(CameraError, match=r"camera http://127\.0\.0\.1:9/ cannot be opened by OpenCV"):
        open_camera("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((-1,), "Cameras are counted from 0. Got: -1"),
        (("front door",), "'front door' is no camera. Give its number"),
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
