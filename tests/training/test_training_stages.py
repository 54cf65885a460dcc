"""What each stage trains, at which rate, and when it ends."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data import Dataset
from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras
from edgekit.spec import ImageFormat
from edgekit.training import RunOptions, TrainingConfig, TrainingResult, train_classifier
from edgekit.training.result import best_epoch
from tests.conftest import missing
from tests.training.pretrained import TINY_LAYERS, write_tiny_weights

keras = import_keras()

IMAGE = ImageFormat(32, 32)
STANDSTILL: dict[str, Any] = {"model": "simple_cnn", "optimizer": "sgd", "learning_rate": 1e-30, "batch_size": 64}
"""A rate at which no weight changes, so that no epoch is better than the first."""


@pytest.fixture(scope="module")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_weights(tmp_path_factory.mktemp("weights") / "tiny.weights.h5")


class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """A user's callback: notes the epochs, and the weights at both ends of each stage."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []
        self.metrics: set[str] = set()
        self.begins: list[dict[str, NDArray[Any]]] = []
        self.ends: list[dict[str, NDArray[Any]]] = []

    def _weights(self) -> dict[str, NDArray[Any]]:
        layers = {layer.name: layer for layer in self.model._flatten_layers()}
        names = [*TINY_LAYERS, *(f"{name}_norm" for name in TINY_LAYERS), "probabilities"]
        return {
            name: np.concatenate([w.ravel() for w in layers[name].get_weights()]) for name in names if name in layers
        }

    def on_train_begin(self, logs: Any = None) -> None:
        self.begins.append(self._weights())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append(epoch)
        self.metrics |= set(logs)

    def on_train_end(self, logs: Any = None) -> None:
        self.ends.append(self._weights())


@dataclass(frozen=True)
class Watched:
    result: TrainingResult
    watch: Watch

    def moved(self, stage: int) -> set[str]:
        """The layers that a stage has changed."""
        before, after = self.watch.begins[stage], self.watch.ends[stage]
        return {name for name, values in before.items() if not np.array_equal(values, after[name])}


@pytest.fixture(scope="module")
def gradual(textures: Dataset, tiny_weights: Path) -> Watched:
    watch = Watch()
    config = TrainingConfig(
        model="tiny_cnn",
        weights=tiny_weights,
        epochs=2,
        fine_tune_epochs=4,
        fine_tune_learning_rate=1e-3,
        batch_size=16,
        unfreeze="gradual",
        augmentation="none",
        callbacks=[watch],
    )
    return Watched(train_classifier(textures, IMAGE, config), watch)


def test_gradual_unfreezing_trains_only_the_layers_it_says(gradual: Watched) -> None:
    stages = ["head", "fine-tuning 1/3", "fine-tuning 2/3", "fine-tuning 3/3"]
    assert list(gradual.result.stages) == stages
    # Thirds of the backbone's eight layers, batch norm counted; batch norm itself never moves.
    assert gradual.moved(0) == {"probabilities"}
    assert gradual.moved(1) == {"probabilities", "conv_64"}
    assert gradual.moved(2) == {"probabilities", "conv_64", "conv_32", "conv_16"}
    assert gradual.moved(3) == {"probabilities", *TINY_LAYERS}


def test_each_stage_goes_on_from_the_best_epoch_before_it(gradual: Watched) -> None:
    ends = {stage: max(e.epoch for e in gradual.result.history if e.stage == stage) for stage in gradual.result.stages}
    checked = 0
    for index, stage in list(enumerate(gradual.result.stages))[1:]:
        before = [epoch for epoch in gradual.result.history if epoch.epoch <= ends[gradual.result.stages[index - 1]]]
        best = best_epoch(before, gradual.result.objective.monitor)
        assert best is not None
        if best.epoch == ends[best.stage]:  # whose weights were noted
            expected = gradual.watch.ends[gradual.result.stages.index(best.stage)]["probabilities"]
            np.testing.assert_array_equal(gradual.watch.begins[index]["probabilities"], expected, err_msg=stage)
            checked += 1
    assert checked


