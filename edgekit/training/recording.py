"""What is kept of every epoch, and the weights of the best. Imported only after Keras."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
from numpy.typing import NDArray

from edgekit.errors import DivergedError, OutputError
from edgekit.progress import Progress, Task
from edgekit.training.checkpoint import HISTORY, Checkpoint, Progressed
from edgekit.training.failures import diverged
from edgekit.training.feeding import Batches
from edgekit.training.history import write_history
from edgekit.training.optimizers import current_rate
from edgekit.training.plan import Stage
from edgekit.training.result import EpochMetrics


class Recorder:
    """The history over all stages, and a copy of the best epoch's weights, in memory and on disk.

    Args:
        model: the whole model, whose weights are kept.
        monitor: the metric that says which epoch is the best.
        checkpoint: where this process writes each epoch to, or ``None``.
        kept: whether any process writes them; alike in all of them.
        resumed: the state that the run goes on from, or ``None``.
        fetch: gives the values of Keras variables, wherever they lie.
        progress: warned where the disk does not take an epoch.
    """

    def __init__(
        self,
        model: Any,
        monitor: str,
        checkpoint: Checkpoint | None,
        kept: bool,
        resumed: Progressed | None,
        fetch: Callable[[Sequence[Any]], list[NDArray[Any]]],
        progress: Progress,
    ) -> None:
        self._model = model
        self._fetch = fetch
        self._progress = progress
        self._warned = False
        self._monitor = monitor
        self._checkpoint = checkpoint
        self._kept = kept
        self.best_weights: list[NDArray[Any]] = []
        self.history: list[EpochMetrics] = []
        self.best: EpochMetrics | None = None
        if resumed is not None:
            self.best_weights = list(resumed.best)
            for epoch in resumed.history:
                self._note(epoch)

    def add(self, epoch: EpochMetrics, trained: Any) -> None:
        """Keeps an epoch.

        Args:
            epoch: its metrics.
            trained: the ``keras.Model`` of its stage, compiled.
        """
        is_best = self._note(epoch)
        if is_best:
            self.best_weights = self._fetch(self._model.weights)
        if not self._kept:
            return
        # Every process takes part in fetching; only the main one has a checkpoint.
        variables, optimizer = self._fetch(trained.variables), self._fetch(trained.optimizer.variables)
        if self._checkpoint is None:
            return
        assert self.best is not None
        try:
            self._checkpoint.save(self.history, self.best.epoch, variables, optimizer, self.best_weights)
            write_history(self.history, self.best, self._checkpoint.folder / HISTORY)
        except (OutputError, OSError) as error:
            # Hours of work should not end because of a copy; the disk may have room again in an hour.
            if not self._warned:
                self._progress.warn(f"{error} The training goes on, but could not be resumed after this epoch.")
            self._warned = True

    def of_stage(self, stage: Stage) -> list[EpochMetrics]:
        """The epochs of one stage so far."""
        return [epoch for epoch in self.history if epoch.stage == stage.name]

    def restore_best(self) -> None:
        """Puts the best epoch's weights back into the model."""
        if self.best_weights:
            self._model.set_weights(self.best_weights)

    def _note(self, epoch: EpochMetrics) -> bool:
        self.history.append(epoch)
        is_best = epoch.beats(self.best, self._monitor)
        if is_best:
            self.best = epoch
        return is_best


class EpochCallback(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Tells recorder and progress about a stage, and stops where the loss is no number any more.

    Args:
        stage: what is trained.
        data: the training batches.
        recorder: gets every epoch that ended with numbers.
        progress: hears of each epoch.
        task: advanced by steps.
        total: epochs of all stages, for the note.
        finished: called after each epoch; ``True`` ends the stage.
    """

    def __init__(
        self,
        stage: Stage,
        data: Batches,
        recorder: Recorder,
        progress: Progress,
        task: Task,
        total: int,
        finished: Callable[[], bool],
    ) -> None:
        super().__init__()
        # Keras then hands over the metrics of a step from a thread, and the accelerator is not waited for.
        self.async_safe = True
        self.failure: DivergedError | None = None
        self._stage = stage
        self._data = data
        self._steps_per_epoch = len(data)
        self._recorder = recorder
        self._progress = progress
        self._task = task
        self._total = total
        self._finished = finished
        self._started = 0.0
        self._steps = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._data.start_epoch(epoch)
        self._started = time.perf_counter()
        self._steps = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self._model.stop_training = True  # the end of the epoch, which comes now, says why
        # With several steps per call Keras names the end of the call, which may lie behind the last step.
        self._advance(min(batch + 1, self._steps_per_epoch))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        model = self.model  # on JAX this also puts the state of the training into the variables
        values = {name: float(value) for name, value in (logs or {}).items()}
        if not all(math.isfinite(values.get(name, math.nan)) for name in ("loss", "val_loss")):
            loss = values["loss"] if not math.isfinite(values["loss"]) else values.get("val_loss", math.nan)
            self.failure = diverged(loss, epoch + 1, self._stage.name, self._stage.learning_rate)
            model.stop_training = True
            return
        values["learning_rate"] = current_rate(model.optimizer)
        metrics = EpochMetrics(epoch + 1, self._stage.name, time.perf_counter() - self._started, values)
        self._recorder.add(metrics, model)
        # Short, since it shares a line of 80 columns with a bar.
        self._advance(self._steps_per_epoch, f"epoch {epoch + 1}/{self._total}  val {_short(metrics)}")
        self._progress.record("epoch", metrics.to_dict())
        if self._finished():
            model.stop_training = True

    def _advance(self, steps: int, note: str = "") -> None:
        self._task.advance(steps - self._steps, note)
        self._steps = steps


def _short(metrics: EpochMetrics) -> str:
    if "val_f1" in metrics.values:
        return f"F1 {metrics.values['val_f1']:.3f}"
    return f"{100 * metrics.val_accuracy:.1f} %"
