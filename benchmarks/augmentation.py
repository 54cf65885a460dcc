"""Augmentation: EdgeKit's one layer against a chain of Keras layers that does the same, and beside a network.

Both change the same batch of noise in the same process on the same cores, taking turns with a forward pass of
MobileNetV2 0.35 in training mode; then come whole training steps of it, with each preset in front. Usage:

    python benchmarks/augmentation.py [--size 224] [--batch 32] [--rounds 10] [--no-network]

Keras' backend is that of KERAS_BACKEND.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from edgekit.host import usable_cores
from edgekit.training.augmentation import PRESETS
from edgekit.training.augmentation.layers import build_augmenter, build_mixer
from edgekit.training.backend import compile_options

NAMES = ("light", "standard", "strong")
PIXELS = (0, 255)


def main() -> None:
    """Measures and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--no-network", action="store_true")
    arguments = parser.parse_args()
    size, batch = arguments.size, arguments.batch
    backend, cores = keras.config.backend(), usable_cores()
    print(f"Keras {keras.__version__} on {backend}, {cores} cores, {size} px, batches of {batch};", end=" ")
    print(f"medians of {arguments.rounds} rounds\n")
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (batch, size, size, 3)).astype(np.float32)
    targets = np.eye(10, dtype=np.float32)[random.integers(0, 10, batch)]

    print("| the layers alone | EdgeKit, photos/s | Keras, photos/s | times as fast | of the network's forward pass |")
    print("|---|---|---|---|---|")
    for name in NAMES:
        # A preset at a time: many compiled functions at once compete for memory.
        calls = {
            "ours": as_function(edgekit_layers(name, size), pixels, targets),
            "theirs": as_function(keras_layers(name, size), pixels, targets),
            "network": as_function(forward_pass(size), pixels, targets),
        }
        times = measure(calls, arguments.rounds)
        ours, theirs = times["ours"].clock, times["theirs"].clock
        share = times["ours"].processors / times["network"].processors
        print(
            f"| `{name}` | {batch / ours:,.0f} | {batch / theirs:,.0f} | {theirs / ours:.1f} | {100 * share:.0f} % |",
            flush=True,
        )
    if not arguments.no_network:
        compare_steps(pixels, targets, arguments.rounds)


def compare_steps(pixels: Any, targets: Any, rounds: int) -> None:
    """A training step of the network with nothing and with each preset in front."""
    steps = {"none": training_step(lambda x, y: (x, y), pixels, targets)}
    for name in NAMES:
        steps[name] = training_step(edgekit_layers(name, pixels.shape[1]), pixels, targets)
    times = measure(steps, rounds)
    print("\n| a step of MobileNetV2 0.35 | ms | ms of all processors |")
    print("|---|---|---|")
    for name, taken in times.items():
        print(f"| `{name}` | {1e3 * taken.clock:.0f} | {1e3 * taken.processors:.0f} |")


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and of all processors together, which other programs hardly disturb."""

    clock: float
    processors: float


Changes = Callable[[Any, Any], tuple[Any, Any]]


def edgekit_layers(name: str, size: int) -> Changes:
    """EdgeKit's layer, and its mixer where the preset mixes."""
    augmenter = build_augmenter(PRESETS[name], (size, size, 3), 0)
    mixer = build_mixer(PRESETS[name], 1)
    assert augmenter is not None

    def change(pixels: Any, targets: Any) -> tuple[Any, Any]:
        pixels = augmenter(pixels, training=True)
        return (pixels, targets) if mixer is None else mixer(pixels, targets, training=True)

    return change


def keras_layers(name: str, size: int) -> Changes:
    """The same with what Keras has: one layer for each change."""
    settings, layers = PRESETS[name], keras.layers
    low, high = settings.zoom_range
    chain: list[Any] = [
        layers.RandomFlip("horizontal"),
        layers.RandomZoom((low - 1, high - 1), fill_mode="reflect"),
        layers.RandomTranslation(settings.shift_y, settings.shift_x, fill_mode="reflect"),
    ]
    if settings.rotation:
        chain.append(layers.RandomRotation(settings.rotation / 360, fill_mode="reflect"))
        chain.append(layers.RandomShear(x_factor=settings.shear / 90, fill_mode="reflect"))
    if settings.brightness:
        chain.append(layers.RandomBrightness(settings.brightness, PIXELS))
        chain.append(layers.RandomContrast(settings.contrast, PIXELS))
        chain.append(layers.RandomSaturation(settings.saturation / 2, PIXELS))
    if settings.rand_augment:
        chain.append(layers.RandAugment(PIXELS, settings.rand_augment, settings.magnitude / 10))
    mixer = layers.MixUp(settings.mixup) if settings.mixes else None

    def change(pixels: Any, targets: Any) -> tuple[Any, Any]:
        for layer in chain:
            pixels = layer(pixels, training=True)
        if mixer is not None:
            mixed = mixer({"images": pixels, "labels": targets}, training=True)
            pixels, targets = mixed["images"], mixed["labels"]
        return pixels, targets

    return change


def forward_pass(size: int) -> Changes:
    """The network in training mode, without the way back."""
    network = keras.applications.MobileNetV2((size, size, 3), alpha=0.35, weights=None, classes=10)
    return lambda pixels, targets: (network(pixels / 127.5 - 1, training=True), targets)


class Layers(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Changes as a layer, so that their state is tracked."""

    def __init__(self, changes: Changes) -> None:
        super().__init__(dtype="float32")
        self.changes = changes
        self.parts = [cell.cell_contents for cell in changes.__closure__ or ()]

    def call(self, pixels: Any, targets: Any) -> Any:
        """Pixels only."""
        return self.changes(pixels, targets)[0]


def as_function(changes: Changes, pixels: Any, targets: Any) -> Callable[[], object]:
    """The layers alone, compiled as the backend does it in ``fit``; a call waits for the result."""
    layer = Layers(changes)
    pixels, targets = keras.ops.convert_to_tensor(pixels), keras.ops.convert_to_tensor(targets)
    layer(pixels, targets)
    if keras.config.backend() == "jax":
        import jax

        weights = [variable.value for variable in layer.trainable_variables]
        state = [variable.value for variable in layer.non_trainable_variables]
        jitted = jax.jit(lambda weights, state, pixels: layer.stateless_call(weights, state, pixels, targets)[0])
        return lambda: jax.block_until_ready(jitted(weights, state, pixels))
    import tensorflow as tf

    function = tf.function(lambda pixels: layer(pixels, targets), autograph=False)
    return lambda: function(pixels).numpy()


def training_step(changes: Changes, pixels: Any, targets: Any) -> Callable[[], object]:
    """One step of ``fit`` on a batch; mixed targets are left out, for they cost nothing."""
    network = keras.applications.MobileNetV2(pixels.shape[1:], alpha=0.35, weights=None, classes=targets.shape[1])
    photos, labels = keras.Input(pixels.shape[1:]), keras.Input(targets.shape[1:])
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(Layers(changes)(photos, labels))
    model = keras.Model([photos, labels], network(scaled))
    model.compile("sgd", "categorical_crossentropy", **compile_options(keras))
    return lambda: model.train_on_batch([pixels, targets], targets)


def measure(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Taken]:
    """What each call takes, the median of rounds in which they take turns."""
    for call in calls.values():
        call()
        call()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            clock, processors = time.perf_counter(), time.process_time()
            call()
            times[name].append((time.perf_counter() - clock, time.process_time() - processors))
    return {
        name: Taken(*(statistics.median(column) for column in zip(*rows, strict=True))) for name, rows in times.items()
    }


if __name__ == "__main__":
    main()
