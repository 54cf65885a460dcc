"""``edgekit predict`` with a camera and with videos: real processes, pipes, terminals and signals.

No test machine has a camera: a stand-in for ``rpicam-vid`` sends real photos (``tests/camera/stand_in.py``).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.camera.tools import StandIn, ends, jpeg, make_stand_in
from tests.cli.conftest import Run, command, heed_interrupts
from tests.cli.test_json_documents import Checker, assert_documented, checker
from tests.conftest import missing

__all__ = ["checker"]


@pytest.fixture(scope="module")
def pictures(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos of each of two classes, as JPEGs of 320x240."""
    folder = tmp_path_factory.mktemp("pictures")
    for kind in ("apple", "banana"):
        for photo in sorted((photos / "val" / kind).iterdir())[:2]:
            (folder / f"{kind}-{photo.stem}.jpg").write_bytes(jpeg(photo))
    return folder


@pytest.fixture
def stand_in(pictures: Path, tmp_path: Path) -> StandIn:
    return make_stand_in(tmp_path, pictures)


@pytest.fixture(scope="module")
def clip(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of each picture, ten frames a second."""
    if find_spec("cv2") is None:
        missing("OpenCV is not installed (extra camera)")
    import cv2

    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (320, 240))
    for picture in sorted(pictures.iterdir()):
        for _ in range(10):
            writer.write(np.asarray(Image.open(picture))[:, :, ::-1])
    writer.release()
    return path


def start(model: Path, stand_in: StandIn, *arguments: object, mode: str = "stream", **streams: Any) -> Any:
    """``edgekit predict MODEL --camera 0`` in a process of its own."""
    return subprocess.Popen(
        command("predict", model, "--camera", 0, "--fps", 100, *arguments),
        env={**os.environ, **stand_in.environment, "STAND_IN": mode},
        preexec_fn=heed_interrupts,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **streams},
    )


@pytest.fixture(scope="module")
def model(exported: Path) -> Path:
    return exported / "fruit.int8.tflite"


def test_one_line_of_json_a_result(model: Path, stand_in: StandIn, checker: Checker) -> None:
    process = start(model, stand_in, "--json", "--top", 2, "--frames", 5)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    *results, last = map(json.loads, out.splitlines())
    assert len(results) == 5
    for result in results:
        assert_documented(checker, result, "frame-of-a-camera-or-video")
        assert result["camera"] == "camera 0"
        assert len(result["predictions"]) == 2
    assert [one["frame"] for one in results] == sorted({one["frame"] for one in results})
    assert_documented(checker, last, "end-of-a-camera-or-video")
    assert last["summary"]["frames"] == 5
    assert ends(stand_in.pid)


def test_ctrl_c_ends_it_with_a_summary(model: Path, stand_in: StandIn) -> None:
    process = start(model, stand_in, "--json")
    for _ in range(3):
        assert json.loads(process.stdout.readline())["predictions"]
    pid = stand_in.pid
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["summary"]["frames"] >= 3
    assert "Traceback" not in err
    assert ends(pid)


def test_ctrl_c_while_nothing_comes(model: Path, stand_in: StandIn) -> None:
    process = start(model, stand_in, "--json", mode="stall")
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert ends(stand_in.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_keeps_running_when_it_is_ended(model: Path, stand_in: StandIn, number: signal.Signals) -> None:
    process = start(model, stand_in, "--json")
    process.stdout.readline()
    pid = stand_in.pid
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (143 if number == signal.SIGTERM else -number)
    assert ends(pid)


def test_whoever_reads_has_seen_enough(model: Path, stand_in: StandIn) -> None:
    process = start(model, stand_in, "--json")
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 1
    assert process.stderr.read().count("Traceback") == 0
    process.stderr.close()
    assert ends(stand_in.pid)


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("ERROR: *** no cameras available ***", "finds no camera"),
        ("Pipeline handler in use by another process", "Camera 0 is in use by another program"),
        ("die", "rpicam-vid ended (exit code 255): ERROR: *** failed to start output streaming"),
    ],
)
def test_a_camera_that_fails(model: Path, stand_in: StandIn, mode: str, sentence: str) -> None:
    process = start(model, stand_in, "--json", mode=mode)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Error: " in err
    assert sentence in err
    error = json.loads(out.splitlines()[-1])["error"]
    assert error["kind"] == ("no-camera" if "no cameras" in mode else "camera")
    assert sentence in error["message"]


def test_pictures_that_are_cut_off_are_counted(model: Path, stand_in: StandIn) -> None:
    process = start(model, stand_in, "--json", "--frames", 20, mode="cut")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["summary"]["unreadable"] >= 9


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals")
def test_a_terminal_has_a_live_line(model: Path, stand_in: StandIn) -> None:
    master, slave = os.openpty()
    process = start(model, stand_in, "--top", 1, stdout=slave, stderr=slave, text=False)
    os.close(slave)
    seen = bytearray()

    def read() -> Iterator[bytes]:
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # the other side is closed
                return
            if not piece:
                return
            yield piece

    def collect() -> None:
        pressed = False  # once: a second one, while the process ends, would kill it
        for piece in read():
            seen.extend(piece)
            if seen.count(b" dropped") >= 3 and not pressed:
                pressed = True
                process.send_signal(signal.SIGINT)

    thread = threading.Thread(target=collect)
    thread.start()
    assert process.wait(60) == 0
    thread.join(30)
    os.close(master)
    text = seen.decode()
    assert "Recognizing what camera 0 sees. Ctrl-C ends it." in text
    live = [part for part in text.split("\r") if " fps " in part]
    assert all(name in live[-1] for name in (" %", " ms", " dropped"))
    assert " per second. Each: prepare " in text.splitlines()[-1]


def test_without_a_terminal_there_are_lines(model: Path, stand_in: StandIn) -> None:
    process = start(model, stand_in, "--frames", 3)
    out, err = process.communicate(timeout=60)
    assert " fps " in out.splitlines()[0]
    assert "\r" not in out + err
    assert "3 frames in " in err


def test_a_video_has_times(run: Run, model: Path, clip: Path) -> None:
    result = run("predict", model, clip, "--top", 1)
    assert result.code == 0, result.err
    name, *lines = result.out.splitlines()
    assert name == str(clip)
    assert lines[0].split()[0] == "0:00.000"
    assert [line.split()[1] for line in lines] == ["Apple", "Banana"] or len(lines) >= 2
    assert "40 frames in " in result.err


def test_a_video_as_json(run: Run, model: Path, clip: Path, photos: Path, checker: Checker) -> None:
    photo = next((photos / "val" / "apple").iterdir())
    result = run("predict", model, photo, clip, "absent.mp4", "absent.jpg", "--json")
    assert result.code == 1
    documents = [json.loads(line) for line in result.out.splitlines()]
    assert len(documents) == 1 + 40 + 1 + 2
    assert_documented(checker, documents[0], "photo")
    for number, document in enumerate(documents[1:41]):
        assert_documented(checker, document, "frame-of-a-camera-or-video")
        assert (document["video"], document["frame"], document["dropped"]) == (str(clip), number, 0)
        assert document["time"] == pytest.approx(number / 10)
    assert_documented(checker, documents[41], "end-of-a-camera-or-video")
    assert "There is no file absent.mp4" in documents[42]["error"]
    assert "no such file" in documents[43]["error"]


def test_a_folder_of_photos_and_videos(run: Run, model: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.MOV").write_bytes(b"a video")
    result = run("predict", model, tmp_path)
    assert result.code == 1
    assert "is a folder without photos, but with videos. Name the videos themselves" in result.err
    photo = next((photos / "val" / "apple").iterdir())
    (tmp_path / photo.name).write_bytes(photo.read_bytes())
    result = run("predict", model, tmp_path, "--json")
    assert result.code == 0
    assert len(result.document["photos"]) == 1
    assert "1 of the files" in result.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name photos, folders or videos to recognize, or a camera with --camera 0."),
        (("photo.jpg", "--camera", "0"), "Photos and --camera do not go together."),
        (("photo.jpg", "--fps", "5"), "--resolution and --fps are a camera's"),
        (("--camera", "0", "--resolution", "big"), "'big' is no resolution. Write width and height"),
        (("--camera", "front"), "'front' is no camera."),
        (("--camera", ""), "'' is no camera."),
        (("rtsp://admin:secret@host/x",), "admin:***@host/x is an address. A network camera is named with --camera"),
    ],
)
def test_what_does_not_go_together(run: Run, model: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = run("predict", model, *arguments)
    assert result.code == 2
    assert sentence in result.err
    assert "secret" not in result.err + result.out


def test_the_password_of_a_camera_is_not_shown(run: Run, model: Path) -> None:
    if find_spec("cv2") is None:
        missing("OpenCV is not installed (extra camera)")
    for more in ((), ("--json",), ("--progress", "json")):
        result = run("predict", model, "--camera", "rtsp://admin:secret@127.0.0.1:9/x", *more)
        assert result.code == 1
        assert "camera rtsp://admin:***@127.0.0.1:9/x cannot be opened" in result.err
        assert "secret" not in result.err + result.out


@pytest.mark.parametrize("arguments", [(), ("--camera",)])
def test_ctrl_c_in_a_video_ends_it_with_a_summary_too(
    arguments: tuple[str, ...], model: Path, pictures: Path, tmp_path: Path
) -> None:
    """A file has an end of its own, and this is not it: exit code 130."""
    if find_spec("cv2") is None:
        missing("OpenCV is not installed (extra camera)")
    import cv2

    path = tmp_path / "long.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10, (320, 240))
    picture = np.asarray(Image.open(min(pictures.iterdir())))[:, :, ::-1]
    for _ in range(3000):  # more lines than the pipe of an unread standard output takes
        writer.write(picture)
    writer.release()
    process = subprocess.Popen(
        command("predict", model, *arguments, path, "--json"),
        preexec_fn=heed_interrupts,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(3):
        assert json.loads(process.stdout.readline())["predictions"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    *_, summary, error = map(json.loads, out.splitlines())
    assert 3 <= summary["summary"]["frames"] < 3000
    assert error["error"]["kind"] == "interrupted"
    assert "Traceback" not in err
