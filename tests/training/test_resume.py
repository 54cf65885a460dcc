from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data import Dataset
from edgekit.errors import ImageError, OutputError, TrainingError
from edgekit.kerasfile import import_keras
from edgekit.spec import ImageFormat
from edgekit.training import RunOptions, TrainingConfig, TrainingResult, train_classifier
from edgekit.training.checkpoint import Checkpoint
from edgekit.training.distribution.base import OneDevice

keras = import_keras()

IMAGE = ImageFormat(32, 32)
SCRATCH = {
    "model": "simple_cnn",
    "epochs": 4,
    "batch_size": 16,
    "augmentation": "strong",
    "schedule": "cosine",
    "warmup_epochs": 1,
}
STAGES = {
    "model": "mobilenet_v1_0.25",
    "epochs": 3,
    "fine_tune_epochs": 2,
    "batch_size": 16,
    "optimizer": "adamw",
    "unfreeze": 20,
}


class Stop(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int, error: Callable[[], BaseException] = KeyboardInterrupt) -> None:
        super().__init__()
        self._epoch = epoch
        self._error = error
        self._now = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._now = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._now == self._epoch:
            raise self._error()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random, but of the right shapes."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    keras.applications.MobileNet(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.25).save_weights(
        path
    )
    return path


def _numbers(result: TrainingResult) -> list[list[float]]:
    return [list(epoch.values.values()) for epoch in result.history]


def test_without_a_checkpoint_only_the_best_weights_are_fetched(
    textures: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, fetched = OneDevice.fetch, []

    def counted(self: OneDevice, variables: Sequence[Any]) -> list[NDArray[Any]]:
        fetched.append(len(variables))
        return fetch(self, variables)

    monkeypatch.setattr(OneDevice, "fetch", counted)
    result = train_classifier(textures, IMAGE, TrainingConfig(**{**SCRATCH, "epochs": 2}))
    assert set(fetched) == {len(result.keras_model.weights)}


@pytest.mark.parametrize(("settings", "epoch"), [(SCRATCH, 3), (STAGES, 4), (STAGES, 5)])
def test_a_resumed_run_is_the_unbroken_one(
    settings: dict[str, Any], epoch: int, textures: Dataset, tmp_path: Path, weights: Path
) -> None:
    if settings is STAGES:
        settings = {**settings, "weights": weights}
    unbroken = train_classifier(textures, IMAGE, TrainingConfig(**settings))
    folder = tmp_path / "x.unfinished"
    with pytest.raises(KeyboardInterrupt):
        train_classifier(
            textures,
            IMAGE,
            TrainingConfig(**settings, callbacks=[Stop(epoch)]),
            options=RunOptions(folder),
        )
    resumed = train_classifier(textures, IMAGE, TrainingConfig(**settings), options=RunOptions(folder, resume=True))
    assert resumed.resumed_after == epoch - 1
    assert [e.stage for e in resumed.history] == [e.stage for e in unbroken.history]
    np.testing.assert_allclose(_numbers(resumed), _numbers(unbroken), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(resumed.validation_probabilities, unbroken.validation_probabilities, atol=1e-4)


def test_a_run_whose_model_could_not_be_written_has_nothing_left_to_train(textures: Dataset, tmp_path: Path) -> None:
    config, folder = TrainingConfig(**{**SCRATCH, "epochs": 2}), tmp_path / "x.unfinished"
    first = train_classifier(textures, IMAGE, config, options=RunOptions(folder))
    again = train_classifier(textures, IMAGE, config, options=RunOptions(folder, resume=True))
    assert again.history == first.history
    assert again.resumed_after == 2
    np.testing.assert_allclose(again.validation_probabilities, first.validation_probabilities, atol=1e-6)


def test_other_data_are_refused(textures: Dataset, make_dataset: Any, tmp_path: Path) -> None:
    config, folder = TrainingConfig(**{**SCRATCH, "epochs": 2}), tmp_path / "x.unfinished"
    train_classifier(textures, IMAGE, config, options=RunOptions(folder))
    other = make_dataset()
    object.__setattr__(other, "digest", "1" * 64)
    with pytest.raises(TrainingError, match="data was 000"):
        train_classifier(other, IMAGE, config, options=RunOptions(folder, resume=True))


@pytest.mark.parametrize(
    ("error", "message"),
    [(MemoryError, "--batch-size 8"), (lambda: ImageError("a.jpg", "it has vanished"), "a.jpg")],
)
def test_the_best_epoch_outlives_what_breaks_the_training_off(error: Any, message: str, textures: Dataset) -> None:
    settings = {**SCRATCH, "augmentation": "none"}
    result = train_classifier(textures, IMAGE, TrainingConfig(**settings, callbacks=[Stop(3, error)]))
    assert result.failure is not None
    assert message in str(result.failure)
    assert len(result.history) == 2
    with pytest.raises(type(result.failure), match=message):
        train_classifier(textures, IMAGE, TrainingConfig(**settings, callbacks=[Stop(1, error)]))


def test_divergence_keeps_the_best_epoch(textures: Dataset) -> None:
    class Spoil(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                self.model.set_weights([np.full_like(array, np.nan) for array in self.model.get_weights()])

    result = train_classifier(
        textures, IMAGE, TrainingConfig(**{**SCRATCH, "augmentation": "none"}, callbacks=[Spoil()])
    )
    assert "diverged" in str(result.failure)
    assert "epoch 3" in str(result.failure)
    assert len(result.history) == 2
    assert np.isfinite(result.validation_probabilities).all()


def test_a_full_disk_is_a_warning(textures: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Listener:
        def __init__(self) -> None:
            self.warnings: list[str] = []

        def warn(self, message: str) -> None:
            self.warnings.append(message)

        def __getattr__(self, name: str) -> Any:
            from edgekit.progress import SILENT

            return getattr(SILENT, name)

    def refuse(*_: Any) -> None:
        raise OutputError("Cannot write x: the disk is full.")

    monkeypatch.setattr(Checkpoint, "save", refuse)
    listener = Listener()
    config = TrainingConfig(**{**SCRATCH, "epochs": 3, "augmentation": "none"})
    result = train_classifier(textures, IMAGE, config, "x", listener, RunOptions(tmp_path / "u"))  # type: ignore[arg-type]
    assert len(result.history) == 3
    assert [message for message in listener.warnings if "disk is full" in message] == [
        "Cannot write x: the disk is full. The training goes on, but could not be resumed after this epoch."
    ]
