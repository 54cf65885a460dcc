"""An ``onnx:fp32`` file against what tf2onnx's own command writes of the same Keras model, in onnxruntime.

Both files are run in turn in one process, on one thread, on the same random pixels; the answers are
compared, too. Asked is a file that is no slower: not in its fastest runs and in the median, since on a
machine that does other work besides either of them may be off.

``--model`` takes a ``.keras`` file with EdgeKit's spec, of photos; else it is MobileNetV2 0.35 at 224 px
with random weights, whose speed is the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 200
WARM_UP = 20

NOISE = 1.03
"""The fastest runs of two sessions of one and the same file differed by up to 2 % in five pairs (medians by 4 %)."""


@dataclass(frozen=True)
class Timing:
    """Seconds of each run of a file, and the bytes of the file."""

    seconds: tuple[float, ...]
    size: int

    @property
    def fastest(self) -> float:
        return min(self.seconds)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def write_ours(model: Path, folder: Path) -> Path:
    """What ``edgekit export MODEL --to onnx`` writes."""
    import edgekit

    (path,) = edgekit.export(str(model), to="onnx", output=str(folder / "dist")).paths
    return path


def write_theirs(model: Path, folder: Path) -> Path:
    """tf2onnx's README: Keras' own export, then the command ``tf2onnx.convert``."""
    import keras

    saved, path = folder / "saved_model", folder / "tf2onnx.onnx"
    keras.models.load_model(model).export(saved, verbose=False)
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(saved), "--output", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"tf2onnx failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return path


def open_session(path: Path) -> Any:
    """A session with one thread, and otherwise as it comes."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def compare(paths: dict[str, Path], batch: int, rounds: int) -> tuple[dict[str, Timing], float]:
    """Times the files in turn; returns that, and the largest difference of their answers."""
    sessions = {name: open_session(path) for name, path in paths.items()}
    shape = next(iter(sessions.values())).get_inputs()[0].shape[1:]
    pixels = np.random.default_rng(0).integers(0, 256, (batch, *shape)).astype(np.float32)
    feeds = {name: {session.get_inputs()[0].name: pixels} for name, session in sessions.items()}
    seconds: dict[str, list[float]] = {name: [] for name in sessions}
    answers = {name: session.run(None, feeds[name])[0] for name, session in sessions.items()}
    for turn in range(WARM_UP + rounds):
        # Each is first in every second round.
        for name in list(sessions) if turn % 2 else list(reversed(sessions)):
            start = time.perf_counter()
            sessions[name].run(None, feeds[name])
            if turn >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    first, second = answers.values()
    timings = {name: Timing(tuple(values), paths[name].stat().st_size) for name, values in seconds.items()}
    return timings, float(np.abs(first - second).max())


def build_model(path: Path) -> None:
    """Writes MobileNetV2 0.35 with normalization and ten classes, as ``edgekit train`` makes it."""
    import keras

    from edgekit.api.model import Model
    from edgekit.spec import ImageFormat, image_classifier

    keras.utils.set_random_seed(0)
    image = keras.Input((224, 224, 3), name="image")
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(image)
    network = keras.applications.MobileNetV2((224, 224, 3), alpha=0.35, weights=None, classes=10)
    model = keras.Model(image, network(scaled))
    labels = [f"class {index}" for index in range(10)]
    Model(model, image_classifier("random", labels, ImageFormat(224, 224))).save(path)


def main() -> int:
    """Prints the figures; 1 where ours is slower."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="a .keras file with EdgeKit's spec, of photos")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    slower = False
    with tempfile.TemporaryDirectory(prefix="edgekit-") as work:
        folder, model = Path(work), options.model
        if model is None:
            model = folder / "random.keras"
            build_model(model)
        paths = {"tf2onnx": write_theirs(model, folder), "edgekit": write_ours(model, folder)}
        print(f"{'':<20}{'fastest':>11}{'median':>11}{'size':>12}")
        for batch in (1, 8):
            timings, difference = compare(paths, batch, options.rounds)
            for name, timing in timings.items():
                label = f"{name}, {batch} photo{'s' if batch > 1 else ''}"
                print(f"{label:<20}{_ms(timing.fastest)}{_ms(timing.median)}{timing.size / 1024:>9,.0f} KB")
            theirs, ours = timings["tf2onnx"], timings["edgekit"]
            ratios = ours.fastest / theirs.fastest, ours.median / theirs.median
            print(
                f"{'ratio':<20}{ratios[0]:>11.2f}{ratios[1]:>11.2f}{ours.size / theirs.size:>12.2f}"
                f"   largest difference of the answers {difference:.1e}"
            )
            slower = slower or min(ratios) > NOISE
    return 1 if slower else 0


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:>8.2f} ms"


if __name__ == "__main__":
    sys.exit(main())
