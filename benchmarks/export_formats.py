"""Nine exports in one command, against each converter's own documented command or script.

Ours: ``edgekit export`` with all nine, which also runs each artifact and compares it with Keras. The
reference: nine processes one after the other, none of which looks at its result. Both start from the
same ``.keras`` file, in turn and on an otherwise idle machine; asked is at most half the time.

Needs the folder of test data (``EDGEKIT_TEST_DATA``, or ``../shared/data``). ``--model`` takes a model
that ``edgekit train`` made; else one is trained first, which is not timed. The reference for TF.js runs
where ``make conformance`` has installed it; else its two exports are left out on both sides.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks._export_references import commands

DATA = Path(os.environ.get("EDGEKIT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
WEIGHTS = DATA / "weights" / "mobilenet_v2_0.35_224_no_top.weights.h5"
CACHE = Path(__file__).resolve().parents[1] / ".cache"
EDGEKIT = str(Path(sys.executable).with_name("edgekit"))

NINE = ("tflite", "tflite:int8", "coreml:fp16", "coreml:int8", "tfjs", "tfjs:uint8", "onnx", "onnx:int8", "savedmodel")

ASKED = 0.5


@dataclass(frozen=True)
class Cost:
    """Seconds from the start of a process to its end, and of processor time of it and its children."""

    wall: float
    processor: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.processor + other.processor)

    def __str__(self) -> str:
        return f"{self.wall:>8.1f} s{self.processor:>10.1f} s"


def run(command: list[str], packages: Path | None = None) -> Cost:
    """What a process takes; a failure ends the benchmark with what it printed."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    if packages is not None:
        environment["PYTHONPATH"] = os.pathsep.join([str(packages), environment.get("PYTHONPATH", "")])
    start, before = time.perf_counter(), _processor_seconds()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    cost = Cost(time.perf_counter() - start, _processor_seconds() - before)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return cost


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_references(model: Path, photos: Path, packages: Path | None) -> dict[str, Cost]:
    """The cost of each reference, by format."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = commands(model, photos, Path(folder), packages)
        return {name: run(command, packages if name.startswith("tfjs") else None) for name, command in wanted.items()}


def run_ours(model: Path, photos: Path, formats: list[str]) -> Cost:
    """The cost of one export of all formats."""
    with tempfile.TemporaryDirectory() as folder:
        where = ["--calibration", str(photos), "-o", folder]
        return run([EDGEKIT, "export", str(model), "--to", ",".join(formats), *where, "--quiet"])


def main() -> None:
    """Prints the figures; exits with 1 where the export takes more than asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, help="a .keras file with EdgeKit's spec, of 224x224 photos of flowers")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    photos = DATA / "flowers-224"
    if not photos.is_dir():
        sys.exit(f"Needs the test data; not found: {photos}")
    packages = next(iter(sorted(CACHE.glob("tensorflowjs-*"))), None)
    if packages is None:
        print("The reference converter of TF.js is not installed (make conformance does it): tfjs is left out.")
    formats = [name for name in NINE if packages is not None or not name.startswith("tfjs")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EDGEKIT_CACHE"] = str(Path(folder) / "cache")
        model = options.model
        if model is None:
            model = Path(folder) / "flowers.keras"
            how = ["--model", "mobilenet_v2_0.35", "--weights", str(WEIGHTS), "-o", str(model)]
            run([EDGEKIT, "train", str(photos), *how, "--quiet"])
        references: list[dict[str, Cost]] = []
        ours: list[Cost] = []
        for turn in range(options.rounds):
            for side in ("reference", "ours") if turn % 2 == 0 else ("ours", "reference"):
                if side == "ours":
                    ours.append(run_ours(model, photos / "train", formats))
                else:
                    references.append(run_references(model, photos / "train", packages))
    print(f"{'':<14}{'wall':>10}{'processor':>12}")
    for name in formats:
        print(f"{name:<14}{_median([times[name] for times in references])}   its own command")
    whole = _median([sum((times[name] for name in formats), Cost(0, 0)) for times in references])
    export = _median(ours)
    print(f"{'one by one':<14}{whole}   {options.rounds} rounds, median")
    print(f"{'edgekit':<14}{export}   {len(formats)} exports in one command, run and compared with Keras")
    ratio = export.wall / whole.wall
    print(f"{'ratio':<14}{ratio:>10.2f}{export.processor / whole.processor:>12.2f}   asked: at most {ASKED} of wall")
    if ratio > ASKED:
        sys.exit(1)


def _median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(cost.wall for cost in costs), statistics.median(cost.processor for cost in costs))


if __name__ == "__main__":
    main()
