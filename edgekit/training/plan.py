"""Which stages a training has: decisions only, nothing is run here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from edgekit.errors import UsageError
from edgekit.training.config import TrainingConfig
from edgekit.training.network import HeadSettings

StageName = Literal["head", "whole model", "fine-tuning"]


@dataclass(frozen=True)
class Stage:
    """One run of the optimizer.

    Attributes:
        name: what it trains.
        epochs: at least 1.
        learning_rate: of Adam.
        trains_backbone: whether the backbone's layers move.
        cached: whether the head is trained on features that were computed once.
    """

    name: StageName
    epochs: int
    learning_rate: float
    trains_backbone: bool
    cached: bool

    @property
    def title(self) -> str:
        """For a person who waits."""
        return "Fine-tuning" if self.name == "fine-tuning" else f"Training the {self.name}"


@dataclass(frozen=True)
class Plan:
    """The stages in order, and the augmentation preset of those that are not cached."""

    stages: tuple[Stage, ...]
    augmentation: str


def plan_training(config: TrainingConfig, pretrained: bool) -> Plan:
    """Chooses the stages.

    A pre-trained backbone is frozen while the head is trained. Its features are then the same in
    every epoch and computed once, unless augmentation is asked for.

    Args:
        config: the settings.
        pretrained: whether the backbone has weights worth keeping.

    Raises:
        UsageError: fine-tuning without pre-trained weights.
    """
    if not pretrained:
        if config.fine_tune_epochs:
            raise UsageError(
                "Fine-tuning needs pre-trained weights, and there are none. "
                "Pass --weights imagenet or a file, or leave fine-tuning out."
            )
        stage = Stage("whole model", config.epochs, config.learning_rate, trains_backbone=True, cached=False)
        return Plan((stage,), _preset(config, trains_backbone=True))
    cached = config.augmentation in ("auto", "none")
    stages = [Stage("head", config.epochs, config.learning_rate, trains_backbone=False, cached=cached)]
    if config.fine_tune_epochs:
        stages.append(
            Stage(
                "fine-tuning",
                config.fine_tune_epochs,
                config.fine_tune_learning_rate,
                trains_backbone=True,
                cached=False,
            )
        )
    return Plan(tuple(stages), _preset(config, trains_backbone=len(stages) > 1))


def head_settings(config: TrainingConfig, defaults: HeadSettings) -> HeadSettings:
    """The network's defaults, but for what the user set."""
    names = [field.name for field in dataclasses.fields(HeadSettings)]
    chosen = {name: getattr(config, name) for name in names if getattr(config, name) is not None}
    return dataclasses.replace(defaults, **chosen)


def _preset(config: TrainingConfig, trains_backbone: bool) -> str:
    if config.augmentation != "auto":
        return config.augmentation
    return "light" if trains_backbone else "none"
