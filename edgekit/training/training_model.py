"""The network as it is trained: augmentation in front, on the accelerator. Imported only after Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgekit.training.augmentation import Augmentation
from edgekit.training.augmentation.layers import build_augmenter, build_mixer
from edgekit.training.objective import Objective


class MixedModel(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Judges answers by the targets that MixUp and CutMix have made of the given ones.

    Its output is answers and mixed targets side by side, (batch, 2 * outputs): Keras hands over nothing
    else from the network to the loss.
    """

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """See ``keras.Model``."""
        answers, mixed = keras.ops.split(y_pred, 2, axis=-1)
        if training and self.class_weights is not None:
            weights = self._weights_of(mixed)
            sample_weight = weights if sample_weight is None else sample_weight * weights
        return super().compute_loss(x, mixed, answers, sample_weight, training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """See ``keras.Model``; a mixed photo counts for what most of it shows."""
        answers, mixed = keras.ops.split(y_pred, 2, axis=-1)
        one_of_many = y.shape[-1] > 1 and self.one_of_many
        target = keras.ops.one_hot(keras.ops.argmax(mixed, -1), y.shape[-1]) if one_of_many else keras.ops.round(mixed)
        return super().compute_metrics(x, target, answers, sample_weight)

    def _weights_of(self, mixed: Any) -> Any:
        """(batch,): the weights of the classes in the shares of which a photo was mixed."""
        if self.one_of_many:
            return keras.ops.matmul(mixed, keras.ops.convert_to_tensor(self.class_weights))
        assert self.class_weights is not None
        first, second = self.class_weights
        return first + (second - first) * mixed[:, 0]

    one_of_many = True
    """Whether exactly one target of a photo is 1."""

    class_weights: NDArray[np.float32] | None = None
    """(classes,), or ``None`` where all weigh the same."""


def build_training_model(
    keras: Any,
    model: Any,
    objective: Objective,
    augmentation: Augmentation,
    seed: int,
    class_weights: NDArray[np.float32] | None = None,
) -> Any:
    """Puts augmentation in front of a model; both share their layers.

    Args:
        keras: the module.
        model: ``keras.Model``, samples to probabilities.
        objective: the task.
        augmentation: what is changed at random.
        seed: of the random changes.
        class_weights: (classes,), for mixed photos; others are weighed with their batch.

    Returns:
        A ``keras.Model`` that is not compiled; with MixUp or CutMix it takes (samples, targets).
    """
    samples = keras.Input(model.input_shape[1:], name="samples", dtype=model.inputs[0].dtype)
    augmenter = build_augmenter(augmentation, model.input_shape[1:], seed)
    x = samples if augmenter is None else augmenter(samples)
    mixer = build_mixer(augmentation, seed + 1)
    if mixer is None:
        return keras.Model(samples, model(x), name="training")
    targets = keras.Input((objective.outputs,), name="targets")
    x, mixed = mixer(x, targets)
    both = keras.layers.Concatenate(dtype="float32", name="answers_and_targets")([model(x), mixed])
    training = MixedModel([samples, targets], both, name="training")
    training.one_of_many = objective.task == "multi-class"
    training.class_weights = class_weights
    return training
