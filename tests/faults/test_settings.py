"""Settings of a training: wrong types, values out of range, and what does not go together."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import edgekit
from edgekit.data import CachePolicy
from edgekit.errors import TrainingError, UsageError
from edgekit.training.augmentation import Augmentation, resolve_augmentation
from edgekit.training.config import TrainingConfig
from edgekit.training.distribution import ProcessOptions
from tests.faults.pictures import png
from tests.faults.table import Bench, Row, as_table, fails, pets, run_row, works
from tests.faults.ways import training


def sound(bench: Bench) -> Path:
    return bench.write(pets())


def three(bench: Bench) -> Path:
    return bench.write({**pets(), **{f"cow/{i}.png": png((i, 9, 9)) for i in range(3)}})


def setting(name: str, value: Any, *says: str, id: str = "", **others: Any) -> Row:
    """A row of one setting of a training that is wrong; the message has the setting's name."""
    shown = str(value) if len(str(value)) < 20 else type(value).__name__
    return fails(id or f"{name}={shown}", sound, training(**{name: value, **others}), UsageError, name, *says)


def augmented(value: Any, *says: str) -> Row:
    """A row of an augmentation that cannot be."""
    return fails(f"augmentation={value}", lambda bench: value, lambda made, bench: edgekit.train(
        sound(bench), augmentation=made, model="tiny_cnn"), UsageError, *says)  # fmt: skip


def resolved(value: Any, **expected: Any) -> Row:
    """A row of an odd spelling that is understood."""

    def check(found: Augmentation, bench: Bench) -> None:
        assert {name: getattr(found, name) for name in expected} == expected

    return works(f"augmentation={value}", lambda bench: value, lambda made, bench: resolve_augmentation(made), check)


def _trained(model: edgekit.Model, bench: Bench) -> None:
    assert model.result is not None
    assert len(model.result.history) >= 1


