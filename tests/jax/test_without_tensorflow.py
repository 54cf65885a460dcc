"""TensorFlow is not needed to train on JAX, and what was trained there exports the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import edgekit
from edgekit.kerasfile import load_model
from edgekit.preprocess import open_image
from tests.jax.environment import finish, start
from tests.jax.training import Trained

SCRIPTS = Path(__file__).with_name("scripts")


def test_there_is_no_tensorflow(jax_python: Path) -> None:
    done = finish(start(jax_python, ["-c", "import tensorflow"]))
    assert "No module named 'tensorflow'" in done.output


def test_the_same_command_trains(trained_alone: Trained) -> None:
    losses = trained_alone.losses()
    assert losses.shape == (2, 2)
    assert losses[1, 0] < losses[0, 0]


def test_the_result_exports_the_same_with_tensorflow(
    trained_alone: Trained, photos: Path, jax_python: Path, tmp_path: Path
) -> None:
    trained_alone.losses()
    pixels = np.stack([np.asarray(open_image(path).convert("RGB")) for path in sorted(photos.rglob("*.png"))[::5]])
    np.save(tmp_path / "pixels.npy", pixels)
    arguments = [SCRIPTS / "answers.py", trained_alone.path, tmp_path / "pixels.npy", tmp_path / "jax.npy"]
    done = finish(start(jax_python, [str(argument) for argument in arguments]))
    assert done.returncode == 0, done.output
    on_jax = np.load(tmp_path / "jax.npy")

    model, spec = load_model(trained_alone.path)
    assert spec is not None
    assert [label.id for label in spec.labels] == ["checks", "columns", "noise", "rows"]
    np.testing.assert_allclose(model.predict(pixels.astype(np.float32), verbose=0), on_jax, atol=1e-4)

    exported = edgekit.export(str(trained_alone.path), to="tflite:fp32", output=tmp_path / "dist")
    assert exported.failures == ()
    (artifact,) = exported.entries
    with edgekit.load(tmp_path / "dist" / artifact.file) as predictor:
        on_litert = np.concatenate([predictor.predict(photo[None]) for photo in pixels])
    np.testing.assert_allclose(on_litert, on_jax, atol=1e-4)
    assert np.ptp(on_jax, axis=0).min() > 0.01  # answers that tell photos apart
