"""The optimizer of a stage and its learning rate. Imported only after Keras."""

from __future__ import annotations

from typing import Any

import keras

from edgekit.training.config import TrainingConfig
from edgekit.training.plan import Stage

_ADAMW_DECAY = 0.004
"""Keras' own default."""

_SGD_MOMENTUM = 0.9
"""What nearly everybody sets; Keras' own default is none."""

_EXPONENTIAL_END = 0.01
"""Share of the rate that ``exponential`` ends with."""


class StageSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
    """The learning rate over the steps of one stage.

    It rises in a line over the warm-up; from there, with t from 0 to 1 over the rest, it is
    rate * (1 + cos(pi t)) / 2 (``cosine``; Loshchilov and Hutter, ICLR 2017), rate * 0.01^t
    (``exponential``) or constant.

    Args:
        stage: rate, schedule and warm-up.
        steps_per_epoch: at least 1.
    """

    def __init__(self, stage: Stage, steps_per_epoch: int) -> None:
        self._stage = stage
        self._warmup = stage.warmup_epochs * steps_per_epoch
        self._rest = max(stage.epochs * steps_per_epoch - self._warmup, 1.0)

    def __call__(self, step: Any) -> Any:
        ops = keras.ops
        # The step after this one, so that the first is not lost to a rate of 0.
        step = ops.cast(step, "float32")
        share = ops.clip((step - self._warmup) / self._rest, 0.0, 1.0)
        rate = self._stage.learning_rate * self._decay(share)
        if self._warmup:
            rate = ops.where(step < self._warmup, self._stage.learning_rate * (step + 1) / (self._warmup + 1), rate)
        return rate

    def _decay(self, share: Any) -> Any:
        if self._stage.schedule == "cosine":
            return 0.5 * (1 + keras.ops.cos(keras.ops.cast(3.141592653589793, "float32") * share))
        if self._stage.schedule == "exponential":
            return keras.ops.power(_EXPONENTIAL_END, share)
        return keras.ops.ones_like(share)

    def get_config(self) -> dict[str, Any]:
        """For Keras; the optimizer is never saved with the model."""
        return {"learning_rate": self._stage.learning_rate, "schedule": self._stage.schedule}


def build_optimizer(config: TrainingConfig, stage: Stage, steps_per_epoch: int) -> Any:
    """A new optimizer at the stage's learning rate.

    Weight decay leaves biases and the scales and shifts of batch norm alone: they do not overfit.
    """
    constant = stage.schedule in ("constant", "plateau") and not stage.warmup_epochs
    rate = stage.learning_rate if constant else StageSchedule(stage, steps_per_epoch)
    decay = config.weight_decay
    if decay is None and config.optimizer == "adamw":
        decay = _ADAMW_DECAY
    arguments: dict[str, Any] = {"learning_rate": rate, "weight_decay": decay or None}
    if config.optimizer == "sgd":
        momentum = _SGD_MOMENTUM if config.momentum is None else config.momentum
        arguments |= {"momentum": momentum, "nesterov": config.nesterov}
    if config.optimizer == "rmsprop":
        arguments["momentum"] = config.momentum or 0.0
    kinds = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "rmsprop": keras.optimizers.RMSprop,
        "sgd": keras.optimizers.SGD,
    }
    if config.optimizer == "adamw":
        arguments["weight_decay"] = decay or 0.0
    optimizer = kinds[config.optimizer](**arguments)
    if decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def current_rate(optimizer: Any) -> float:
    """The learning rate of the last step."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # float16 wraps it to scale the loss
    rate = optimizer._learning_rate  # its public property has the rate of the step to come
    if isinstance(rate, StageSchedule):
        rate = rate(keras.ops.maximum(optimizer.iterations - 1, 0))
    return float(keras.ops.convert_to_numpy(rate))
