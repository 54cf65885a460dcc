"""One loader in a process of its own, for ``benchmarks.training_data``.

Every loader is asked for its batches by Keras' own adapter, the one that ``Model.fit`` puts between the
data and the model, so all of them deliver what ``fit`` gets: tensors of the backend.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._memory_growth import Memory
from benchmarks._training_data_loaders import LOADERS

LATER_EPOCHS = 3
"""Of each kind; their median counts."""


def main() -> None:
    """Prints one JSON object: rates in photos per second and memory in bytes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("loader", choices=sorted(LOADERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--warm-up", type=Path, required=True, help="a tiny folder of the same layout")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder for caches")
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    arguments = parser.parse_args()
    # Must not be in the memory that is compared: modules, thread pools, traced functions.
    measure(arguments.loader, arguments.warm_up, arguments, Memory())
    gc.collect()
    print(json.dumps(measure(arguments.loader, arguments.folder, arguments, Memory())))


def measure(loader: str, folder: Path, arguments: argparse.Namespace, memory: Memory) -> dict[str, float]:
    """Photos per second in the first epoch and in later ones; each reads both parts once.

    ``taken``: the batches are handed over, and nobody looks at them. ``read``: each pixel is read once, as
    float32. ``fit``: by ``Model.fit``. Seconds of all processors together are counted, too: they hardly
    depend on what else the machine does.
    """
    start = time.perf_counter()
    train, validation = LOADERS[loader](folder, arguments.size, arguments.batch_size, arguments.work)
    parts = [Walk(train), Walk(validation)]
    number = sum(part.epoch() for part in parts)
    first = time.perf_counter() - start
    taken = [timed(lambda: [part.epoch() for part in parts]) for _ in range(LATER_EPOCHS)]
    read = [timed(lambda: [part.epoch(total) for part in parts]) for _ in range(LATER_EPOCHS)]
    fitted = fit(train, validation, arguments.size)
    anonymous, mapped = memory.stop()
    rates = {"first": number / first}
    for name, epochs in (("taken", taken), ("read", read[1:]), ("fit", fitted)):
        rates[name] = number / statistics.median(epoch.seconds for epoch in epochs)
        rates[f"{name}_cpu"] = number / statistics.median(epoch.cpu_seconds for epoch in epochs)
    return {"photos": number, **rates, "anonymous": anonymous, "mapped": mapped}


class Spent(NamedTuple):
    """Time on the clock, and of all this process's threads on processors."""

    seconds: float
    cpu_seconds: float


def timed(work: Callable[[], object]) -> Spent:
    """What a call takes."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - start, time.process_time() - cpu_start)


def total(pixels: Any) -> Any:
    """Reads all pixels as float32."""
    import keras

    return keras.ops.sum(keras.ops.cast(pixels, "float32"))


class Walk:
    """Goes through a data set as ``Model.fit`` does, without a model."""

    def __init__(self, data: Any) -> None:
        from keras.src.trainers.data_adapters import get_data_adapter

        self._data = data
        self._adapter = get_data_adapter(data)
        self._batches = self._adapter.get_tf_dataset()
        self._epochs = 0

    def epoch(self, use: Callable[[Any], object] = lambda pixels: None) -> int:
        """Takes every batch, does something with it; the number of photos."""
        start_epoch(self._data, self._epochs)
        self._epochs += 1
        self._adapter.on_epoch_begin()
        number = 0
        for batch in self._batches:
            use(batch[0])
            number += int(batch[0].shape[0])
        self._adapter.on_epoch_end()
        return number


def start_epoch(data: Any, epoch: int) -> None:
    """Tells EdgeKit's batches which epoch begins, as its trainer does; Keras' loaders know."""
    if hasattr(data, "start_epoch"):
        data.start_epoch(epoch)


def fit(train: Any, validation: Any, size: int) -> list[Spent]:
    """Later epochs of a model that does little more than read every pixel as float32."""
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        """When each epoch, its validation included, has ended."""

        def __init__(self) -> None:
            super().__init__()
            self.ends: list[Spent] = []

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            start_epoch(train, epoch)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.ends.append(Spent(time.perf_counter(), time.process_time()))

    pixels = keras.Input((size, size, 3))
    model = keras.Model(pixels, keras.layers.Dense(count_classes(train))(keras.layers.GlobalAveragePooling2D()(pixels)))
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True), jit_compile=False)
    clock = Clock()
    model.fit(train, validation_data=validation, epochs=1 + LATER_EPOCHS, verbose=0, callbacks=[clock])
    return [
        Spent(end.seconds - start.seconds, end.cpu_seconds - start.cpu_seconds) for start, end in pairwise(clock.ends)
    ]


def count_classes(train: Any) -> int:
    """From the labels, which are rows of 0 and 1."""
    return int(train.element_spec[1].shape[1] if hasattr(train, "element_spec") else train[0][1].shape[1])


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
