"""The cache with real processes: two at once, killed half-way, interrupted, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.data import CachePolicy, DataOptions, open_dataset
from edgekit.data.segments import TEMPORARY
from edgekit.spec import ImageFormat

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

SIZE = 256
GIVE_UP = 120  # seconds after which a run counts as hung

RUN = f"""
import hashlib, pathlib, signal, sys, time
import numpy as np
from edgekit.data import CachePolicy, DataOptions, open_dataset
from edgekit.progress import Silent
from edgekit.spec import ImageFormat

class Listener(Silent):
    def warn(self, message):
        print("warned:", message)

source, cache, go = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored in the background
pathlib.Path(go + ".ready." + str(time.time_ns())).touch()
while go and not pathlib.Path(go).exists():
    time.sleep(0.001)
if {{file_limit}}:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, ({{file_limit}}, {{file_limit}}))
data = open_dataset(source, ImageFormat({SIZE}, {SIZE}), DataOptions(cache=CachePolicy(directory=cache)), Listener())
pixels = data.train.images.take(np.arange(len(data.train)))
print(data.report.cache.state, hashlib.sha256(pixels.tobytes()).hexdigest())
"""


class Runner:
    """Starts runs over one folder and one cache, and ends them."""

    def __init__(self, source: Path, cache: Path, repository: Path) -> None:
        self.source, self.cache, self.repository = source, cache, repository
        self.go = source.parent / "go"
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, file_limit: int = 0) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN.format(file_limit=file_limit), self.source, self.cache, self.go],
            cwd=self.repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def release(self) -> None:
        """Lets all that have started begin together."""
        self.wait_for(lambda: len(list(self.go.parent.glob("go.ready.*"))) >= len(self.processes))
        self.go.touch()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + GIVE_UP
        while not condition():
            assert time.monotonic() < deadline, "the run does not get there"
            assert all(process.poll() is None for process in self.processes), "a run ended too early"
            time.sleep(0.001)

    def half_written(self) -> list[Path]:
        return [path for path in self.cache.rglob(f"{TEMPORARY}*/pixels.bin") if path.exists()]

    def segments(self) -> list[Path]:
        return [path for path in self.cache.rglob("pixels.bin") if not path.parent.name.startswith(TEMPORARY)]


@pytest.fixture
def runner(tmp_path: Path, make_folder: Callable[..., Path], repository: Path) -> Iterator[Runner]:
    folder = make_folder({"a": 0, "b": 0})
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (300, 300, 3), np.uint8)
    for index in range(240):
        photo = np.roll(base, index, axis=0)
        Image.fromarray(photo).save(folder / "ab"[index % 2] / f"{index}.jpg", quality=95)
    runner = Runner(folder, tmp_path / "cache", repository)
    yield runner
    for process in runner.processes:
        process.kill()
        process.communicate()


def output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=GIVE_UP)
    assert process.returncode == 0, err
    return out.strip()


def expected(runner: Runner) -> str:
    """The state and the digest of a run that reuses what is there."""
    return output(runner.start())


def test_two_runs_at_once_both_succeed(runner: Runner) -> None:
    first, second = runner.start(), runner.start()
    runner.release()
    results = {output(first), output(second)}
    assert {result.split()[1] for result in results} == {expected(runner).split()[1]}
    assert {result.split()[0] for result in results} <= {"built", "reused"}
    assert len(runner.segments()) == 1
    assert runner.half_written() == []


def test_a_run_killed_half_way_does_no_harm(runner: Runner) -> None:
    process = runner.start()
    runner.release()
    runner.wait_for(lambda: any(file.stat().st_size > 1_000_000 for file in runner.half_written()))
    process.kill()
    assert process.wait(GIVE_UP) == -signal.SIGKILL
    (left,) = runner.half_written()
    assert runner.segments() == []

    built = output(runner.start())
    assert built.startswith("built ")
    assert expected(runner) == built.replace("built", "reused")

    # Later, the next run that writes cleans up.
    for path in (left, left.parent):
        os.utime(path, (time.time() - 3600,) * 2)
    open_dataset(runner.source, ImageFormat(9, 9), DataOptions(cache=CachePolicy(directory=runner.cache)))
    assert not left.parent.exists()


def test_an_interrupted_run_stops_and_leaves_nothing_half_written(runner: Runner) -> None:
    process = runner.start()
    runner.release()
    runner.wait_for(lambda: any(file.stat().st_size > 1_000_000 for file in runner.half_written()))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=GIVE_UP)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err
    assert not list(runner.cache.rglob(f"{TEMPORARY}*"))
    assert runner.segments() == []


def test_a_disk_that_fills_up_half_way_means_streaming(runner: Runner) -> None:
    process = runner.start(file_limit=4_000_000)
    runner.release()
    warning, result = output(process).splitlines()
    assert "cannot be kept for the next run" in warning
    assert result.startswith("streamed ")
    assert not list(runner.cache.rglob("pixels.bin"))
    built = output(runner.start())
    assert built == result.replace("streamed", "built")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a file system here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_means_streaming(runner: Runner, small_disk: Path) -> None:
    runner.cache = small_disk / "cache"
    process = runner.start()
    runner.release()
    warning, result = output(process).splitlines()
    assert "the disk has 1.0 MB left" in warning
    assert result.startswith("streamed ")


def test_a_read_only_disk_is_read_from_and_not_written_to(runner: Runner, small_disk: Path) -> None:
    tiny = ImageFormat(8, 8)
    options = DataOptions(cache=CachePolicy(directory=small_disk / "cache"))
    for path in runner.source.rglob("*.jpg"):
        os.utime(path, (10**9, 10**9))
    open_dataset(runner.source, tiny, options)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert open_dataset(runner.source, tiny, options).report.cache.state == "reused"
    assert open_dataset(runner.source, ImageFormat(9, 9), options).report.cache.state == "streamed"
