"""verify on what its other tests do not have: references that do not know their shapes, and what it leaves behind."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.api.exporting import export
from edgekit.api.verifying import verify
from edgekit.manifest import Manifest
from edgekit.progress import SILENT
from edgekit.sourcemodel.custom import load_custom_objects
from tests.api.conftest import Exported

SAMPLES = np.random.default_rng(0).normal(size=(16, 6, 3)).astype(np.float32)

SUBCLASS = """
import keras

@keras.saving.register_keras_serializable("verifying")
class Own(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.mix, self.last = keras.layers.Conv1D(8, 3, activation="relu"), keras.layers.Dense(2)

    def call(self, x):
        return self.last(self.mix(x))
"""


def test_a_subclassed_model_is_verified_with_the_shape_of_its_export(keras: Any, tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    (tmp_path / "own.py").write_text(SUBCLASS)
    classes = load_custom_objects(tmp_path / "own.py")
    model = next(found for name, found in classes.items() if name.endswith("Own"))()
    model(SAMPLES)
    path = tmp_path / "own.keras"
    model.save(path)
    done = export(path, "tflite", tmp_path / "dist", input_shape="1,6,3", custom_objects=classes, progress=SILENT)
    assert not done.failures
    report = verify(tmp_path / "dist", reference=path, data=SAMPLES, custom_objects=classes, progress=SILENT)
    assert report.passed, report.to_text()
    assert report.photos == len(SAMPLES)


def test_so_is_a_saved_model_of_any_rank(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.weights = tf.Variable(np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32))
    signature = [tf.TensorSpec(None, tf.float32)]
    module.run = tf.function(lambda values: {"scores": tf.nn.relu(values @ module.weights)}, signature)
    path = tmp_path / "any_rank"
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.run})
    done = export(path, "tflite", tmp_path / "dist", input_shape="1,6,3", progress=SILENT)
    assert not done.failures
    report = verify(tmp_path / "dist", reference=path, data=SAMPLES, progress=SILENT)
    assert report.passed, report.to_text()


def test_the_readme_shows_what_was_found(sensor: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    shutil.copytree(sensor.result.folder, folder)
    fp16, int8 = (entry.file for entry in Manifest.read(folder).artifacts)
    (folder / int8).unlink()
    report = verify(folder, reference=sensor.model, data=sensor.samples, progress=SILENT)
    assert [row.verdict.passed for row in report.rows] == [True, False]
    assert "is missing" in report.rows[1].verdict.reasons[0]
    rows = [line for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert rows[0].endswith("| `edgekit verify` |")
    assert fp16 in rows[2]
    assert "| ok: an error of " in rows[2]
    assert rows[2].endswith(" on 24 samples |")
    assert rows[3].endswith("| FAILED |")


def test_a_changed_file_is_a_failed_row(sensor: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    shutil.copytree(sensor.result.folder, folder)
    manifest = Manifest.read(folder)
    first = manifest.artifacts[0]
    dataclasses.replace(
        manifest, artifacts=(dataclasses.replace(first, digest="00" * 32), *manifest.artifacts[1:])
    ).write(folder)
    report = verify(folder, reference=sensor.model, data=sensor.samples, progress=SILENT)
    assert [row.verdict.passed for row in report.rows] == [False, True]
    assert "is not what was exported" in report.rows[0].verdict.reasons[0]
