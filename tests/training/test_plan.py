from __future__ import annotations

import pytest

from edgekit.errors import UsageError
from edgekit.training.config import TrainingConfig
from edgekit.training.network import HeadSettings
from edgekit.training.plan import head_settings, plan_training


@pytest.mark.parametrize(
    ("augmentation", "fine_tune", "cached", "preset"),
    [
        ("auto", 0, True, "none"),
        ("none", 0, True, "none"),
        ("light", 0, False, "light"),
        ("auto", 5, True, "light"),
        ("none", 5, True, "none"),
        ("light", 5, False, "light"),
    ],
)
def test_a_pretrained_backbone_is_frozen_first(augmentation: str, fine_tune: int, cached: bool, preset: str) -> None:
    config = TrainingConfig(augmentation=augmentation, epochs=7, fine_tune_epochs=fine_tune)
    plan = plan_training(config, pretrained=True)
    assert plan.augmentation == preset
    head, *rest = plan.stages
    assert (head.name, head.epochs, head.trains_backbone, head.cached) == ("head", 7, False, cached)
    assert [(s.name, s.epochs, s.trains_backbone, s.cached, s.learning_rate) for s in rest] == (
        [("fine-tuning", 5, True, False, config.fine_tune_learning_rate)] if fine_tune else []
    )


@pytest.mark.parametrize(("augmentation", "preset"), [("auto", "light"), ("none", "none"), ("light", "light")])
def test_from_scratch_everything_is_trained(augmentation: str, preset: str) -> None:
    plan = plan_training(TrainingConfig(augmentation=augmentation), pretrained=False)
    [stage] = plan.stages
    assert (stage.name, stage.trains_backbone, stage.cached) == ("whole model", True, False)
    assert plan.augmentation == preset


def test_fine_tuning_needs_something_to_tune() -> None:
    with pytest.raises(UsageError, match="Fine-tuning needs pre-trained weights"):
        plan_training(TrainingConfig(fine_tune_epochs=1), pretrained=False)


def test_the_user_overrides_the_networks_head() -> None:
    defaults = HeadSettings(128, 0.4, 0.4, 0.1)
    assert head_settings(TrainingConfig(), defaults) == defaults
    assert head_settings(TrainingConfig(units=0, dropout=0.0), defaults) == HeadSettings(0, 0.0, 0.4, 0.1)
