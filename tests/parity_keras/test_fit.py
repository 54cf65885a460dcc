"""What people write around ``model.fit``, row by row."""

from __future__ import annotations

import csv
import dataclasses
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.api.model import Model
from edgekit.cli.console import Console
from edgekit.errors import MissingExtraError, TrainingError, UsageError
from edgekit.training.config import TrainingConfig
from edgekit.training.plan import plan_training
from tests.parity_keras.rows import row
from tests.parity_keras.side_by_side import SAME_AS_RUN, of_part, read, write_photos

SMALL: dict[str, Any] = {"model": "simple_cnn", "image_size": 16, "augmentation": "none"}


def rates(config: TrainingConfig, steps: int, counted: int) -> list[float]:
    """The learning rate of every step."""
    from edgekit.training.optimizers import build_optimizer

    optimizer = build_optimizer(config, plan_training(config, pretrained=False).stages[0], steps)
    rate = optimizer._learning_rate
    return [float(rate(step)) for step in range(counted)]


def refuses(**setting: Any) -> None:
    (name,) = setting
    with pytest.raises(UsageError, match=name):
        edgekit.train("nowhere", **setting)


@row("model.fit and around it", "epochs", "history.history", "callbacks")
def test_every_epoch_is_recorded(run: Any) -> None:
    history = run.model.result.history
    assert [epoch.epoch for epoch in history] == [1, 2]
    assert run.callback.epochs == [0, 1]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(history[0].values)
    assert run.model.result.last is history[-1]
    assert run.model.result.best in history


@row("model.fit and around it", "batch_size")
def test_steps_of_an_epoch(photos: Path) -> None:
    from edgekit.training.feeding import Batches

    train = read(photos).train
    assert len(Batches(train.images, np.zeros((16, 2), np.float32), 6)) == math.ceil(16 / 6) == 3


@row("model.fit and around it", "validation_data", "validation_split")
def test_photos_for_validation(photos: Path, tmp_path: Path) -> None:
    more = write_photos(tmp_path / "more", 3, start=9000)
    elsewhere = read(photos, validation=more)
    assert (len(elsewhere.train), len(elsewhere.validation)) == (20, 6)
    assert set(of_part(elsewhere.validation)) == {f"{name}/{n:02}.png" for name in ("blue", "green") for n in range(3)}
    share = read(photos, validation=0.1)
    assert (len(share.train), len(share.validation)) == (18, 2)


@row("model.fit and around it", "class_weight")
def test_weights_of_classes() -> None:
    import keras
    from keras.src.trainers.data_adapters.data_adapter_utils import class_weight_to_sample_weights

    from edgekit.training.feeding import class_weights

    labels, names = np.array([0, 0, 0, 1]), ("cat", "dog")
    theirs = class_weight_to_sample_weights(labels, {0: 1.0, 1: 2.5})
    ours = class_weights({"cat": 1.0, "dog": 2.5}, labels, names)
    assert ours is not None
    assert ours.tolist() == np.asarray(theirs).tolist()
    balanced = class_weights("balanced", labels, names)
    assert balanced is not None
    assert balanced.tolist() == pytest.approx([4 / 6] * 3 + [2.0])
    assert keras.backend.backend() in ("tensorflow", "jax")


@row("model.fit and around it", "sample_weight", "steps_per_epoch")
def test_what_fit_takes_and_train_does_not() -> None:
    refuses(sample_weight=np.ones(4))
    refuses(steps_per_epoch=10)


@row("model.fit and around it", "initial_epoch", "BackupAndRestore")
def test_a_broken_run_goes_on(photos: Path, run: Any, tmp_path: Path) -> None:
    import keras

    class Break(keras.callbacks.Callback):
        """Somebody presses Ctrl-C in the second epoch."""

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    path = tmp_path / "colors.keras"
    settings = {**SAME_AS_RUN, "output": path}
    with pytest.raises(KeyboardInterrupt):
        edgekit.train(photos, **settings, callbacks=[Break()])
    assert not path.exists()
    resumed = edgekit.train(photos, **settings, resume=True)
    assert [epoch.epoch for epoch in resumed.result.history] == [1, 2]
    assert resumed.result.last.loss == pytest.approx(run.model.result.last.loss, rel=1e-4)


