"""``classify`` of a camera's frame against MediaPipe Tasks' ``ImageClassifier.classify``, and where the time goes.

One float MobileNet v1 0.25 at 224 whose metadata both read, one thread for the network, a frame of 640x480
pixels as an array. MediaPipe runs in a process and an environment of its own; the calls take turns, a few of
each, so that whatever else the machine does hits all of them alike. Also: what ``classify`` of a frame of the
model's own size costs on top of ``invoke``, the peak memory of a process that does nothing else, and the time
from a process's start to the first answer, against the plain interpreter's.

    python -m benchmarks.classify [MODEL.tflite]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edgekit
from benchmarks._classify_steps import measure_steps
from edgekit.preprocess import prepare
from edgekit.runtime import Predictor
from tests.conformance.mediapipe_process import MediaPipe, install_mediapipe

DATA = Path(os.environ.get("EDGEKIT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MODEL = DATA / "tflite-zoo" / "tflite-support" / "mobilenet_v1_0.25_224_1_metadata_1.tflite"
PHOTOS = sorted((DATA / "tflite-zoo" / "tflite-support").glob("*.jpg"))

ROUNDS = 60
CALLS = 20
"""Of each kind in a round."""

STARTS = 21
BYTECODE = Path(__file__).resolve().parents[1] / ".cache" / "benchmarks-bytecode"

OURS = """
import sys, numpy, edgekit
frame = numpy.random.default_rng(0).integers(0, 256, (480, 640, 3), numpy.uint8)
with edgekit.load(sys.argv[1], threads=1) as model:
    for _ in range(int(sys.argv[2])):
        best = model.classify(frame)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
PLAIN = """
import sys, zipfile, numpy
from PIL import Image
from ai_edge_litert.interpreter import Interpreter
frame = numpy.random.default_rng(0).integers(0, 256, (480, 640, 3), numpy.uint8)
interpreter = Interpreter(sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
(taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
for _ in range(int(sys.argv[2])):
    image = Image.fromarray(frame).resize((224, 224), Image.Resampling.BILINEAR)
    interpreter.set_tensor(taken["index"], ((numpy.asarray(image, numpy.float32) - 127.5) / 127.5)[None])
    interpreter.invoke()
    scores = interpreter.get_tensor(given["index"])[0]
    with zipfile.ZipFile(sys.argv[1]) as archive:
        labels = archive.read(archive.namelist()[0]).decode().splitlines()
    best = [(labels[index], scores[index]) for index in numpy.argsort(-scores)[:5]]
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def main(arguments: list[str]) -> None:
    """Prints the tables."""
    path = Path(arguments[0]) if arguments else MODEL
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    load = os.getloadavg()[0]
    print(f"{path.name}; {os.cpu_count()} processors, load {load:.1f}{': NOT a quiet machine' if load > 1 else ''}")
    with edgekit.load(path, threads=1) as ours, MediaPipe(install_mediapipe()) as theirs:
        theirs.load(path)
        compare_answers(ours, theirs)
        compare_latency(ours, theirs, frame)
        measure_steps(ours, frame, ROUNDS * CALLS)
        compare_folder(ours)
        compare_memory(path, theirs)
    compare_start(path)


def compare_answers(ours: Predictor, theirs: MediaPipe) -> None:
    """Says for how many photos, at the model's size, both have the same five best classes."""
    image = ours.spec.image if ours.spec else None
    assert image is not None, "the model has no metadata of an image classifier"
    same = 0
    for photo in PHOTOS:
        pixels = prepare(photo, image)
        theirs.take(pixels)
        same += [index for index, _, _ in theirs.classify()] == [best.index for best in ours.classify(pixels)]
    print(f"the same top 5 as MediaPipe: {same} of {len(PHOTOS)} photos")


