"""The same changes from the same numbers with JAX, where there is no TensorFlow."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np

from edgekit.training.augmentation import resolve_augmentation

TEXTS = ("light", "standard,hue=40", "rand_augment=3", "rotation=90,zoom=2..3,fill_mode=wrap")

RUN = """
import sys
import jax, keras, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from edgekit.training.augmentation import resolve_augmentation
from edgekit.training.augmentation.layers import build_augmenter, build_mixer

assert "tensorflow" not in sys.modules
given, texts = np.load(sys.argv[1]), sys.argv[3:]
photos, shape = given["photos"], given["photos"].shape[1:]
layers = [build_augmenter(resolve_augmentation(text), shape, 0) for text in texts]
changes = [jax.jit(layer.change) for layer in layers]
numbers = [given["numbers"][:, : 11 + 2 * layer.settings.rand_augment] for layer in layers]
np.savez(sys.argv[2], *[np.asarray(change(photos, drawn)) for change, drawn in zip(changes, numbers)])

# Photos on two devices are changed where they are.
split = NamedSharding(Mesh(np.array(jax.devices()), ("batch",)), PartitionSpec("batch"))
assert len(jax.devices()) == 2
program = changes[0].lower(jax.device_put(photos, split), jax.device_put(numbers[0], split)).compile().as_text()
assert "all-gather" not in program, program

strong = resolve_augmentation("strong")
pixels, targets = keras.Input(shape), keras.Input((2,))
mixed, labels = build_mixer(strong, 1)(build_augmenter(strong, shape, 0)(pixels), targets)
answers = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(mixed / 255))
model = keras.Model([pixels, targets], keras.layers.Concatenate()([answers, labels]))
model.compile("sgd", "mse", jit_compile=True)
before = [np.asarray(variable) for variable in model.non_trainable_variables]
loss = model.fit([photos, np.eye(2)[[0, 1] * 3]], np.zeros((6, 4)), batch_size=4, verbose=0).history["loss"]
assert np.isfinite(loss).all()
assert len(before) == 2
assert not any(np.array_equal(old, new) for old, new in zip(before, model.non_trainable_variables))
"""


def test_jax_gives_the_same_photos(tmp_path: Path, repository: Path, jax_python: Path) -> None:
    from edgekit.training.augmentation.layers import build_augmenter

    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (6, 20, 24, 3)).astype(np.float32)
    numbers = random.random((6, 17), dtype=np.float32)
    np.savez(tmp_path / "given.npz", photos=photos, numbers=numbers)
    devices = "--xla_force_host_platform_device_count=2"
    done = subprocess.run(
        [str(jax_python), "-c", RUN, str(tmp_path / "given.npz"), str(tmp_path / "changed.npz"), *TEXTS],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(repository), "XLA_FLAGS": devices},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    changed = np.load(tmp_path / "changed.npz")
    for index, text in enumerate(TEXTS):
        layer = build_augmenter(resolve_augmentation(text), (20, 24, 3), 0)
        assert layer is not None
        expected = np.asarray(layer.change(photos, numbers[:, : 11 + 2 * layer.settings.rand_augment]))
        # A value between two steps of posterize may fall to either side.
        assert np.mean(np.abs(changed[f"arr_{index}"] - expected) > 0.05) < 0.01, text
