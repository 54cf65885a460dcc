r"""Steps a second of training on a GPU: photos from EdgeKit's cache against a batch that is already there.

For MobileNetV2 and ResNet50, all layers trained, in float32 and in the precision that suits the device; the two
ways of feeding take turns. The goal: the cache feeds at least 90 % of the rate of the batch that lies on the device, so
the GPU never waits for photos. Usage:

    KERAS_BACKEND=jax python -m benchmarks.gpu_training [--source FOLDER] [--batch 64] [--steps 100] [--json FILE]

It needs JAX for CUDA, Keras, NumPy, Pillow and click, but no TensorFlow. Where Keras cannot be installed, bring it
along:

    uv pip install --target wheels --python-version 3.12 --python-platform x86_64-manylinux_2_28 --no-deps \
        keras absl-py rich markdown-it-py mdurl pygments namex optree h5py ml-dtypes packaging click pillow
    KERAS_BACKEND=jax PYTHONPATH=wheels:. python -m benchmarks.gpu_training

Not measured yet: no GPU was at hand when it was written. It was tried on processors only, to see that it runs:

    KERAS_BACKEND=jax python -m benchmarks.gpu_training --anyway --steps 3 --batch 8 --size 96
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.data import CachePolicy, DataOptions, Part, open_dataset
from edgekit.spec import ImageFormat

GOAL = 0.90
NETWORKS = ("MobileNetV2", "ResNet50")
CLASSES = 10
ROUNDS = 3


@dataclass(frozen=True)
class Rates:
    """Steps a second of one network in one precision.

    Attributes:
        network: of ``keras.applications``.
        precision: the dtype policy.
        synthetic: the median of the rounds on a batch that lies on the device.
        cached: the median of the rounds on photos from the cache.
        ratio: the median of cached / synthetic of each round.
    """

    network: str
    precision: str
    synthetic: float
    cached: float
    ratio: float


def main() -> int:
    """Measures and prints one table; 1 where the goal is missed on a GPU."""
    arguments = parse_arguments()
    os.environ.setdefault("KERAS_BACKEND", "jax")
    backend = os.environ["KERAS_BACKEND"]
    if find_spec(backend) is None:
        print(f"{backend} is not installed, so nothing was measured. This benchmark is for a machine with a GPU.")
        return 0
    import keras

    from edgekit.training.precision import choose_precision, find_accelerator

    accelerator = find_accelerator(keras)
    if accelerator.kind != "gpu" and not arguments.anyway:
        print("There is no GPU, so nothing was measured. Pass --anyway to see that it runs.")
        return 0
    device = name_device(backend)
    print(f"{device}; Keras {keras.__version__} on {backend}, Python {platform.python_version()}")
    print(f"{arguments.size}x{arguments.size}, batches of {arguments.batch}, {arguments.steps} steps, {ROUNDS} rounds")
    with tempfile.TemporaryDirectory(prefix="edgekit-gpu-") as folder:
        part = open_photos(arguments, Path(folder))
        print(f"reading alone: {reading_rate(part, arguments.batch):.0f} batches/s, {len(part)} photos\n")
        policies = dict.fromkeys(["float32", arguments.precision or choose_precision(keras)])
        rates = [
            measure(name, policy, part, arguments.batch, arguments.steps)
            for name in arguments.networks
            for policy in policies
        ]
    show(rates, device)
    if arguments.json:
        document = {"device": device, "batch": arguments.batch, "size": arguments.size, "rates": [*map(asdict, rates)]}
        arguments.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return int(accelerator.kind == "gpu" and any(rate.ratio < GOAL for rate in rates))


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, help="a folder of class folders; made-up photos by default")
    parser.add_argument("--photos", type=int, default=2000, help="how many to make up")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100, help="of each round")
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), metavar="NAME")
    parser.add_argument("--precision", choices=["mixed_bfloat16", "mixed_float16"], help="to compare with float32")
    parser.add_argument("--anyway", action="store_true", help="run without a GPU, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args()


def name_device(backend: str) -> str:
    """What the computation runs on, as its maker calls it."""
    if backend == "jax":
        import jax

        return str(jax.devices()[0].device_kind)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")) if gpus else "cpu"


def open_photos(arguments: argparse.Namespace, folder: Path) -> Part:
    """The training part of a data set in a cache of its own, already filled."""
    source = arguments.source or make_photos(folder / "photos", arguments.photos, arguments.size)
    options = DataOptions(validation=0.1, cache=CachePolicy(directory=folder / "cache"))
    return open_dataset(source, ImageFormat(arguments.size, arguments.size), options).train


def make_photos(folder: Path, count: int, size: int) -> Path:
    """Class folders of noise. From the cache all photos read the same; no two are, or they would count as copies."""
    from PIL import Image

    random = np.random.default_rng(0)
    for index in range(count):
        path = folder / str(index % CLASSES) / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 256, (8, 8, 3)).astype(np.uint8))
        small.resize((size, size)).save(path, compress_level=1)
    return folder


def reading_rate(part: Part, batch: int, seconds: float = 2.0) -> float:
    """Batches a second from the cache in random order, by one thread, without a network."""
    random = np.random.default_rng(0)
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        part.images.take(random.integers(0, len(part), batch))
        count += 1
    return count / (time.perf_counter() - started)


def measure(network: str, policy: str, part: Part, batch: int, steps: int) -> Rates:
    """Trains one network from both sources in turns."""
    import keras

    from edgekit.training.backend import compile_options
    from edgekit.training.precision import dtype_policy

    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    height, width, channels = part.images.shape
    with dtype_policy(keras, policy):
        pixels = keras.Input((height, width, channels))
        scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
        backbone = getattr(keras.applications, network)(
            weights=None, include_top=False, pooling="avg", input_tensor=scaled
        )
        answers = keras.layers.Dense(CLASSES, activation="softmax", dtype="float32")(backbone.output)
        model = keras.Model(pixels, answers)
    model.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", **compile_options(keras))
    sources = {"synthetic": on_device(part, batch, steps), "cached": from_cache(part, batch, steps)}
    rates: dict[str, list[float]] = {name: [] for name in sources}
    for name, source in sources.items():  # compiles, and fills the queues
        seconds_of_fit(model, source)
        print(f"{network} {policy}: {name} is warm", file=sys.stderr)
    for _ in range(ROUNDS):
        for name, source in sources.items():
            rates[name].append(steps / seconds_of_fit(model, source))
    ratios = [cached / synthetic for cached, synthetic in zip(rates["cached"], rates["synthetic"], strict=True)]
    return Rates(
        network,
        policy,
        statistics.median(rates["synthetic"]),
        statistics.median(rates["cached"]),
        statistics.median(ratios),
    )


def seconds_of_fit(model: Any, source: Any) -> float:
    """One epoch. Keras asks for the metrics at its end, so the last step is done then."""
    started = time.perf_counter()
    model.fit(source, shuffle=False, verbose=0)
    return time.perf_counter() - started


def on_device(part: Part, batch: int, steps: int) -> Any:
    """The same batch in every step, uint8, moved to the device once."""
    import keras

    pixels = part.images.take(np.arange(batch) % len(part))
    targets = np.eye(CLASSES, dtype=np.float32)[part.labels[np.arange(batch) % len(part)] % CLASSES]
    if keras.config.backend() == "jax":
        import jax

        pixels, targets = jax.device_put(pixels), jax.device_put(targets)

    class OnDevice(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __len__(self) -> int:
            return steps

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            return pixels, targets

    return OnDevice()


def from_cache(part: Part, batch: int, steps: int) -> Any:
    """What a training reads: photos in random order as uint8, ahead of their use."""
    from edgekit.training.feeding import Batches, Order

    class Repeated:
        """The part over and over, so that an epoch has as many steps as are wanted."""

        def __len__(self) -> int:
            return batch * steps

        def take(self, indices: Any) -> Any:
            return part.images.take(indices % len(part))

    labels = part.labels[np.arange(batch * steps) % len(part)] % CLASSES
    return Batches(Repeated(), np.eye(CLASSES, dtype=np.float32)[labels], batch, order=Order(0))


def show(rates: list[Rates], device: str) -> None:
    """Prints the table, and what 16 bits gain."""
    print(f"{'network':<14}{'precision':<16}{'on device':>12}{'from cache':>12}{'ratio':>8}")
    for rate in rates:
        verdict = "" if rate.ratio >= GOAL else f"   below {GOAL:.0%}"
        figures = f"{rate.synthetic:>10.2f}/s{rate.cached:>10.2f}/s{rate.ratio:>8.1%}"
        print(f"{rate.network:<14}{rate.precision:<16}{figures}{verdict}")
    for network in dict.fromkeys(rate.network for rate in rates):
        full, *rest = (rate for rate in rates if rate.network == network)
        for rate in rest:
            print(
                f"{network} on {device}: {rate.precision} is {rate.cached / full.cached:.2f} times as fast as float32"
            )


if __name__ == "__main__":
    sys.exit(main())
