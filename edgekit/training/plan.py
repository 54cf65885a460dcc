"""Which stages a training has: decisions only, nothing is run here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from edgekit.errors import UsageError
from edgekit.training.augmentation import Augmentation, resolve_augmentation
from edgekit.training.config import AUTO_AUGMENTATION, TrainingConfig
from edgekit.training.network import HeadSettings

HEAD, WHOLE, FINE_TUNING = "head", "whole model", "fine-tuning"

_GRADUAL_STEPS = 3
"""Parts in which a backbone is thawed, as in ULMFiT's gradual unfreezing (Howard and Ruder, ACL 2018),
which goes layer by layer; with some 150 layers that would be more stages than epochs."""


@dataclass(frozen=True)
class Stage:
    """One run of the optimizer.

    Attributes:
        name: what it trains; each stage's is another.
        epochs: at least 1.
        learning_rate: at its start.
        schedule: of the learning rate: ``constant``, ``cosine``, ``exponential`` or ``plateau``.
        warmup_epochs: over which the rate rises from 0.
        unfrozen: how many of the backbone's last layers move; ``None`` for all.
        cached: whether the head is trained on features that were computed once.
    """

    name: str
    epochs: int
    learning_rate: float
    schedule: str
    warmup_epochs: float
    unfrozen: int | None
    cached: bool

    @property
    def title(self) -> str:
        """For a person who waits."""
        return self.name.capitalize() if self.name.startswith(FINE_TUNING) else f"Training the {self.name}"


@dataclass(frozen=True)
class Plan:
    """The stages in order, the augmentation of those that are not cached, and whether the head is EdgeKit's."""

    stages: tuple[Stage, ...]
    augmentation: Augmentation
    has_head: bool = True

    @property
    def epochs(self) -> int:
        """Of all stages."""
        return sum(stage.epochs for stage in self.stages)


def plan_training(
    config: TrainingConfig,
    pretrained: bool,
    layers: int = 0,
    unfreeze: int | None = None,
    has_head: bool = True,
    distributed: bool = False,
) -> Plan:
    """Chooses the stages.

    A pre-trained backbone is frozen while the head is trained. Its features are then the same in
    every epoch and computed once, unless augmentation is asked for.

    Args:
        config: the settings.
        pretrained: whether the backbone has weights worth keeping.
        layers: of the backbone.
        unfreeze: how many of them fine-tuning trains; ``None`` for all.
        has_head: whether there is a head that can be trained on its own.
        distributed: whether several devices share the work; features are then not kept.

    Raises:
        UsageError: fine-tuning of what is not frozen first.
    """
    frozen_first = pretrained and config.freeze and has_head
    if not frozen_first:
        if config.fine_tune_epochs:
            raise UsageError(_nothing_to_fine_tune(pretrained, has_head))
        stage = _stage(config, WHOLE, config.epochs, config.learning_rate, unfrozen=None, cached=False)
        return Plan((stage,), _augmentation(config, trains_backbone=True), has_head)
    augmentation = _augmentation(config, trains_backbone=config.fine_tune_epochs > 0)
    cached = not distributed and (config.augmentation == AUTO_AUGMENTATION or augmentation.is_none)
    stages = [_stage(config, HEAD, config.epochs, config.learning_rate, unfrozen=0, cached=cached)]
    stages += _fine_tuning(config, layers, unfreeze)
    return Plan(tuple(stages), augmentation)


def head_settings(config: TrainingConfig, defaults: HeadSettings) -> HeadSettings:
    """The network's defaults, but for what the user set."""
    names = [field.name for field in dataclasses.fields(HeadSettings)]
    chosen = {name: getattr(config, name) for name in names if getattr(config, name) is not None}
    return dataclasses.replace(defaults, **chosen)


def unused_settings(config: TrainingConfig, plan: Plan, head: HeadSettings) -> list[str]:
    """A sentence for each setting that was given and changes nothing."""
    default = TrainingConfig()
    tuned = any(stage.name.startswith(FINE_TUNING) for stage in plan.stages)
    has_head = plan.has_head
    found = {
        "momentum": config.momentum is not None and config.optimizer not in ("sgd", "rmsprop"),
        "nesterov": config.nesterov and config.optimizer != "sgd",
        "fine_tune_learning_rate": not tuned and config.fine_tune_learning_rate != default.fine_tune_learning_rate,
        "unfreeze": not tuned and config.unfreeze != default.unfreeze,
        "hidden_dropout": bool(config.hidden_dropout) and has_head and not head.units,
        **{name: bool(getattr(config, name)) and not has_head for name in ("units", "dropout", "l2")},
    }
    reasons = {
        "momentum": f"{config.optimizer} has none",
        "nesterov": "it belongs to sgd",
        "fine_tune_learning_rate": "nothing is fine-tuned: give its epochs, too",
        "unfreeze": "nothing is fine-tuned: give its epochs, too",
        "hidden_dropout": "the head has no hidden layer",
    }
    return [
        f"{name} changes nothing: {reasons.get(name, 'the model comes with its own last layer')}."
        for name, unused in found.items()
        if unused
    ]


def _fine_tuning(config: TrainingConfig, layers: int, unfreeze: int | None) -> list[Stage]:
    epochs, rate = config.fine_tune_epochs, config.fine_tune_learning_rate
    if not epochs:
        return []
    if config.unfreeze != "gradual":
        return [_stage(config, FINE_TUNING, epochs, rate, unfrozen=unfreeze, cached=False)]
    steps = min(_GRADUAL_STEPS, epochs)
    return [
        _stage(
            config,
            f"{FINE_TUNING} {number}/{steps}",
            epochs * number // steps - epochs * (number - 1) // steps,
            rate,
            unfrozen=None if number == steps else -(-layers * number // steps),
            cached=False,
        )
        for number in range(1, steps + 1)
    ]


def _stage(config: TrainingConfig, name: str, epochs: int, rate: float, *, unfrozen: int | None, cached: bool) -> Stage:
    schedule = config.schedule
    if schedule == "auto":
        schedule = "cosine" if name.startswith(FINE_TUNING) else "constant"
    # Fine-tuning begins with what is trained already, at a small rate.
    warmup = 0.0 if name.startswith(FINE_TUNING) else float(config.warmup_epochs)
    return Stage(name, epochs, rate, schedule, warmup, unfrozen, cached)


def _augmentation(config: TrainingConfig, trains_backbone: bool) -> Augmentation:
    if config.augmentation != AUTO_AUGMENTATION:
        return resolve_augmentation(config.augmentation)
    return resolve_augmentation("light" if trains_backbone else "none")


def _nothing_to_fine_tune(pretrained: bool, has_head: bool) -> str:
    if not pretrained:
        return (
            "Fine-tuning needs pre-trained weights, and there are none. "
            "Pass --weights imagenet or a file, or leave fine-tuning out."
        )
    if not has_head:
        return (
            "This model comes with its own last layer and is trained as a whole, so there is nothing to fine-tune "
            "afterwards. Give all epochs with --epochs."
        )
    return "With --no-freeze the whole model is trained from the first epoch. Leave --fine-tune out."