@row("model.fit and around it", "verbose")
def test_progress_is_heard_by_whom_it_is_given_to(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert any("20" in text for text in run.said)
    for name, heard in (("none", False), ("lines", True)):
        progress = Console(as_json=False, progress=name).progress
        progress.say("reading")
        with progress.task("Training", 2) as task:
            task.advance(2)
        shown = capsys.readouterr()
        assert ("reading" in shown.err) == heard
        assert shown.out == ""


@row("model.fit and around it", "EarlyStopping(patience=5)", "ReduceLROnPlateau")
def test_nothing_becomes_better(photos: Path) -> None:
    """A rate so small that no weight moves: both callbacks of Keras, and ours, see epochs without a gain."""
    import keras

    settings = {**SMALL, "epochs": 9, "learning_rate": 1e-30, "optimizer": "sgd", "batch_size": 16}
    result = edgekit.train(photos, **settings, patience=5, schedule="plateau").result
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-30), "mse")
    theirs = model.fit(
        np.ones((8, 1)),
        np.zeros((8, 1)),
        validation_split=0.5,
        epochs=9,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping("val_loss", patience=5),
            keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3, min_delta=0),
        ],
    ).history
    found = [epoch.values["learning_rate"] for epoch in result.history]
    assert len(found) == len(theirs["loss"]) == 6
    assert found == pytest.approx([float(rate) for rate in theirs["learning_rate"]], rel=1e-5)
    assert "better" in result.ended


@row("model.fit and around it", "a callback that stops at 90 %")
def test_stopping_at_a_value(photos: Path) -> None:
    result = edgekit.train(photos, **SMALL, epochs=5, stop_at={"val_accuracy": 0.01}).result
    assert len(result.history) == 1
    assert "val_accuracy reached" in result.ended


@row("model.fit and around it", "ModelCheckpoint(save_best_only=True)", "model.save")
def test_the_best_epoch_is_what_is_saved(run: Any, photos: Path) -> None:
    best, history = run.model.result.best, run.model.result.history
    assert best.val_accuracy == max(epoch.val_accuracy for epoch in history)
    validation = read(photos, 16, 16, seed=1).validation
    saved = Model.open(run.path).keras_model
    answers = np.asarray(saved(validation.images.take(np.arange(len(validation))).astype(np.float32)))
    assert (answers.argmax(axis=1) == validation.labels).mean() == pytest.approx(best.val_accuracy)


@row("model.fit and around it", "CosineDecay", "ExponentialDecay", "LearningRateScheduler")
def test_learning_rates() -> None:
    import keras

    base = TrainingConfig(epochs=4, learning_rate=0.1)
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 40)
    found = rates(dataclasses.replace(base, schedule="cosine"), 10, 40)
    assert found == pytest.approx([float(cosine(step)) for step in range(40)], abs=1e-6)
    exponential = keras.optimizers.schedules.ExponentialDecay(0.1, 40, 0.01)
    found = rates(dataclasses.replace(base, schedule="exponential"), 10, 40)
    assert found == pytest.approx([float(exponential(step)) for step in range(40)], abs=1e-6)
    warm = rates(dataclasses.replace(base, schedule="cosine", warmup_epochs=1), 10, 11)
    assert warm == sorted(warm)
    assert 0 < warm[0] < 0.02
    assert max(warm) == pytest.approx(0.1, rel=1e-3)


@row("model.fit and around it", "TensorBoard")
def test_tensorboard(photos: Path, tmp_path: Path) -> None:
    settings = {**SMALL, "epochs": 1, "tensorboard": tmp_path / "logs"}
    if find_spec("tensorboard") is None:
        with pytest.raises(MissingExtraError, match="tensorboard"):
            edgekit.train(photos, **settings)
        return
    edgekit.train(photos, **settings)
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


@row("model.fit and around it", "CSVLogger")
def test_history_as_a_table(run: Any) -> None:
    with (run.path.with_suffix(".training") / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(entry["val_loss"]) for entry in rows] == pytest.approx(
        [epoch.val_loss for epoch in run.model.result.history], rel=1e-4
    )


@row("model.fit and around it", "TerminateOnNaN")
def test_a_loss_that_is_no_number(photos: Path) -> None:
    with pytest.raises(TrainingError, match=r"(?i)nan|not a number|no number|finite"):
        edgekit.train(photos, **SMALL, epochs=2, optimizer="sgd", learning_rate=1e30)


