"""TrainingConfig: everything a training can be told."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from edgekit.arguments import check_kind
from edgekit.errors import UsageError
from edgekit.training.augmentation import Augmentation, resolve_augmentation
from edgekit.training.checks import check_choice, check_integer, check_number, check_share
from edgekit.training.objective import TRAINING_TASKS

Optimizer = Literal["adam", "adamw", "rmsprop", "sgd"]
Schedule = Literal["auto", "constant", "cosine", "exponential", "plateau"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Switch = Literal["auto", "on", "off"]
Distribute = Literal["none", "mirrored", "tpu", "data", "model"]

OPTIMIZERS: tuple[Optimizer, ...] = get_args(Optimizer)
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
SWITCHES: tuple[Switch, ...] = get_args(Switch)
DISTRIBUTIONS: tuple[Distribute, ...] = get_args(Distribute)

AUTO_AUGMENTATION = "auto"


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of one training. ``None`` means: what suits the model.

    Attributes:
        task: ``auto`` (multi-label where photos have several labels, else multi-class),
            ``multi-class``, ``binary`` (one output, the probability of the second class) or
            ``multi-label``.
        model: a name (see :func:`~edgekit.training.known_models`; with a width where it has one, as in
            ``mobilenet_v2_0.35``; case, hyphens and underscores do not matter), a ``.keras`` file to go
            on from, ``FILE.py:FUNCTION`` or a function that builds a ``keras.Model``, or a ``keras.Model``.
        weights: ``imagenet``, ``none``, or the path of a file (``.h5``, ``.weights.h5``, ``.keras``).
        cut_at: the layer of the backbone whose output is used; by default its last.
        freeze: whether a pre-trained backbone stays as it is while the head is trained.
        epochs: at least 1.
        batch_size: at least 1, over all devices together; fewer photos than this are one batch.
        optimizer: ``adam``, ``adamw``, ``rmsprop`` or ``sgd``.
        learning_rate: above 0.
        momentum: of ``sgd`` (0.9 by default) and ``rmsprop`` (0), 0 to below 1.
        nesterov: of ``sgd``.
        weight_decay: decoupled, 0 or more; ``None``: 0.004 for ``adamw``, else none.
        schedule: ``constant``; ``cosine`` (to 0 over a stage); ``exponential`` (to a hundredth over a
            stage); ``plateau`` (halved after 3 epochs without a lower ``val_loss``); ``auto``: cosine in
            fine-tuning, else constant.
        warmup_epochs: over which the rate rises from 0, before fine-tuning; 0 to below the epochs.
        augmentation: ``auto`` (none on a frozen backbone, whose features are then computed once;
            light wherever the backbone is trained), a preset, a preset with changes
            (``standard,rotation=30``), or an :class:`~edgekit.training.augmentation.Augmentation`.
        fine_tune_epochs: epochs in which the backbone is trained, too, after the others.
        fine_tune_learning_rate: for these, above 0.
        unfreeze: what of the backbone fine-tuning trains: ``all``, ``gradual`` (a third more at a time,
            from the top), a number of its last layers, or the name of the first layer.
        units: of the hidden layer of the head; 0 for none.
        dropout: of the features, 0 to below 1.
        hidden_dropout: behind the hidden layer, 0 to below 1.
        l2: penalty on the head's kernels, 0 or more.
        label_smoothing: 0 to below 1.
        class_weights: ``none``, ``balanced`` (inverse to the number of photos), or class name to weight.
        patience: epochs without a better result after which a stage ends; ``None``: never.
        stop_at: ``NAME=VALUE`` of a metric (``val_accuracy=0.9``, ``val_loss=0.3``), or a mapping: the
            training ends when one is reached.
        precision: of the computation: ``auto`` (float32 on processors; 16 bits where the accelerator
            gains from them), ``float32``, ``bfloat16`` or ``float16`` (with loss scaling).
        xla: whether the backend compiles with XLA; ``auto``: where it helps.
        distribute: ``none``; ``mirrored`` or ``tpu`` (TensorFlow); ``data`` or ``model`` (JAX).
        tensorboard: a folder for TensorBoard's logs.
        callbacks: further ``keras.callbacks.Callback`` objects, for every stage.
        seed: of initialization, order, dropout and augmentation; 0 to 2**32 - 1.

    Raises:
        UsageError: a value is out of range.
    """

    task: str = "auto"
    model: str | os.PathLike[str] | Callable[..., Any] | Any = "mobilenet_v2_0.35"
    weights: str | os.PathLike[str] | None = None
    cut_at: str | None = None
    freeze: bool = True
    epochs: int = 30
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float | None = None
    nesterov: bool = False
    weight_decay: float | None = None
    schedule: str = "auto"
    warmup_epochs: float = 0
    augmentation: str | Augmentation = AUTO_AUGMENTATION
    fine_tune_epochs: int = 0
    fine_tune_learning_rate: float = 1e-4
    unfreeze: str | int = "all"
    units: int | None = None
    dropout: float | None = None
    hidden_dropout: float | None = None
    l2: float = 0.0
    label_smoothing: float | None = None
    class_weights: str | Mapping[str, float] = "none"
    patience: int | None = None
    stop_at: str | Mapping[str, float] | None = None
    precision: str = "auto"
    xla: str = "auto"
    distribute: str = "none"
    tensorboard: str | os.PathLike[str] | None = None
    callbacks: Sequence[Any] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice(self.task, "task", ("auto", *TRAINING_TASKS))
        check_kind(self.freeze, "freeze", bool, "True or False")
        check_kind(self.nesterov, "nesterov", bool, "True or False")
        check_kind(self.cut_at, "cut_at", (str, type(None)), "a text")
        check_integer(self.epochs, "epochs", 1)
        check_integer(self.batch_size, "batch_size", 1)
        check_integer(self.fine_tune_epochs, "fine_tune_epochs", 0)
        check_integer(self.seed, "seed", 0, 2**32 - 1)
        check_choice(self.optimizer, "optimizer", OPTIMIZERS)
        check_number(self.learning_rate, "learning_rate", above=0)
        check_number(self.fine_tune_learning_rate, "fine_tune_learning_rate", above=0)
        check_choice(self.schedule, "schedule", SCHEDULES)
        check_number(self.warmup_epochs, "warmup_epochs", least=0)
        check_number(self.l2, "l2", least=0)
        if self.weight_decay is not None:
            check_number(self.weight_decay, "weight_decay", least=0)
        if self.units is not None:
            check_integer(self.units, "units", 0)
        if self.patience is not None:
            check_integer(self.patience, "patience", 1)
        for name in ("momentum", "dropout", "hidden_dropout", "label_smoothing"):
            if getattr(self, name) is not None:
                check_share(getattr(self, name), name)
        check_choice(self.precision, "precision", PRECISIONS)
        check_choice(self.xla, "xla", SWITCHES)
        check_choice(self.distribute, "distribute", DISTRIBUTIONS)
        if self.warmup_epochs >= self.epochs:
            raise UsageError(
                f"warmup_epochs is below the epochs ({self.epochs}). Got: {self.warmup_epochs:g}. Train longer, or "
                "warm up less."
            )
        if self.warmup_epochs and self.schedule == "plateau":
            raise UsageError("A warm-up goes with the schedules constant, cosine and exponential, not with plateau.")
        if isinstance(self.unfreeze, int) or (isinstance(self.unfreeze, str) and self.unfreeze.isdecimal()):
            check_integer(int(self.unfreeze), "unfreeze", 1)
        elif not isinstance(self.unfreeze, str):
            raise UsageError(
                f"unfreeze is all, gradual, a number of layers, or a layer's name. Got: {self.unfreeze!r}."
            )
        if isinstance(self.class_weights, str):
            check_choice(self.class_weights, "class_weights", ("none", "balanced"))
        elif isinstance(self.class_weights, Mapping):
            for name, weight in self.class_weights.items():
                check_number(weight, f"class_weights: the weight of the class {name!r}", least=0)
        else:
            raise UsageError(f"class_weights is none, balanced, or a mapping. Got: {self.class_weights!r}.")
        if not isinstance(self.tensorboard, str | os.PathLike | None):
            raise UsageError(f"tensorboard is the folder for its logs. Got: {self.tensorboard!r}.")
        if self.augmentation != AUTO_AUGMENTATION:
            resolve_augmentation(self.augmentation)
        _ = self.targets_to_reach

    @property
    def targets_to_reach(self) -> dict[str, float]:
        """The metrics of ``stop_at`` with their values.

        Raises:
            UsageError: not of the form ``NAME=VALUE``.
        """
        return _parse_stop_at(self.stop_at)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; objects are described by their names."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def _parse_stop_at(wanted: object) -> dict[str, float]:
    if wanted is None:
        return {}
    pairs: list[tuple[object, object]]
    if isinstance(wanted, Mapping):
        pairs = list(wanted.items())
    elif isinstance(wanted, str):
        pairs = [tuple(part.strip() for part in text.partition("=")[::2]) for text in wanted.split(",")]  # type: ignore[misc]
    else:
        pairs = [(wanted, None)]
    found = {}
    for name, value in pairs:
        try:
            found[str(name)] = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise UsageError(f"stop_at is a metric and its value, as in val_accuracy=0.9. Got: {wanted!r}.") from None
        if not str(name).isidentifier():
            raise UsageError(f"stop_at is a metric and its value, as in val_accuracy=0.9. Got: {wanted!r}.")
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    name = getattr(value, "__name__", None) or getattr(value, "name", None) or type(value).__name__
    return str(Path(name).name)
