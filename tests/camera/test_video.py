"""Videos of real photos, through OpenCV and through ffmpeg: the same frames, and their times."""

from __future__ import annotations

import itertools
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.camera import CameraError, Frame, FrameSource, open_video, opening
from edgekit.camera.ffmpeg import FfmpegVideo, ffmpeg_command, find_ffmpeg
from edgekit.camera.opencv import open_opencv_video
from tests.camera.tools import ends
from tests.conftest import missing

FPS, EACH = 10, 4
"""Frames per second of the video, and frames of each photo."""


@pytest.fixture(scope="session")
def cv2() -> Any:
    if find_spec("cv2") is None:
        missing("OpenCV is not installed (extra camera)")
    import cv2

    return cv2


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    found = find_ffmpeg()
    if found is None and find_spec("imageio_ffmpeg") is not None:
        import imageio_ffmpeg

        found = imageio_ffmpeg.get_ffmpeg_exe()
    return found or missing("ffmpeg is not installed")


@pytest.fixture(scope="session")
def clip(cv2: Any, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, each for 0.4 s; 320x240."""
    path = tmp_path_factory.mktemp("clip") / "100%1d: clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (320, 240))
    for photo in sorted(pictures.iterdir())[:3]:
        for _ in range(EACH):
            writer.write(np.asarray(Image.open(photo))[:, :, ::-1])
    writer.release()
    return path


@pytest.fixture(params=["opencv", "ffmpeg"])
def way(request: pytest.FixtureRequest, cv2: Any) -> Any:
    """How a video is opened."""
    if request.param == "opencv":
        return open_opencv_video
    program = request.getfixturevalue("ffmpeg")
    return lambda path: FfmpegVideo(program, path)


def pixels(frame: Frame) -> Any:
    return np.asarray(frame.image, np.int32)


def test_every_frame_and_its_time(way: Any, clip: Path, pictures: Path) -> None:
    with way(clip) as video:
        assert video.live is False
        frames = list(video)
    assert [round(frame.time, 3) for frame in frames] == [round(n / FPS, 3) for n in range(3 * EACH)]
    for number, frame in enumerate(frames):
        photo = np.asarray(Image.open(sorted(pictures.iterdir())[number // EACH]), np.int32)
        assert frame.image.dtype == np.uint8
        # The codec costs some 4 of 255; red and blue exchanged would be 20 and more off.
        assert np.abs(pixels(frame) - photo).mean() < 10


def test_both_ways_give_nearly_the_same_pixels(cv2: Any, ffmpeg: str, clip: Path) -> None:
    with open_opencv_video(clip) as one, FfmpegVideo(ffmpeg, clip) as other:
        for left, right in zip(one, other, strict=True):
            assert np.abs(pixels(left) - pixels(right)).mean() < 2


def test_what_is_no_video(way: Any, tmp_path: Path, clip: Path) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(CameraError, match=r"noise\.mp4 is not a readable video \(.+\)\.$"):
        way(noise)
    cut = tmp_path / "cut.mp4"  # its index stands at the end
    cut.write_bytes(clip.read_bytes()[:-2000])
    with pytest.raises(CameraError, match=r"cut\.mp4 is not a readable video \(.+\)\.$"):
        way(cut)


def test_closing_in_the_middle(way: Any, clip: Path) -> None:
    with way(clip) as video:
        frames = iter(video)
        assert len(list(itertools.islice(frames, 3))) == 3
    assert list(frames) == []
    video.close()


def test_ffmpeg_is_gone_after_closing(ffmpeg: str, clip: Path) -> None:
    with FfmpegVideo(ffmpeg, clip) as video:
        pid = video._process.pid
    assert ends(pid)


def test_ffmpeg_of_debian_11_and_ubuntu_22_knows_another_option() -> None:
    assert "-fps_mode" not in ffmpeg_command("ffmpeg", Path("x.mp4"), (4, 4))
    assert "-vsync" not in ffmpeg_command("ffmpeg", Path("x.mp4"), (5, 1))
    assert "-vsync" not in ffmpeg_command("ffmpeg", Path("x.mp4"), None)


def test_opencv_comes_first_then_ffmpeg(cv2: Any, ffmpeg: str, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> FrameSource:
        with open_video(clip) as video:
            return video

    assert not isinstance(opened(), FfmpegVideo)
    monkeypatch.setattr(opening, "has_opencv", lambda: False)
    monkeypatch.setattr(opening, "find_ffmpeg", lambda: ffmpeg)
    assert isinstance(opened(), FfmpegVideo)
    monkeypatch.setattr(opening, "find_ffmpeg", lambda: None)
    with pytest.raises(CameraError, match=r"neither is installed\. Install one of them: pip install '\.\[camera\]'"):
        opened()


def test_missing_empty_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="There is no file"):
        open_video(tmp_path / "absent.mp4")
    with pytest.raises(CameraError, match="no regular file"):
        open_video(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(CameraError, match="the file is empty"):
        open_video(tmp_path / "empty.mp4")