@row("model.fit and around it", 'optimizer="adam"')
@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_optimizers(name: str) -> None:
    import keras

    from edgekit.training.optimizers import build_optimizer

    config = TrainingConfig(optimizer=name, learning_rate=0.02, momentum=0.8, nesterov=name == "sgd", weight_decay=0.01)
    ours = build_optimizer(config, plan_training(config, pretrained=False).stages[0], 10)
    assert type(ours) is type(keras.optimizers.get(name))
    assert float(ours.learning_rate) == pytest.approx(0.02)
    assert ours.weight_decay == 0.01
    if name in ("sgd", "rmsprop"):
        assert ours.momentum == 0.8


@row("model.fit and around it", "loss", "metrics")
def test_losses_and_metrics_follow_from_the_task(run: Any, photos: Path) -> None:
    """The recorded figures are what Keras computes of the delivered model."""
    import keras

    result = run.model.result
    validation = read(photos, 16, 16, seed=1).validation
    targets = result.objective.targets(validation.labels)
    answers = result.validation_probabilities
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(targets, answers)
    accuracy = keras.metrics.CategoricalAccuracy()
    accuracy.update_state(targets, answers)
    assert float(loss) == pytest.approx(result.best.val_loss, rel=1e-3)
    assert float(accuracy.result()) == pytest.approx(result.best.val_accuracy)
    binary = edgekit.train(photos, **SMALL, epochs=1, task="binary", classes=["green", "blue"])
    assert binary.keras_model.output_shape == (None, 1)
    assert binary.keras_model.layers[-1].activation is keras.activations.sigmoid
    assert [label.id for label in binary.spec.labels] == ["green", "blue"]


@row("model.fit and around it", "model.trainable = False")
def test_frozen_first_then_fine_tuned() -> None:
    config = TrainingConfig(epochs=3, fine_tune_epochs=6, unfreeze="gradual")
    stages = plan_training(config, pretrained=True, layers=30).stages
    assert [(stage.epochs, stage.unfrozen) for stage in stages] == [(3, 0), (2, 10), (2, 20), (2, None)]
    assert stages[0].learning_rate > stages[1].learning_rate
    whole = plan_training(dataclasses.replace(config, freeze=False, fine_tune_epochs=0), pretrained=True).stages
    assert [stage.unfrozen for stage in whole] == [None]


@row("model.fit and around it", "set_random_seed")
def test_the_same_seed_gives_the_same_figures(photos: Path, run: Any) -> None:
    again = edgekit.train(photos, **SAME_AS_RUN).result
    assert [epoch.values for epoch in again.history] == [epoch.values for epoch in run.model.result.history]


@row("model.fit and around it", "mixed_precision.set_global_policy")
def test_mixed_precision(photos: Path) -> None:
    import keras

    model = edgekit.train(photos, **SMALL, epochs=1, precision="bfloat16")
    assert model.result.precision == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    assert all(weight.dtype == "float32" for weight in model.keras_model.weights)
    assert model.keras_model.layers[-1].compute_dtype == "float32"


@row("model.fit and around it", "jit_compile")
def test_xla() -> None:
    import keras

    from edgekit.training.backend import compile_options

    assert compile_options(keras, "on") == {"jit_compile": True}
    if keras.config.backend() == "tensorflow":
        assert compile_options(keras, "off") == {"jit_compile": False}


@row("model.fit and around it", "tf.distribute, keras.distribution")
def test_several_devices(photos: Path) -> None:
    """On one processor: that the training runs in the strategy. Two devices have tests of their own."""
    import keras

    if keras.config.backend() == "tensorflow":
        with pytest.raises(UsageError, match="JAX"):
            edgekit.train(photos, **SMALL, epochs=1, distribute="data")
    else:
        with pytest.raises(UsageError, match="TensorFlow"):
            edgekit.train(photos, **SMALL, epochs=1, distribute="mirrored")


@row("model.fit and around it", "model.predict")
def test_answers_with_names(run: Any, photos: Path) -> None:
    photo = next(iter(sorted((photos / "blue").glob("*.png"))))
    pixels = read(photos, 16, 16)
    named = dict(zip([label.id for label in run.model.spec.labels], (0.0, 0.0), strict=True))
    named.update({found.label: found.probability for found in run.model.classify(photo)})
    place = [name for part in (pixels.train, pixels.validation) for name in part.files].index(str(photo))
    everything = np.concatenate([part.images.take(np.arange(len(part))) for part in (pixels.train, pixels.validation)])
    theirs = run.model.keras_model.predict(everything[place : place + 1].astype(np.float32), verbose=0)[0]
    assert list(named.values()) == pytest.approx(theirs.tolist(), abs=1e-5)
