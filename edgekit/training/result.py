"""What a training gives."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from edgekit.spec import ModelSpec
from edgekit.training.config import TrainingConfig

Confusion = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class EpochMetrics:
    """One epoch.

    Attributes:
        epoch: counted from 1 through all stages.
        stage: what was trained.
        loss: mean over the epoch, in training mode (dropout and augmentation act).
        accuracy: top-1 on the training photos, 0..1, in training mode.
        val_loss: on the validation photos.
        val_accuracy: top-1 on the validation photos, 0..1.
        seconds: of the epoch, validation included.
    """

    epoch: int
    stage: str
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float

    def beats(self, other: EpochMetrics | None) -> bool:
        """Higher validation accuracy; where that is equal, lower validation loss."""
        if other is None:
            return True
        return (self.val_accuracy, -self.val_loss) > (other.val_accuracy, -other.val_loss)


@dataclass(frozen=True)
class StageTime:
    """One part of the work: ``build``, ``features``, ``head``, ... and its seconds."""

    name: str
    seconds: float


@dataclass(frozen=True)
class TrainingResult:
    """A trained model and how it came about.

    Attributes:
        keras_model: ``keras.Model`` with the weights of the best epoch, not compiled; float32
            pixels 0..255 in, probabilities out.
        spec: what it takes and answers.
        config: the settings.
        model_name: the network, as EdgeKit writes it.
        weights: what it started from: ``imagenet``, ``none`` or a path.
        history: every epoch.
        best: the epoch whose weights were kept.
        last: the last epoch.
        confusion: ``confusion[i][j]`` validation photos of class i were taken for class j.
        times: seconds of every part of the work.
        parameters: numbers in the model.
    """

    keras_model: Any
    spec: ModelSpec
    config: TrainingConfig
    model_name: str
    weights: str
    history: tuple[EpochMetrics, ...]
    best: EpochMetrics
    last: EpochMetrics
    confusion: Confusion
    times: tuple[StageTime, ...]
    parameters: int

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the optimizer, in order."""
        return tuple(dict.fromkeys(epoch.stage for epoch in self.history))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary, without the model itself."""
        return {
            "model": self.model_name,
            "weights": self.weights,
            "parameters": self.parameters,
            "config": self.config.to_dict(),
            "stages": list(self.stages),
            "best": dataclasses.asdict(self.best),
            "last": dataclasses.asdict(self.last),
            "history": [dataclasses.asdict(epoch) for epoch in self.history],
            "classes": list(self.spec.label_ids),
            "confusion": [list(row) for row in self.confusion],
            "seconds": {time.name: time.seconds for time in self.times},
            "spec": self.spec.to_dict(),
        }