def _stop_now(bench: Bench) -> Any:
    import keras

    class Broken(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            raise RuntimeError("the logger has no network")

    return Broken()


RANGES = (
    setting("epochs", 0, "at least 1", "Got: 0"),
    setting("epochs", -3, "at least 1", "Got: -3"),
    setting("epochs", 2.5, "whole number", "Got: 2.5"),
    setting("epochs", "10", "whole number", "Got: '10'"),
    setting("epochs", True, "whole number", "Got: True"),
    setting("epochs", None, "whole number", "Got: None"),
    setting("batch_size", 0, "at least 1", "Got: 0"),
    setting("batch_size", [32], "whole number", "Got: "),
    setting("learning_rate", 0, "above 0", "Got: 0"),
    setting("learning_rate", -0.1, "above 0", "Got: -0.1"),
    setting("learning_rate", float("nan"), "above 0", "Got: nan"),
    setting("learning_rate", float("inf"), "above 0", "Got: inf"),
    setting("learning_rate", "fast", "a number", "Got: 'fast'"),
    setting("fine_tune_learning_rate", 0, "above 0", "Got: 0"),
    setting("fine_tune_epochs", -1, "at least 0", "Got: -1"),
    setting("momentum", 1, "below 1", "Got: 1"),
    setting("dropout", 1.0, "below 1", "Got: 1.0"),
    setting("dropout", -0.2, "at least 0", "Got: -0.2"),
    setting("hidden_dropout", "half", "at least 0", "Got: 'half'"),
    setting("units", -1, "at least 0", "Got: -1"),
    setting("units", 64.0, "whole number", "Got: 64.0"),
    setting("l2", -1, "at least 0", "Got: -1"),
    setting("weight_decay", -0.1, "at least 0", "Got: -0.1"),
    setting("label_smoothing", 1, "below 1", "Got: 1"),
    setting("patience", 0, "at least 1", "Got: 0"),
    setting("seed", -1, "from 0", "Got: -1"),
    setting("seed", 2**32, "4294967295", "Got: 4294967296"),
    setting("seed", 1.0, "whole number", "Got: 1.0"),
    setting("warmup_epochs", -1, "at least 0", "Got: -1"),
    setting("warmup_epochs", 5, "below the epochs", "Train longer, or warm up less", epochs=5),
    setting("freeze", "yes", "True or False", "Got: 'yes'"),
    setting("nesterov", 1, "True or False", "Got: 1"),
    setting("unfreeze", 0, "at least 1", "Got: 0"),
    setting("unfreeze", None, "all|layer", "Got: None"),
    setting("unfreeze", 2.5, "all|layer", "Got: 2.5"),
)  # fmt: skip

CHOICES = (
    setting("optimizer", "Adam2", "adam, adamw, rmsprop, sgd", "Got: 'Adam2'"),
    setting("optimizer", None, "adam, adamw", "Got: None"),
    setting("schedule", "linear", "cosine", "Got: 'linear'"),
    setting("precision", "float8", "bfloat16", "Got: 'float8'"),
    setting("xla", True, "auto, on, off", "Got: True"),
    setting("distribute", "horovod", "mirrored", "Got: 'horovod'"),
    setting("task", "regression", "multi-class", "Got: 'regression'"),
    setting("class_weights", "equal", "none, balanced", "Got: 'equal'"),
    setting("class_weights", [1, 2], "none, balanced, or a mapping", "Got: "),
    setting("class_weights", {"cat": -1}, "'cat'", "at least 0", id="class_weights-negative"),
    setting("class_weights", {"cat": "much"}, "'cat'", "Got: 'much'", id="class_weights-text"),
    setting("class_weights", {"cow": 2.0}, "no class 'cow' to weigh", "The classes: cat, dog",
          id="class_weights-unknown"),
    setting("class_weights", {"cat": 0.0, "dog": 0.0}, "are all 0", "Give one above 0", id="class_weights-zero"),
    setting("stop_at", "val_accuracy", "val_accuracy=0.9", "Got: 'val_accuracy'"),
    setting("stop_at", "val_accuracy=high", "val_accuracy=0.9", "Got: "),
    setting("stop_at", "=0.9", "val_accuracy=0.9", "Got: '=0.9'"),
    setting("stop_at", 0.9, "val_accuracy=0.9", "Got: 0.9"),
    fails("stop_at-unknown", sound, training(stop_at="val_acc=0.9"), UsageError, "no metric 'val_acc' to stop at",
          "There are: .*val_accuracy"),
    setting("tensorboard", 5, "folder", "Got: 5"),
    setting("callbacks", 5, "keras.callbacks.Callback", "Got: "),
    setting("callbacks", ["early"], "keras.callbacks.Callback", "Got: "),
    setting("callbacks", "early", "keras.callbacks.Callback", "Got: ", id="callbacks-text"),
    fails("unknown-setting", sound, training(epoch=3), UsageError, "no setting 'epoch'", "Known: .*epochs"),
    fails("config-and-settings", sound, training(config=TrainingConfig()), UsageError, "in config or as keywords",
          "not both. Got: "),
    fails("config-a-mapping", sound, lambda made, bench: edgekit.train(made, config={"epochs": 1}),
          # type: ignore[arg-type]
          UsageError, "config is a TrainingConfig", "Got: "),
    fails("config-alike", sound, lambda made, bench: edgekit.train(made, config=SimpleNamespace(epochs=1)),
          # type: ignore[arg-type]
          UsageError, "config is a TrainingConfig", "Got: "),
    setting("cache", "off", "CachePolicy", "Got: "),
    setting("skip_unreadable", "yes", "True or False", "Got: 'yes'"),
    setting("columns", ["file"], "Columns", "Got: "),
    setting("progress", "bar", "[Pp]rogress", "Got: "),
    setting("processes", 2, "ProcessOptions", "Got: 2"),
    setting("output", 5, "path|file", "Got: 5"),
    fails("cache-limit-negative", sound, lambda made, bench: training(cache=CachePolicy(limit_bytes=-1))(made, bench),
          UsageError, "limit_bytes", "Got: -1"),
    fails("cache-directory-a-number", sound, lambda made, bench: training(cache=CachePolicy(directory=7))(made, bench),
          # type: ignore[arg-type]
          UsageError, "cache's directory", "Got: 7"),
    works("cache-directory-is-a-file", sound, lambda made, bench: training(cache=CachePolicy(directory=made / "cat" /
          "0.png"))(made, bench), _trained),
)  # fmt: skip

COMBINATIONS = (
    fails("binary-of-three", three, training(task="binary"), UsageError,
          "binary classifier has 2 classes. Got 3: cat, cow", "choose two with classes"),
    fails("warm-up-and-plateau", sound, training(schedule="plateau", warmup_epochs=1, epochs=3), UsageError, "warm-up",
          "not with plateau"),
    fails("fine-tuning-from-scratch", sound, training(fine_tune_epochs=2), UsageError, "needs pre-trained weights",
          "--weights imagenet or a file, or leave"),
    fails("fine-tuning-of-what-is-not-frozen", sound, lambda made, bench: training(fine_tune_epochs=2, freeze=False,
          weights=bench.saved_model)(made, bench), UsageError, "--no-freeze", "Leave --fine-tune out"),
    fails("unfreeze-an-unknown-layer", sound, lambda made, bench: training(fine_tune_epochs=1, unfreeze="conv_99",
          weights=bench.saved_model)(made, bench), UsageError, "no layer 'conv_99' to unfreeze", "conv_"),
    fails("unfreeze-behind-everything", sound, lambda made, bench: training(fine_tune_epochs=1, unfreeze="features",
          weights=bench.saved_model)(made, bench), UsageError, "Behind 'features' there is no", "Choose an earlier"),
    fails("class-weights-of-many-labels", lambda bench: bench.write({**pets(), "t.csv": b"file,label\n" + b"".join(
          f"{name},{name[:3]};old\n".encode() for name in list(pets())[:5]) + b"dog/2.png,dog\n"}) / "t.csv", training(
          class_weights="balanced"), UsageError, "class_weights are for photos with one label", "Leave them out"),
    fails("a-callback-that-fails", sound, lambda made, bench: training(callbacks=[_stop_now(bench)])(made, bench),
          TrainingError, r"The callback Broken failed \(RuntimeError: the logger has no network\)",
          "Mend it, or leave"),
    works("a-batch-larger-than-the-data", sound, training(batch_size=5000), _trained),
    works("cutmix-in-a-batch-of-one", sound, training(batch_size=1, augmentation="cutmix=1"), _trained),
)  # fmt: skip

AUGMENTATION = (
    augmented("heavy", "no augmentation preset 'heavy'", "The presets are none, light"),
    augmented("standart", "no augmentation preset 'standart'", "did you mean standard"),
    augmented("", "no augmentation preset ''", "The presets are"),
    augmented("standard,light", "second preset, light", "only one does"),
    augmented("standard,rotate=30", "no augmentation setting 'rotate'", "did you mean rotation"),
    augmented("rotation_range=40", "'rotation_range' is called rotation", "degrees"),
    augmented("standard,rotation=a lot", "rotation is a number", "rotation=30"),
    augmented("standard,rotation", "rotation needs a value", "rotation=30"),
    augmented("rotation=270", "rotation is degrees, 0 to 180", "Got: 270"),
    augmented("rotation=nan", "rotation is degrees", "Got: nan"),
    augmented("zoom=0..2", "zoom is a low and a high factor", r"0.8..1.2"),
    augmented("zoom=2..1", "zoom is a low and a high factor", "Got: "),
    augmented("zoom=3", "zoom is a low and a high factor", "one number below 1"),
    augmented("shift=2", "shift_x is a share of the width, 0 to 1", "Got: 2"),
    augmented("shear=90", "shear is degrees, 0 to 60", "Got: 90"),
    augmented("fill_mode=mirror", "fill_mode is one of reflect", "Got: 'mirror'"),
    augmented("rand_augment=1.5", "rand_augment is a number", "rand_augment=2"),
    augmented("rand_augment=9", "rand_augment is a whole number from 0 to 8", "Got: 9"),
    augmented("horizontal_flip=maybe", "horizontal_flip is on or off", "Got: 'maybe'"),
    augmented("mixup=-1", "mixup is the alpha", "Got: -1"),
    augmented("rotation=10,rotation=20", "gives rotation twice", "Leave one out"),
    augmented("standard,", "''", "The settings are|setting"),
    augmented(3, "augmentation is a preset", "Got: 3"),
    augmented(None, "augmentation is a preset", "Got: None"),
    augmented({"preset": 5}, "no augmentation preset 5", "The presets are"),
    augmented({"rotation": "30"}, "rotation is degrees", "Got: '30'"),
    augmented({"horizontal_flip": 1}, "horizontal_flip is True or False", "Got: 1"),
    augmented({3: 1}, "no augmentation setting '3'", "The settings are"),
    fails("augmentation-of-a-wrong-zoom", lambda bench: None, lambda made, bench: Augmentation(zoom="0.8..1.2"),
          # type: ignore[arg-type]
          UsageError, "zoom is a low and a high factor", "Got: "),
    resolved(" Standard , Rotation = 30 ", rotation=30.0, horizontal_flip=True),
    resolved("STRONG,mixup=0", mixup=0.0, cutmix=1.0),
    resolved("zoom=0.2", zoom=(0.8, 1.2)),
    resolved({"preset": "light", "horizontal_flip": False}, horizontal_flip=False, shift_x=0.1),
)  # fmt: skip


def environment(**variables: str) -> Any:
    """Sound photos, in an environment that says something odd about devices."""

    def make(bench: Bench) -> Path:
        for name, value in variables.items():
            bench.patch.setenv(name, value)
        return sound(bench)

    return make


def before_keras(**variables: str) -> Any:
    """Likewise, as if Keras had not been imported yet: it looks at its variable once."""

    def make(bench: Bench) -> Path:
        bench.patch.delitem(sys.modules, "keras", raising=False)
        source: Path = environment(**variables)(bench)
        return source

    return make


CLUSTER = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}'

