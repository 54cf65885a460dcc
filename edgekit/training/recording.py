"""What is kept of every epoch, and the weights of the best. Imported only after Keras."""

from __future__ import annotations

import math
import time
from typing import Any

import keras

from edgekit.errors import TrainingError
from edgekit.progress import Task
from edgekit.training.plan import Stage
from edgekit.training.result import EpochMetrics


class Recorder:
    """The history over all stages, and a copy of the best epoch's weights.

    Args:
        model: the whole model, whose weights are kept.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._weights: list[Any] = []
        self.history: list[EpochMetrics] = []
        self.best: EpochMetrics | None = None

    def add(self, epoch: EpochMetrics) -> None:
        self.history.append(epoch)
        if epoch.beats(self.best):
            self.best = epoch
            self._weights = self._model.get_weights()

    def restore_best(self) -> None:
        """Puts the best epoch's weights back into the model."""
        self._model.set_weights(self._weights)


class EpochCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Tells recorder and progress about a stage, and stops where the loss is no number any more."""

    def __init__(self, recorder: Recorder, stage: Stage, steps_per_epoch: int, task: Task) -> None:
        super().__init__()
        self._recorder = recorder
        self._stage = stage
        self._steps_per_epoch = steps_per_epoch
        self._task = task
        self._started = 0.0
        self._steps = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._started = time.perf_counter()
        self._steps = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._check((logs or {}).get("loss", 0.0))
        # With several steps per call Keras names the end of the call, which may lie behind the last step.
        done = min(batch + 1, self._steps_per_epoch)
        self._task.advance(done - self._steps)
        self._steps = done

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        self._check(values["loss"])
        metrics = EpochMetrics(
            epoch=len(self._recorder.history) + 1,
            stage=self._stage.name,
            loss=values["loss"],
            accuracy=values["accuracy"],
            val_loss=values["val_loss"],
            val_accuracy=values["val_accuracy"],
            seconds=time.perf_counter() - self._started,
        )
        self._recorder.add(metrics)
        # Short, since it shares a line of 80 columns with a bar.
        note = f"epoch {epoch + 1}/{self._stage.epochs}  val {100 * metrics.val_accuracy:.1f} %"
        self._task.advance(self._steps_per_epoch - self._steps, note)
        self._steps = self._steps_per_epoch

    def _check(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss became {loss} in epoch {len(self._recorder.history) + 1} ({self._stage.name}): the "
                f"training diverged. Pass a smaller --learning-rate than {self._stage.learning_rate:g}."
            )
