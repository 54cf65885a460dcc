"""The first pass over a folder of photos against Keras's own loader, and the start of a second run.

Both read, decode and resize every photo to the same size in the same process on the same cores,
taking turns; every first pass has an empty cache. Usage:

    python benchmarks/data_pipeline.py [FOLDER] [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgekit.data import CachePolicy, DataOptions, Dataset, batches, open_dataset
from edgekit.data.sources.directory import find_layout
from edgekit.host import usable_cores
from edgekit.spec import ImageFormat

SIZE = 224
BATCH = 32
FORMAT = ImageFormat(SIZE, SIZE, resize="crop")
REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measures and prints one table."""
    arguments = parse_arguments()
    folder = str(arguments.folder)
    read_with_keras(folder)  # imports, thread pools and the operating system's file cache
    number = run_twice(folder)[1]
    keras_times, edgekit_times, first_times, second_times = [], [], [], []
    for _ in range(arguments.rounds):
        keras_times.append(seconds(lambda: read_with_keras(folder)))
        whole, _, first, second = run_twice(folder)
        edgekit_times.append(whole)
        first_times.append(first)
        second_times.append(second)
    show(number, arguments.rounds, keras_times, edgekit_times, first_times, second_times)


def parse_arguments() -> argparse.Namespace:
    """Reads the command line; the folder is the test data's original photos by default."""
    data = Path(os.environ.get("EDGEKIT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=data / "flowers-original")
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


def read_with_keras(folder: str) -> int:
    """Every batch of ``keras.utils.image_dataset_from_directory``; the number of photos."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    layout = find_layout(folder)
    number = 0
    for part in filter(None, (layout.train, layout.validation, layout.test)):
        dataset = keras.utils.image_dataset_from_directory(
            part, image_size=(SIZE, SIZE), crop_to_aspect_ratio=True, batch_size=BATCH, shuffle=False, verbose=False
        )
        number += sum(int(images.shape[0]) for images, _ in dataset)
    return number


def run_twice(folder: str) -> tuple[float, int, float, float]:
    """Runs once with an empty cache and once more.

    Returns:
        Seconds until every batch of the first run was read; the number of photos; seconds to the
        first batch of the first run, and of the second.
    """
    cache = Path(tempfile.mkdtemp(prefix="edgekit-benchmark-"))
    options = DataOptions(cache=CachePolicy(directory=cache))
    try:
        start = time.perf_counter()
        dataset = open_dataset(folder, FORMAT, options)
        take_first(dataset)
        first = time.perf_counter() - start
        number = read_all(dataset)
        whole = time.perf_counter() - start
        second = seconds(lambda: take_first(open_dataset(folder, FORMAT, options)))
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return whole, number, first, second


def take_first(dataset: Dataset) -> None:
    """The first training batch."""
    dataset.train.images.take(np.arange(min(BATCH, len(dataset.train))))


def read_all(dataset: Dataset) -> int:
    """Every batch of every part."""
    parts = [part for part in (dataset.train, dataset.validation, dataset.test) if part]
    return sum(len(labels) for part in parts for _, labels in batches(part, BATCH))


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def show(
    number: int, rounds: int, keras: list[float], edgekit: list[float], first: list[float], second: list[float]
) -> None:
    """Prints medians and ratios."""
    keras_rate, edgekit_rate = number / statistics.median(keras), number / statistics.median(edgekit)
    start_1, start_2 = statistics.median(first), statistics.median(second)
    print(f"{number} photos to {SIZE}x{SIZE}, {usable_cores()} cores, medians of {rounds} rounds that take turns\n")
    print(f"{'first pass over all photos':<44}{'img/s':>10}{'ratio':>9}")
    print(f"{'keras.utils.image_dataset_from_directory':<44}{keras_rate:>10.0f}{1:>9.2f}")
    print(f"{'edgekit.data.open_dataset, empty cache':<44}{edgekit_rate:>10.0f}{edgekit_rate / keras_rate:>9.2f}\n")
    print(f"{'time to the first batch':<44}{'ms':>10}{'ratio':>9}")
    print(f"{'first run':<44}{start_1 * 1e3:>10.1f}{1:>9.2f}")
    print(f"{'second run':<44}{start_2 * 1e3:>10.1f}{f'1/{start_1 / start_2:.0f}':>9}")


if __name__ == "__main__":
    main()
