"""Running the stages of a plan. Imported only after Keras."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgekit.data import Dataset, batches
from edgekit.progress import Progress
from edgekit.training.backend import compile_options
from edgekit.training.classifier import Classifier, freeze_backbone
from edgekit.training.features import run_network
from edgekit.training.feeding import PhotoBatches, one_hot
from edgekit.training.plan import Plan, Stage
from edgekit.training.recording import EpochCallback, Recorder
from edgekit.training.result import StageTime

_STEPS_AT_ONCE = 8
"""Steps per call of the backend for the small head: 1.5 times as fast as one by one, same result."""

_VALIDATION_BATCH = 512
"""Features at once in validation; they are small."""


class Trainer:
    """One training run: the model, its data, and what was measured on the way.

    Args:
        classifier: the model and its parts.
        dataset: the photos.
        batch_size: of every stage.
        label_smoothing: of the loss, 0 to below 1.
        seed: of the order of the photos.
        progress: told about every stage.
    """

    def __init__(
        self,
        classifier: Classifier,
        dataset: Dataset,
        batch_size: int,
        label_smoothing: float,
        seed: int,
        progress: Progress,
    ) -> None:
        self._classifier = classifier
        self._dataset = dataset
        self._classes = len(dataset.class_names)
        self._batch_size = batch_size
        self._label_smoothing = label_smoothing
        self._seed = seed
        self._progress = progress
        self._predictions: NDArray[np.float32] | None = None
        self.recorder = Recorder(classifier.model)
        self.times: list[StageTime] = []

    def run(self, plan: Plan) -> NDArray[np.float32]:
        """Runs all stages and leaves the best epoch's weights in the model.

        Returns:
            (validation photos, classes) float32: the best epoch's probabilities.

        Raises:
            TrainingError: the loss is no number any more.
            ImageError: a photo that is read on demand has vanished.
        """
        features = None
        for stage in plan.stages:
            freeze_backbone(keras, self._classifier, not stage.trains_backbone)
            if stage.cached:
                features = self._fit_on_features(stage)
            else:
                self._fit_on_photos(stage)
            # The next stage goes on from the best epoch, not from the last.
            self.recorder.restore_best()
        freeze_backbone(keras, self._classifier, frozen=False)
        assert self.recorder.best is not None
        if features is not None and self.recorder.best.stage == "head":
            return _predict_features(self._classifier.head, features)
        return self._predict_photos()

    def _fit_on_features(self, stage: Stage) -> NDArray[np.float32]:
        train, validation = self._dataset.train, self._dataset.validation
        with self._timed("features"):
            extractor = self._classifier.extractor
            x = run_network(extractor, train, self._progress, "Computing features of the training photos")
            held_out = run_network(extractor, validation, self._progress, "Computing features of the validation photos")
        steps = math.ceil(len(train) / self._batch_size)
        with self._timed(stage.name):
            self._compile(self._classifier.head, stage, min(_STEPS_AT_ONCE, steps))
            self._fit(
                self._classifier.head,
                stage,
                steps,
                x=x,
                y=one_hot(train.labels, self._classes),
                batch_size=self._batch_size,
                validation_data=(held_out, one_hot(validation.labels, self._classes)),
                validation_batch_size=_VALIDATION_BATCH,
            )
        return held_out

    def _fit_on_photos(self, stage: Stage) -> None:
        # Seeds of the stages' orders must differ, and be the same in every run.
        seed = self._seed + len(self.recorder.history)
        train = PhotoBatches(self._dataset.train, self._classes, self._batch_size, seed)
        validation = PhotoBatches(self._dataset.validation, self._classes, self._batch_size, None)
        with self._timed(stage.name):
            # A model of its own, so that the one that is handed out is never compiled: saved, the
            # optimizer's state would make it three times as large.
            source = self._classifier.model
            model = keras.Model(source.inputs, source.outputs)
            self._compile(model, stage, 1)
            try:
                self._fit(model, stage, len(train), x=train, validation_data=validation)
            except Exception:
                failure = train.failure or validation.failure
                if failure is not None:
                    raise failure from None
                raise

    def _compile(self, model: Any, stage: Stage, steps_at_once: int) -> None:
        model.compile(
            optimizer=keras.optimizers.Adam(stage.learning_rate),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=self._label_smoothing),
            metrics=["accuracy"],
            steps_per_execution=steps_at_once,
            **compile_options(keras),
        )

    def _fit(self, model: Any, stage: Stage, steps: int, **data: Any) -> None:
        with self._progress.task(stage.title, stage.epochs * steps) as task:
            callback = EpochCallback(self.recorder, stage, steps, task)
            model.fit(epochs=stage.epochs, verbose=0, callbacks=[callback], **data)

    def _predict_photos(self) -> NDArray[np.float32]:
        model, part = self._classifier.model, self._dataset.validation
        return np.concatenate(
            [np.asarray(model.predict_on_batch(pixels)) for pixels, _ in batches(part, self._batch_size)]
        )

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.times.append(StageTime(name, time.perf_counter() - started))


def _predict_features(head: Any, features: NDArray[np.float32]) -> NDArray[np.float32]:
    pieces = range(0, len(features), _VALIDATION_BATCH)
    return np.concatenate(
        [np.asarray(head(features[start : start + _VALIDATION_BATCH], training=False)) for start in pieces]
    )
