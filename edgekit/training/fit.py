"""Running the stages of a plan. Imported only after Keras."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edgekit.data import Dataset, Part
from edgekit.errors import EdgeKitError, TrainingError
from edgekit.progress import Progress
from edgekit.training.augmentation import Augmentation
from edgekit.training.backend import compile_options
from edgekit.training.checkpoint import Checkpoint, Progressed
from edgekit.training.classifier import Classifier, set_trainable
from edgekit.training.config import TrainingConfig
from edgekit.training.depthwise import fast_depthwise
from edgekit.training.distribution import Distribution
from edgekit.training.failures import explain_failure, unforeseen
from edgekit.training.features import run_network
from edgekit.training.feeding import ArraySamples, Batches, Order, Samples, class_weights, weight_of_classes
from edgekit.training.objective import Objective
from edgekit.training.optimizers import build_optimizer
from edgekit.training.plan import Plan, Stage
from edgekit.training.recording import EpochCallback, Recorder
from edgekit.training.result import StageTime
from edgekit.training.stopping import out_of_patience, plateau_rate, reached
from edgekit.training.training_model import build_training_model

_STEPS_AT_ONCE = 8
"""Steps per call of the backend for the small head: 1.5 times as fast as one by one, same result."""

_VALIDATION_BATCH = 512
"""Features at once in validation; they are small."""


class Trainer:
    """One training run: the model, its data, and what was measured on the way.

    Args:
        classifier: the model and its parts.
        dataset: the samples.
        objective: the task.
        config: the settings.
        label_smoothing: of the loss, 0 to below 1.
        policy: Keras' dtype policy of the network.
        checkpoint: where each epoch is kept, or ``None``.
        resumed: what an interrupted run had done, or ``None``.
        distribution: of the work over devices and processes.
        progress: told about every stage.

    Attributes:
        recorder: the history and the best weights.
        times: seconds of every part.
        failure: what broke it off after at least one epoch.
    """

    def __init__(
        self,
        classifier: Classifier,
        dataset: Dataset,
        objective: Objective,
        config: TrainingConfig,
        label_smoothing: float,
        policy: str,
        checkpoint: Checkpoint | None,
        resumed: Progressed | None,
        distribution: Distribution,
        progress: Progress,
    ) -> None:
        self._classifier = classifier
        self._dataset = dataset
        self._objective = objective
        self._config = config
        self._label_smoothing = label_smoothing
        self._scales_loss = policy == "mixed_float16"
        self._resumed = resumed
        self._distribution = distribution
        self._progress = progress
        kept = distribution.in_any(checkpoint is not None)
        self.recorder = Recorder(
            classifier.model, objective.monitor, checkpoint, kept, resumed, distribution.fetch, progress
        )
        self._random_states = [
            (variable, np.array(keras.ops.convert_to_numpy(variable)))
            for variable in classifier.model.variables
            if variable.path.endswith("seed_generator_state")
        ]
        self.times: list[StageTime] = []
        self.failure: EdgeKitError | None = None

    def run(self, plan: Plan) -> None:
        """Runs all stages and leaves the best epoch's weights in the model.

        What breaks the training off after its first epoch ends up in :attr:`failure`, so that the best
        epoch is not lost.

        Raises:
            EdgeKitError: it failed before an epoch was done.
        """
        self.recorder.restore_best()  # of a resumed run: where its next stage begins
        for stage in plan.stages:
            if self._is_over(stage):
                continue
            set_trainable(keras, self._classifier, stage.unfrozen)
            try:
                with self._timed(stage.name):
                    self._fit(stage, plan)
            except Exception as error:
                known = explain_failure(error, self._config.batch_size, self._config.callbacks)
                if self.recorder.best is None:
                    raise (known or error) from (None if known is error else error)
                self.failure = known or unforeseen(error)
            # The next stage goes on from the best epoch, not from the last.
            self.recorder.restore_best()
            if self.failure is not None or self._target_reached():
                break
        self.recorder.restore_best()
        set_trainable(keras, self._classifier, None)

    def _fit(self, stage: Stage, plan: Plan) -> None:
        mixed = plan.augmentation.mixes and not stage.cached
        model = self._training_model(stage, plan.augmentation)
        done = len(self.recorder.history)
        own = len(self.recorder.of_stage(stage))
        data, held_out = self._batches(stage, mixed)
        steps = len(data)
        last = done - own + stage.epochs
        progress = self._progress
        with (
            closing(data),
            closing(held_out),
            self._distribution.synchronized(model),
            fast_depthwise(model),
            progress.task(stage.title, (last - done) * steps) as task,
        ):
            self._compile(model, stage, steps, min(_STEPS_AT_ONCE, steps) if stage.cached else 1)
            for variable, state in self._random_states:  # so that a stage begins alike in a resumed run
                variable.assign(state)
            if own and self._resumed is not None:
                try:
                    _restore(model, self._resumed)
                except ValueError as error:  # other shapes, or more or fewer variables
                    raise TrainingError(
                        "The unfinished run cannot be used to go on: its variables do not fit this network. Start anew "
                        "with --force and without --resume."
                    ) from error
                if stage.schedule == "plateau":  # the state was written before the rate was
                    model.optimizer.learning_rate = plateau_rate(stage, self.recorder.of_stage(stage))
            callback = EpochCallback(
                stage, data, self.recorder, progress, task, plan.epochs, lambda: self._after_epoch(stage, model)
            )
            try:
                model.fit(
                    data,
                    initial_epoch=done,
                    epochs=last,
                    validation_data=held_out,
                    callbacks=[*self._callbacks(stage), callback],
                    shuffle=False,  # else Keras draws an order of the batches that no resumed run could repeat
                    verbose=0,
                )
            except Exception:
                failure = data.failure or held_out.failure
                if failure is not None:
                    raise failure from None
                raise
            if callback.failure is not None:
                raise callback.failure  # in here, so that the task is told as stopped, not as done

    def _batches(self, stage: Stage, mixed: bool) -> tuple[Batches, Batches]:
        """Those of training and of validation."""
        train, validation = self._samples(stage)
        config, targets, shared = self._config, self._objective.targets, self._distribution
        labels = self._dataset.train.labels
        held_out_size = _VALIDATION_BATCH if stage.cached else config.batch_size
        exact = shared.evaluation_weight(len(validation), held_out_size)
        return (
            Batches(
                train,
                targets(labels),
                config.batch_size,
                order=Order(config.seed),
                # Mixed photos are weighed by what they were mixed to, in the network.
                weights=None if mixed else class_weights(config.class_weights, labels, self._dataset.class_names),
                mixed=mixed,
                share=shared.local_batch if shared.weighted else None,
            ),
            Batches(
                validation,
                targets(self._dataset.validation.labels),
                held_out_size,
                mixed=mixed,
                share=(lambda chosen: shared.local_batch(chosen, exact)) if shared.weighted else None,
            ),
        )

    def _samples(self, stage: Stage) -> tuple[Samples, Samples]:
        train, validation = self._dataset.train, self._dataset.validation
        if not stage.cached:
            return train.images, validation.images
        with self._timed("features"):
            return self._features(train, "training"), self._features(validation, "validation")

    def _features(self, part: Part, name: str) -> ArraySamples:
        title, most = f"Computing features of the {name} photos", self._config.batch_size
        return ArraySamples(run_network(self._classifier.extractor, part, self._progress, title, most))

    def _training_model(self, stage: Stage, augmentation: Augmentation) -> Any:
        if stage.cached:
            return self._classifier.head
        # A model of its own, so that the one that is handed out is never compiled: saved, the
        # optimizer's state would make it three times as large.
        config, data = self._config, self._dataset
        weights = weight_of_classes(config.class_weights, data.train.labels, data.class_names)
        return build_training_model(keras, self._classifier.model, self._objective, augmentation, config.seed, weights)

    def _compile(self, model: Any, stage: Stage, steps: int, steps_at_once: int) -> None:
        softmax = self._objective.task == "multi-class"
        loss = keras.losses.CategoricalCrossentropy if softmax else keras.losses.BinaryCrossentropy
        accuracy = keras.metrics.CategoricalAccuracy if softmax else keras.metrics.BinaryAccuracy
        metrics = [accuracy(name="accuracy")]
        if self._objective.monitor == "val_f1":
            metrics.append(keras.metrics.F1Score(average="macro", threshold=0.5, name="f1"))
        optimizer = build_optimizer(self._config, stage, steps)
        if self._scales_loss:
            # Keras does so by itself only for models that were built under the policy, not for those around them.
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        model.compile(
            optimizer=optimizer,
            auto_scale_loss=False,
            loss=loss(label_smoothing=self._label_smoothing),
            **{"weighted_metrics" if self._distribution.weighted else "metrics": metrics},
            steps_per_execution=steps_at_once,
            **compile_options(keras, self._config.xla),
        )

    def _callbacks(self, stage: Stage) -> list[Any]:
        given = list(self._config.callbacks)
        if self._config.tensorboard is not None:
            folder = Path(self._config.tensorboard) / stage.name.replace("/", "-of-").replace(" ", "-")
            given.append(keras.callbacks.TensorBoard(str(folder)))
        return given

    def _after_epoch(self, stage: Stage, model: Any) -> bool:
        """Sets the next epoch's learning rate; ``True`` where there should be none."""
        own = self.recorder.of_stage(stage)
        if stage.schedule == "plateau":
            model.optimizer.learning_rate = plateau_rate(stage, own)
        tired = out_of_patience(own, self._config.patience, self._objective.monitor)
        return self._target_reached() is not None or tired is not None

    def _target_reached(self) -> str | None:
        history = self.recorder.history
        return reached(history[-1], self._config.targets_to_reach) if history else None

    @property
    def ended(self) -> str | None:
        """Why the last stage, or all, ended before its last epoch, a sentence."""
        history = self.recorder.history
        own = [epoch for epoch in history if epoch.stage == history[-1].stage]
        return self._target_reached() or out_of_patience(own, self._config.patience, self._objective.monitor)

    def _is_over(self, stage: Stage) -> bool:
        """Whether a resumed run has left this stage behind."""
        own, history = self.recorder.of_stage(stage), self.recorder.history
        if not own:
            return self._target_reached() is not None
        return (
            history[-1].stage != stage.name
            or len(own) >= stage.epochs
            or self._target_reached() is not None
            or out_of_patience(own, self._config.patience, self._objective.monitor) is not None
        )

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.times.append(StageTime(name, time.perf_counter() - started))


def _restore(model: Any, state: Progressed) -> None:
    """Puts the variables of an interrupted stage back, the optimizer's and the random layers' included."""
    model.optimizer.build(model.trainable_variables)
    for variables, arrays in (
        (model.variables, state.variables),
        (model.optimizer.variables, state.optimizer),
    ):
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(np.asarray(array))