def test_a_users_callback_sees_all_stages_counted_through(gradual: Watched) -> None:
    assert len(gradual.watch.begins) == len(gradual.watch.ends) == 4
    assert gradual.watch.epochs == list(range(6))
    assert gradual.watch.metrics >= {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_tensorboard_gets_the_events_of_every_stage(textures: Dataset, tiny_weights: Path, tmp_path: Path) -> None:
    if find_spec("tensorboard") is None:
        missing("TensorFlow writes no events without the package tensorboard")
    config = TrainingConfig(
        model="tiny_cnn", weights=tiny_weights, epochs=1, fine_tune_epochs=1, unfreeze="gradual", tensorboard=tmp_path
    )
    train_classifier(textures, IMAGE, config)
    folders = {file.parent.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("events.out.tfevents.*")}
    assert folders == {
        f"{stage}/{part}" for stage in ("head", "fine-tuning-1-of-1") for part in ("train", "validation")
    }


def test_the_rate_is_constant_for_the_head_and_a_cosine_in_each_part_of_fine_tuning(gradual: Watched) -> None:
    rates = [epoch.values["learning_rate"] for epoch in gradual.result.history]
    # The rate of the last step: 3/4 of the way in an epoch of four steps, 3/8 and 7/8 in two epochs.
    shares = [3 / 4, 3 / 4, 3 / 8, 7 / 8]
    expected = [1e-3, 1e-3, *(1e-3 * (1 + math.cos(math.pi * share)) / 2 for share in shares)]
    assert rates == pytest.approx(expected, rel=1e-4)


class Interrupt(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Ctrl-C in the second batch of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._wanted = epoch
        self._now = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._now = epoch + 1

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._now == self._wanted and batch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epoch", [3, 5])
def test_a_run_that_ended_in_the_first_epoch_of_a_stage_goes_on_as_the_unbroken_one(
    epoch: int, textures: Dataset, tiny_weights: Path, gradual: Watched, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train_classifier(
            textures,
            IMAGE,
            dataclasses.replace(gradual.result.config, callbacks=[Interrupt(epoch)]),
            options=RunOptions(tmp_path / "x.unfinished"),
        )
    options = RunOptions(tmp_path / "x.unfinished", resume=True)
    config = dataclasses.replace(gradual.result.config, callbacks=[])
    resumed = train_classifier(textures, IMAGE, config, options=options)
    assert resumed.resumed_after == epoch - 1
    for one, other in zip(resumed.history, gradual.result.history, strict=True):
        assert one.values == pytest.approx(other.values, rel=1e-4, abs=1e-5), f"epoch {other.epoch}"
    np.testing.assert_allclose(
        resumed.validation_probabilities, gradual.result.validation_probabilities, rtol=1e-4, atol=1e-5
    )


def test_a_plateau_lowers_the_rate_and_patience_ends_the_stage(textures: Dataset) -> None:
    config = TrainingConfig(**STANDSTILL, epochs=9, augmentation="none", schedule="plateau", patience=5)
    result = train_classifier(textures, IMAGE, config)
    assert [epoch.values["learning_rate"] for epoch in result.history] == pytest.approx([1e-30] * 4 + [5e-31] * 2)
    assert result.best.epoch == 1
    assert result.ended == "val_accuracy has not become better since epoch 1."


def test_patience_ends_a_stage_and_not_the_training(textures: Dataset, tiny_weights: Path) -> None:
    settings = {**STANDSTILL, "model": "tiny_cnn", "weights": tiny_weights}
    config = TrainingConfig(**settings, epochs=9, patience=1, fine_tune_epochs=1)
    result = train_classifier(textures, IMAGE, config)
    assert [epoch.stage for epoch in result.history] == ["head", "head", "fine-tuning"]
    assert result.ended is None


def test_stop_at_ends_the_whole_training(textures: Dataset, tiny_weights: Path) -> None:
    config = TrainingConfig(
        model="tiny_cnn", weights=tiny_weights, epochs=9, fine_tune_epochs=9, stop_at="val_loss=100"
    )
    result = train_classifier(textures, IMAGE, config)
    assert [epoch.stage for epoch in result.history] == ["head"]
    assert str(result.ended).startswith("val_loss reached 100 in epoch 1 (")


def test_a_metric_that_there_will_not_be_is_refused_first(textures: Dataset) -> None:
    with pytest.raises(UsageError, match="There is no metric 'val_f1' to stop at"):
        train_classifier(textures, IMAGE, TrainingConfig(model="tiny_cnn", stop_at="val_f1=0.9"))


def test_classes_without_weight_are_not_learned(textures: Dataset) -> None:
    weights = {name: 0.0 for name in textures.class_names if name != "rows"}
    config = TrainingConfig(model="simple_cnn", epochs=2, augmentation="none", batch_size=8, class_weights=weights)
    result = train_classifier(textures, IMAGE, config)
    assert set(result.validation_probabilities.argmax(axis=1)) == {textures.class_names.index("rows")}
