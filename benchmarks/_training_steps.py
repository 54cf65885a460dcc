"""Steps of one and the same network with every loader in turn, for ``benchmarks.training_data``.

A step of a real network takes hundreds of milliseconds and a loader's share of it a few; what else a machine does
from one minute to the next is more than that. So all loaders are there at once, and take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

from benchmarks._training_data_loader import Spent, count_classes, start_epoch
from benchmarks._training_data_loaders import LOADERS

STEPS = 20
"""Of a turn. The first two fill the queues, and the last may be smaller: they are not counted."""


def main() -> None:
    """Prints one JSON object: loader to photos per second, and per second of processor time, of each round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder for caches")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--loaders", nargs="+", choices=LOADERS, required=True)
    arguments = parser.parse_args()
    data = {name: open_data(name, arguments)[0] for name in arguments.loaders}
    model = build_model(count_classes(next(iter(data.values()))), arguments.size)
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in data}
    names = list(data)
    for number in range(arguments.rounds + 1):  # the first one compiles
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            rate = train(model, data[name], arguments.batch_size, number)
            if number:
                rates[name].append(rate)
    print(json.dumps(rates))


def open_data(name: str, arguments: argparse.Namespace) -> Any:
    """One loader's data, its first epoch behind it: what it caches is cached."""
    work = arguments.work / name
    work.mkdir()
    data = LOADERS[name](arguments.folder, arguments.size, arguments.batch_size, work)
    if name.startswith("cached"):
        for _ in data[0]:
            pass
    return data


def build_model(classes: int, size: int) -> Any:
    """MobileNetV2 with width 0.35, all of it trained."""
    import keras

    backbone = keras.applications.MobileNetV2((size, size, 3), 0.35, include_top=False, weights=None, pooling="avg")
    pixels = keras.Input((size, size, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    model = keras.Model(pixels, keras.layers.Dense(classes)(backbone(scaled)))
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True), jit_compile=False)
    return model


def train(model: Any, data: Any, batch_size: int, epoch: int) -> tuple[float, float]:
    """Photos per second of one turn, and per second of all processors together: little else changes that."""
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        """When each step has ended."""

        def __init__(self) -> None:
            super().__init__()
            self.ends: list[Spent] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.ends.append(Spent(time.perf_counter(), time.process_time()))

    clock = Clock()
    start_epoch(data, epoch)
    model.fit(data, epochs=1, steps_per_epoch=min(STEPS, len(data)), verbose=0, callbacks=[clock])
    counted = clock.ends[2:-1]
    photos = batch_size * (len(counted) - 1)
    first, last = counted[0], counted[-1]
    return photos / (last.seconds - first.seconds), photos / (last.cpu_seconds - first.cpu_seconds)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