DEVICES = (
    fails("data-parallel-on-tensorflow", sound, training(distribute="data"), UsageError,
          "--distribute data needs Keras on "
          "JAX", "KERAS_BACKEND=jax, or pass --distribute mirrored"),
    fails("model-parallel-on-tensorflow", sound, training(distribute="model"), UsageError, "--distribute model needs",
          "KERAS_BACKEND=jax"),
    fails("tpu-where-there-is-none", sound, training(distribute="tpu"), UsageError, "TensorFlow finds no TPU",
          "TPU_NAME"),
    fails("workers-of-tensorflow", environment(TF_CONFIG=CLUSTER), training(), UsageError,
          "cluster of 2 workers.*20585", "KERAS_BACKEND=jax"),
    fails("processes-without-distribute", sound, training(processes=ProcessOptions(2, 0, "a:1")), UsageError,
          "--processes, --process-id and --coordinator are for JAX", "--distribute data"),
    fails("backend-unknown", before_keras(KERAS_BACKEND="theano"), training(), UsageError,
          "backend is set to 'theano'", "KERAS_BACKEND=tensorflow or jax"),
)  # fmt: skip

ROWS = (*RANGES, *CHOICES, *COMBINATIONS, *AUGMENTATION, *DEVICES)


@as_table(ROWS)
def test_setting(row: Row, bench: Bench) -> None:
    run_row(row, bench)
