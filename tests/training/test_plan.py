from __future__ import annotations

import pytest

from edgekit.errors import UsageError
from edgekit.training.augmentation import PRESETS
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
    assert plan.augmentation == PRESETS[preset]
    assert plan.epochs == 7 + fine_tune
    head, *rest = plan.stages
    assert (head.name, head.epochs, head.unfrozen, head.cached) == ("head", 7, 0, cached)
    assert [(s.name, s.epochs, s.unfrozen, s.cached, s.learning_rate) for s in rest] == (
        [("fine-tuning", 5, None, False, config.fine_tune_learning_rate)] if fine_tune else []
    )


@pytest.mark.parametrize(("augmentation", "preset"), [("auto", "light"), ("none", "none"), ("light", "light")])
def test_from_scratch_everything_is_trained(augmentation: str, preset: str) -> None:
    plan = plan_training(TrainingConfig(augmentation=augmentation), pretrained=False)
    [stage] = plan.stages
    assert (stage.name, stage.unfrozen, stage.cached) == ("whole model", None, False)
    assert plan.augmentation == PRESETS[preset]


def test_features_are_not_kept_where_devices_share_the_work() -> None:
    [head] = plan_training(TrainingConfig(), pretrained=True, distributed=True).stages
    assert not head.cached


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({"freeze": False}, {"pretrained": True}),
        ({}, {"pretrained": True, "has_head": False}),
        ({}, {"pretrained": False}),
    ],
)
def test_all_is_trained_at_once_where_nothing_can_be_frozen_first(settings: dict, arguments: dict) -> None:
    [stage] = plan_training(TrainingConfig(**settings), **arguments).stages
    assert stage.unfrozen is None
    with pytest.raises(UsageError, match=r"[Ff]ine-tun"):
        plan_training(TrainingConfig(fine_tune_epochs=1, **settings), **arguments)


@pytest.mark.parametrize(
    ("epochs", "parts"),
    [
        (6, [("1/3", 2, 50), ("2/3", 2, 100), ("3/3", 2, None)]),
        (2, [("1/2", 1, 75), ("2/2", 1, None)]),
        (1, [("1/1", 1, None)]),
    ],
)
def test_gradual_unfreezing_goes_from_the_top(epochs: int, parts: list[tuple[str, int, int | None]]) -> None:
    config = TrainingConfig(fine_tune_epochs=epochs, unfreeze="gradual")
    _, *stages = plan_training(config, pretrained=True, layers=150).stages
    assert [(s.name.removeprefix("fine-tuning "), s.epochs, s.unfrozen) for s in stages] == parts


def test_the_last_layers_alone() -> None:
    plan = plan_training(TrainingConfig(fine_tune_epochs=2, unfreeze=20), pretrained=True, layers=150, unfreeze=20)
    assert plan.stages[1].unfrozen == 20


def test_schedules_of_the_stages() -> None:
    head, tuning = plan_training(TrainingConfig(fine_tune_epochs=2, warmup_epochs=1), pretrained=True).stages
    assert (head.schedule, head.warmup_epochs) == ("constant", 1)
    assert (tuning.schedule, tuning.warmup_epochs) == ("cosine", 0)
    head, tuning = plan_training(TrainingConfig(fine_tune_epochs=2, schedule="plateau"), pretrained=True).stages
    assert head.schedule == tuning.schedule == "plateau"


def test_the_user_overrides_the_networks_head() -> None:
    defaults = HeadSettings(units=128, dropout=0.4, hidden_dropout=0.4, label_smoothing=0.1)
    assert head_settings(TrainingConfig(), defaults) == defaults
    changed = head_settings(TrainingConfig(units=0, dropout=0.0, l2=0.01), defaults)
    assert changed == HeadSettings(units=0, dropout=0.0, hidden_dropout=0.4, label_smoothing=0.1, l2=0.01)
