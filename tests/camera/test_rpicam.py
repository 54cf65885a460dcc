"""A Raspberry Pi's camera, with a stand-in for the program that reads it: real processes, pipes, JPEGs and signals."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest

from edgekit.camera import CameraError, NoCameraError, open_camera
from edgekit.camera.rpicam import CameraFormat, RpicamCamera, explain, find_program, rpicam_command
from tests.camera.tools import StandIn, ends


def open_stand_in(stand_in: StandIn, fps: float = 200.0, start: float = 60.0, stall: float = 60.0) -> RpicamCamera:
    return RpicamCamera(str(stand_in.program), 0, CameraFormat(320, 240, fps), start, stall)


def test_frames_are_the_cameras_jpegs(stand_in: StandIn, pictures: Path) -> None:
    sent = [path.read_bytes() for path in sorted(pictures.iterdir())]
    with open_stand_in(stand_in) as camera:
        frames = list(itertools.islice(camera, 8))
        assert stand_in.runs()
    assert [frame.image for frame in frames] == (sent * 2)[:8]
    assert all(before.time <= after.time for before, after in itertools.pairwise(frames))
    assert camera.damaged == 0
    assert ends(stand_in.pid)


def test_open_camera_finds_it(stand_in: StandIn) -> None:
    with open_camera("0", fps=100) as camera:
        assert camera.live
        assert camera.name == "camera 0"
        assert next(iter(camera)).time >= 0
    assert ends(stand_in.pid)


def test_the_older_name_is_found_too() -> None:
    def only_older(name: str) -> str | None:
        return f"/usr/bin/{name}" if name == "libcamera-vid" else None

    assert find_program(only_older) == "/usr/bin/libcamera-vid"
    assert find_program(lambda name: None) is None


def test_the_command_has_no_end_and_no_window() -> None:
    command = rpicam_command("/usr/bin/rpicam-vid", 1, CameraFormat(800, 600, 12.5))
    assert " ".join(command) == (
        "/usr/bin/rpicam-vid --camera 1 --codec mjpeg --quality 90 --width 800 --height 600 --framerate 12.5 "
        "--timeout 0 --nopreview --flush --output -"
    )
    assert "--framerate" not in rpicam_command("rpicam-vid", 0, CameraFormat())


def test_pictures_that_are_cut_off_are_counted(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "cut")
    with open_stand_in(stand_in) as camera:
        frames = list(itertools.islice(camera, 20))
    assert len(frames) == 20
    assert camera.damaged >= 9  # every third


def test_a_camera_that_sends_nothing(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "silent")
    with pytest.raises(CameraError, match=r"^Camera 0 sent no picture for 2 s\. Check its cable"):
        open_stand_in(stand_in, start=2.0)
    assert ends(stand_in.pid)


def test_a_camera_that_stalls(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "stall")
    taken = []
    with open_stand_in(stand_in, stall=0.5) as camera, pytest.raises(CameraError, match=r"sent no picture for 0\.5 s"):
        taken += list(camera)
    assert ends(stand_in.pid)


def test_a_camera_that_dies(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "die")
    sentence = r"rpicam-vid ended \(exit code 255\): ERROR: \*\*\* failed to start output streaming\."
    with open_stand_in(stand_in) as camera:
        frames = iter(camera)
        assert len(list(itertools.islice(frames, 5))) == 5
        with pytest.raises(CameraError, match=sentence):
            next(frames)


def test_one_that_ignores_the_request_to_end_is_killed(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "stubborn")
    with open_stand_in(stand_in) as camera:
        next(iter(camera))
    assert ends(stand_in.pid)


def test_closing_from_another_thread_ends_the_wait(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", "stall")
    camera = open_stand_in(stand_in)
    taken: list[object] = []
    thread = threading.Thread(target=lambda: taken.extend(camera))
    thread.start()
    camera.close()
    camera.close()
    thread.join(30)
    assert not thread.is_alive()
    assert ends(stand_in.pid)


@pytest.mark.parametrize(
    ("said", "kind", "sentence"),
    [
        ("ERROR: *** no cameras available ***", NoCameraError, "rpicam-vid finds no camera. Check both ends"),
        ("ERROR: *** selected camera is not available ***", NoCameraError, "There is no camera 0."),
        (
            "INFO Camera camera.cpp:839 Pipeline handler in use by another process\n"
            "ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/ov5647@36 ***",
            CameraError,
            "Camera 0 is in use by another program. End that one first.",
        ),
        (
            "ERROR DeviceEnumerator device_enumerator.cpp:172 Unable to open media device at /dev/media0: "
            "Permission denied\nERROR: *** no cameras available ***",
            CameraError,
            "Camera 0 may not be used by this user.",
        ),
        ("ERROR: the system appears to be configured for the legacy camera stack", CameraError, "raspi-config"),
        (
            "ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.",
            NoCameraError,
            "runs on a Raspberry Pi only",
        ),
        ("ERROR: *** something new ***", CameraError, "rpicam-vid ended (exit code 255): ERROR: *** something new."),
    ],
)
def test_what_the_program_says_becomes_a_sentence(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[CameraError], sentence: str
) -> None:
    # The texts of the real program and of libcamera; the way to us is a real process's standard error.
    monkeypatch.setenv("STAND_IN", said)
    with pytest.raises(CameraError) as caught:
        open_stand_in(stand_in)
    assert sentence in str(caught.value)
    assert type(caught.value) is kind
    assert ends(stand_in.pid)


def test_without_any_words() -> None:
    assert str(explain("", "signal 9, SIGKILL", 1)) == "Camera 1: rpicam-vid ended (signal 9, SIGKILL)."
