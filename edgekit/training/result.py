"""What a training gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import EdgeKitError
from edgekit.spec import ModelSpec
from edgekit.training.config import TrainingConfig
from edgekit.training.objective import Objective

Confusion = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class EpochMetrics:
    """One epoch.

    Attributes:
        epoch: counted from 1 through all stages.
        stage: what was trained.
        seconds: of the epoch, validation included.
        values: metric to value. ``loss`` and ``accuracy`` are means over the epoch in training mode
            (dropout and augmentation act), ``val_loss`` and ``val_accuracy`` are those of the
            validation photos afterwards; ``accuracy`` is top-1, for multi-label the share of right
            label decisions, to which ``f1`` and ``val_f1`` come (the mean over labels);
            ``learning_rate`` is the last one of the epoch.
    """

    epoch: int
    stage: str
    seconds: float
    values: Mapping[str, float]

    @property
    def loss(self) -> float:
        return self.values["loss"]

    @property
    def accuracy(self) -> float:
        return self.values["accuracy"]

    @property
    def val_loss(self) -> float:
        return self.values["val_loss"]

    @property
    def val_accuracy(self) -> float:
        return self.values["val_accuracy"]

    def beats(self, other: EpochMetrics | None, monitor: str) -> bool:
        """Whether the monitored metric is higher; where it is equal, the validation loss lower."""
        if other is None:
            return True
        return (self.values[monitor], -self.val_loss) > (other.values[monitor], -other.val_loss)

    def to_dict(self) -> dict[str, Any]:
        """A flat JSON-ready dictionary."""
        return {"epoch": self.epoch, "stage": self.stage, "seconds": self.seconds, **self.values}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> EpochMetrics:
        """Reads what :meth:`to_dict` gives."""
        values = {name: float(value) for name, value in document.items() if name not in ("epoch", "stage", "seconds")}
        return cls(int(document["epoch"]), str(document["stage"]), float(document["seconds"]), values)


@dataclass(frozen=True)
class StageTime:
    """One part of the work: ``build``, ``features``, ``head``, ... and its seconds."""

    name: str
    seconds: float


@dataclass(frozen=True)
class TrainingResult:
    """A trained model and how it came about.

    Attributes:
        keras_model: ``keras.Model`` with the weights of the best epoch, float32, not compiled; pixels
            0..255 in, probabilities out.
        spec: what it takes and answers.
        config: the settings.
        objective: the task.
        model_name: the network, as EdgeKit writes it.
        weights: what it started from: ``imagenet``, ``none`` or a path.
        history: every epoch.
        best: the epoch whose weights were kept.
        last: the last epoch.
        confusion: ``confusion[i][j]`` validation photos of class i were taken for class j; for
            multi-label 2x2 over all label decisions, absent first.
        validation_probabilities: (validation photos, outputs) float32, of the delivered model.
        times: seconds of every part of the work.
        parameters: numbers in the model.
        precision: of the computation, ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
        devices: what it ran on, in words.
        ended: why it ended before its last epoch, a sentence; ``None`` where it did not.
        failure: what broke it off; the best epoch was kept all the same.
        resumed_after: epochs that an earlier, interrupted run had done.
        main_process: whether this process writes the files; exactly one of those that share a training does.
    """

    keras_model: Any
    spec: ModelSpec
    config: TrainingConfig
    objective: Objective
    model_name: str
    weights: str
    history: tuple[EpochMetrics, ...]
    best: EpochMetrics
    last: EpochMetrics
    confusion: Confusion
    validation_probabilities: NDArray[np.float32]
    times: tuple[StageTime, ...]
    parameters: int
    precision: str = "float32"
    devices: str = ""
    ended: str | None = None
    failure: EdgeKitError | None = None
    resumed_after: int = 0
    main_process: bool = True

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the optimizer, in order."""
        return tuple(dict.fromkeys(epoch.stage for epoch in self.history))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary, without the model itself."""
        return {
            "model": self.model_name,
            "task": self.objective.task,
            "weights": self.weights,
            "parameters": self.parameters,
            "config": self.config.to_dict(),
            "precision": self.precision,
            "devices": self.devices,
            "stages": list(self.stages),
            "best": self.best.to_dict(),
            "last": self.last.to_dict(),
            "history": [epoch.to_dict() for epoch in self.history],
            "ended": self.ended,
            "failure": None if self.failure is None else str(self.failure),
            "resumed_after": self.resumed_after,
            "classes": list(self.spec.label_ids),
            "confusion": [list(row) for row in self.confusion],
            "seconds": {time.name: time.seconds for time in self.times},
            "spec": self.spec.to_dict(),
        }


def best_epoch(history: Sequence[EpochMetrics], monitor: str) -> EpochMetrics | None:
    """The epoch that no other beats; the first of equals."""
    best = None
    for epoch in history:
        if epoch.beats(best, monitor):
            best = epoch
    return best


def metric_names(monitor: str) -> tuple[str, ...]:
    """The metrics that every epoch has."""
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    return (*names, "f1", "val_f1") if monitor == "val_f1" else names