def compare_latency(ours: Predictor, theirs: MediaPipe, frame: NDArray[np.uint8]) -> None:
    """Prints one line for each kind of call, and the ratios that the project holds itself to."""
    image = ours.spec.image if ours.spec else None
    assert image is not None
    small = prepare(frame, image)
    theirs.take(frame)
    kinds: dict[str, Callable[[], list[int]]] = {
        "MediaPipe classify, 640x480": lambda: theirs.time(CALLS),
        "classify, 640x480": lambda: _times(lambda: ours.classify(frame)),
        f"classify, {image.width}x{image.height}": lambda: _times(lambda: ours.classify(small)),
        "invoke": lambda: _times(ours.engine._interpreter.invoke),  # type: ignore[attr-defined]
    }
    times: dict[str, list[list[int]]] = {name: [] for name in kinds}
    names = list(kinds)
    for turn in range(2 + ROUNDS):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured = kinds[name]()
            if turn >= 2:
                times[name].append(measured)
    print(f"\n{'one call':<30} {'min':>8} {'p10':>8} {'p50':>8} {'p90':>8}   ms")
    marks = {}
    for name, rounds in times.items():
        values = np.array(rounds).ravel() / 1e6
        marks[name] = [float(values.min()), *(float(np.percentile(values, mark)) for mark in (10, 50, 90))]
        print(f"{name:<30} " + " ".join(f"{mark:>8.3f}" for mark in marks[name]))
    them, frames, own_size, invoke = (marks[name] for name in names)
    print(f"640x480 as a share of MediaPipe's: {_shares(frames, them)} (limit 0.9, aim 0.8, of p50)")
    added = " ".join(
        f"{name} {call - floor:.3f}" for name, call, floor in zip(("min", "p10", "p50"), own_size, invoke, strict=False)
    )
    print(f"own size, on top of invoke: {added} ms (limit {0.05 * invoke[2] + 0.1:.3f}: 5 % and 0.1 ms, of p50)")


def compare_folder(ours: Predictor) -> None:
    """Prints how many photo files are classified in a second, one after the other and decoded ahead."""
    files = sorted((DATA / "flowers-original" / "val").rglob("*.jpg"))
    seconds: dict[str, list[float]] = {"classify": [], "classify_many": []}
    for _ in range(7):
        for name, run in (
            ("classify", lambda: [ours.classify(file) for file in files]),
            ("classify_many", lambda: list(ours.classify_many(files))),
        ):
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    rates = {name: len(files) / np.median(values[1:]) for name, values in seconds.items()}
    print(
        f"\nphoto files in a second: {rates['classify']:.0f} one by one, {rates['classify_many']:.0f} by classify_many"
    )


def compare_memory(path: Path, theirs: MediaPipe) -> None:
    """Prints the peak of a process that loads and classifies 50 frames."""
    own, plain = (int(_run(script, path, 50)[1]) / 1024 for script in (OURS, PLAIN))
    other = theirs.peak_memory() / 2**20
    print(f"peak memory: {own:.0f} MiB; MediaPipe {other:.0f} MiB, so {own / other:.2f} of it (limit 0.5)")
    print(f"             the plain interpreter with NumPy and Pillow: {plain:.0f} MiB")


def compare_start(path: Path) -> None:
    """Prints the time from a process's start to the end of its first classification."""
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for turn in range(1 + STARTS):
        for name, script in (("ours", OURS), ("plain", PLAIN)):
            seconds, _ = _run(script, path, 1)
            if turn:
                times[name].append(seconds)
    own, plain = np.median(times["ours"]), np.median(times["plain"])
    fastest = min(times["ours"]), min(times["plain"])
    print(
        f"start to first answer: {own:.3f} s; the plain interpreter {plain:.3f} s: {own / plain:.2f} of it, "
        f"{fastest[0] / fastest[1]:.2f} of the fastest (limit 1.3)"
    )


def _run(script: str, path: Path, calls: int) -> tuple[float, str]:
    # With compiled bytecode, as pip leaves it for every package that it installs.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    command = [sys.executable, "-c", script, str(path), str(calls)]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, done.stdout.split()[-1]


def _times(call: Callable[[], object]) -> list[int]:
    times = []
    for _ in range(CALLS):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return times


def _shares(ours: list[float], theirs: list[float]) -> str:
    names = ("min", "p10", "p50")
    return ", ".join(f"{name} {mine / other:.2f}" for name, mine, other in zip(names, ours, theirs, strict=False))


if __name__ == "__main__":
    main(sys.argv[1:])
