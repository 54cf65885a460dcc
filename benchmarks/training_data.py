"""Photos per second and memory while training: EdgeKit's cache against Keras' own loaders.

``image_dataset_from_directory`` plain, cached in memory as the tutorials do it (whole batches) and cached photo by
photo (new batches in every epoch, as EdgeKit has), and ``ImageDataGenerator.flow_from_directory``. Each runs in a
process of its own, but for the steps of a real network, where all take turns in one process; the order turns from
round to round. Usage:

    python -m benchmarks.training_data [FOLDER ...] [--rounds 3] [--training-rounds 6] [--training-against cached]

FOLDER has train/ and val/ folders. Without rounds (0) a part is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from edgekit.data.folders import IMAGE_SUFFIXES
from edgekit.host import usable_cores

REPOSITORY = Path(__file__).resolve().parents[1]

LOADERS = {
    "generator": "ImageDataGenerator",
    "plain": "image_dataset_from_directory",
    "cached": "  .cache() of batches",
    "cached-photos": "  .cache() of photos",
    "edgekit": "EdgeKit",
}
"""Name of the loader to its line in the table."""

COLUMNS = {
    "first": "first epoch",
    "taken": "taken",
    "read": "read",
    "fit": "fit",
}
"""Measured rate to its heading."""

Results = dict[str, list[dict[str, float]]]
Rates = dict[str, list[list[float]]]
"""Loader to photos per second, and per second of processor time, of each round."""


def main() -> None:
    """Measures each folder and prints its tables."""
    arguments = parse_arguments()
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory(prefix="edgekit-benchmark-") as work:
            results = measure(folder, arguments, Path(work))
            training = measure_training(folder, arguments, Path(work)) if arguments.training_rounds else None
        if arguments.rounds:
            show(folder, arguments, results)
        if training is not None:
            show_training(arguments, training)


def parse_arguments() -> argparse.Namespace:
    """Reads the command line; the folders are the test data's photos by default."""
    data = Path(os.environ.get("EDGEKIT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    default = [data / "flowers-original", data / "flowers-224"]
    parser.add_argument("folders", nargs="*", metavar="FOLDER", type=Path, default=default)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--training-rounds", type=int, default=6)
    others = [name for name in LOADERS if name != "edgekit"]
    parser.add_argument("--training-against", nargs="+", choices=others, default=others, metavar="LOADER")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=32)
    return parser.parse_args()


def measure(folder: Path, arguments: argparse.Namespace, work: Path) -> Results:
    """Runs every loader in every round, each time in a new process with an empty cache."""
    tiny = work / "tiny"
    draw_photos(tiny, arguments.size)
    for path in folder.rglob("*"):  # into the operating system's file cache, for the first as for the last
        if path.suffix.lower() in IMAGE_SUFFIXES:
            path.read_bytes()
    results: Results = {name: [] for name in LOADERS}
    names = list(LOADERS)
    for number in range(arguments.rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            own = work / f"{name}-{number}"
            own.mkdir()
            results[name].append(run(name, folder, tiny, own, arguments))
    return results


def run(name: str, folder: Path, tiny: Path, work: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """One loader in its own process."""
    command = ["benchmarks._training_data_loader", name, str(folder), "--warm-up", str(tiny)]
    found: dict[str, float] = call(command, work, arguments)
    return found


def measure_training(folder: Path, arguments: argparse.Namespace, work: Path) -> Rates:
    """Photos per second while a real network is trained, of every loader in each round."""
    own = work / "training"
    own.mkdir()
    command = ["benchmarks._training_steps", str(folder), "--rounds", str(arguments.training_rounds)]
    command += ["--loaders", *arguments.training_against, "edgekit"]
    found: Rates = call(command, own, arguments)
    return found


def call(command: list[str], work: Path, arguments: argparse.Namespace) -> Any:
    """Runs a module of this package; what it says in its last line."""
    command = [sys.executable, "-W", "ignore", "-m", *command, "--work", str(work)]
    command += ["--size", str(arguments.size), "--batch-size", str(arguments.batch_size)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def draw_photos(folder: Path, size: int) -> None:
    """A few photos of noise to warm up with."""
    noise = np.random.default_rng(0)
    for number in range(40):
        path = folder / ("train" if number % 2 else "val") / f"class{number // 2 % 2}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 256, (size + 16, size + 16, 3), np.uint8)).save(path)


def show(folder: Path, arguments: argparse.Namespace, results: Results) -> None:
    """Prints rates, their ratios to EdgeKit's, and memory."""
    median = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in results.items()
    }
    own = median["edgekit"]
    print(
        f"\n{folder.name}: {own['photos']:,.0f} photos to {arguments.size}x{arguments.size}, batches of "
        f"{arguments.batch_size}, {usable_cores()} cores, medians of {arguments.rounds} rounds"
    )
    print("photos per second (in brackets: EdgeKit's rate divided by it); all but the first in later epochs\n")
    print(f"{'':<30}" + "".join(f"{heading:>18}" for heading in COLUMNS.values()))
    for name, line in LOADERS.items():
        rates = (f"{median[name][key]:,.0f} ({own[key] / median[name][key]:.2f})" for key in COLUMNS)
        print(f"{line:<30}" + "".join(f"{rate:>18}" for rate in rates))
    print("\nphotos per second of processor time\n")
    for name, line in LOADERS.items():
        costs = ["", *(f"{median[name][f'{key}_cpu']:,.0f}" for key in ("taken", "read", "fit"))]
        print(f"{line:<30}" + "".join(f"{cost:>18}" for cost in costs))
    print(f"\n{'memory, MB':<30}{'own':>18}{'with mapped files':>18}{'cached / this':>18}")
    cached = median["cached"]["anonymous"] + median["cached"]["mapped"]
    for name, line in LOADERS.items():
        anonymous, both = median[name]["anonymous"], median[name]["anonymous"] + median[name]["mapped"]
        shares = f"{cached / max(anonymous, 1):.1f} / {cached / max(both, 1):.1f}"
        print(f"{line:<30}{anonymous / 1e6:>18,.0f}{both / 1e6:>18,.0f}{shares:>18}")
    print(
        "\ntaken: batches are handed over as Model.fit gets them, and not looked at: cached batches lie in memory, and "
        "nothing moves.\nread: each pixel is read once, as float32.\nfit: Model.fit of a model that only averages the "
        "pixels.\nmapped files: pages of the system's file cache, which it takes back when it needs the room."
    )


def show_training(arguments: argparse.Namespace, rates: Rates) -> None:
    """Prints the rates of training, and the ratios to EdgeKit's of the same round."""
    print(
        f"\ntraining MobileNetV2 0.35, later epochs, {arguments.training_rounds} rounds in turns: photos per second "
        "(median); EdgeKit's rate divided by it\n(median of the rounds, quartiles); the same per second of processor "
        "time\n"
    )
    for name, line in LOADERS.items():
        if name not in rates:
            continue
        cells = ""
        for kind in (0, 1):
            median = statistics.median(rate[kind] for rate in rates[name])
            ratios = [mine[kind] / other[kind] for mine, other in zip(rates["edgekit"], rates[name], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
            spread = f"{middle:.3f} ({low:.3f} to {high:.3f})"
            cells += f"{median:>10,.1f}{spread:>26}"
        print(f"{line:<30}{cells}")


if __name__ == "__main__":
    main()
