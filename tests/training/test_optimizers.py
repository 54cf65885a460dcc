from __future__ import annotations

import math

import numpy as np
import pytest

from edgekit.kerasfile import import_keras
from edgekit.training.config import TrainingConfig
from edgekit.training.plan import Stage

keras = import_keras()

from edgekit.training.optimizers import StageSchedule, build_optimizer, current_rate  # noqa: E402 -- imports Keras


def _stage(schedule: str = "constant", warmup: float = 0) -> Stage:
    return Stage("head", 10, 0.4, schedule, warmup, 0, cached=True)


def _rates(stage: Stage) -> list[float]:
    schedule = StageSchedule(stage, 5)
    return [float(schedule(step)) for step in range(51)]


def test_cosine_falls_from_the_rate_to_nothing() -> None:
    rates = _rates(_stage("cosine"))
    assert rates[0] == pytest.approx(0.4)
    assert rates[25] == pytest.approx(0.2)
    assert rates[50] == pytest.approx(0, abs=1e-7)
    np.testing.assert_allclose(rates, [0.2 * (1 + math.cos(math.pi * step / 50)) for step in range(51)], atol=1e-6)


def test_exponential_ends_with_a_hundredth() -> None:
    rates = _rates(_stage("exponential"))
    assert rates[0] == pytest.approx(0.4)
    assert rates[25] == pytest.approx(0.04)
    assert rates[50] == pytest.approx(0.004)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "exponential"])
def test_a_warm_up_rises_to_the_rate_and_never_jumps(schedule: str) -> None:
    rates = _rates(_stage(schedule, warmup=2))
    assert 0 < rates[0] < 0.05
    assert np.all(np.diff(rates[:11]) > 0)
    assert rates[10] == pytest.approx(0.4)
    assert np.abs(np.diff(rates)).max() < 0.05


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_each_optimizer_takes_a_step(name: str, schedule: str) -> None:
    config = TrainingConfig(optimizer=name, momentum=0.5, nesterov=name == "sgd", schedule=schedule)
    optimizer = build_optimizer(config, _stage(schedule), 5)
    variable = keras.Variable(np.ones(3, "float32"))
    optimizer.build([variable])
    optimizer.apply([keras.ops.ones(3)])
    assert np.all(np.asarray(variable) < 1)
    assert current_rate(optimizer) == pytest.approx(0.4, rel=0.05)


def test_sgd_has_momentum_by_default_and_rmsprop_none() -> None:
    assert build_optimizer(TrainingConfig(optimizer="sgd"), _stage(), 5).momentum == 0.9
    assert build_optimizer(TrainingConfig(optimizer="rmsprop"), _stage(), 5).momentum == 0


def test_decay_shrinks_kernels_and_spares_biases() -> None:
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    layer.bias.assign(np.ones(2, "float32"))
    before = np.asarray(layer.kernel)
    optimizer = build_optimizer(TrainingConfig(optimizer="sgd", momentum=0.0, weight_decay=0.1), _stage(), 5)
    optimizer.build(layer.trainable_variables)
    optimizer.apply([keras.ops.zeros_like(variable) for variable in layer.trainable_variables])
    np.testing.assert_allclose(np.asarray(layer.kernel), before * (1 - 0.4 * 0.1), rtol=1e-5)
    assert np.asarray(layer.bias).tolist() == [1, 1]
    assert build_optimizer(TrainingConfig(optimizer="adamw"), _stage(), 5).weight_decay == 0.004
    assert not build_optimizer(TrainingConfig(), _stage(), 5).weight_decay
