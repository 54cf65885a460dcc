"""MixUp and CutMix: what is mixed, and that the targets are mixed by the same share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.training.augmentation import resolve_augmentation
from tests.training.augmentation.conftest import not_compiled

SIZE = 24


def flat_photos(count: int) -> NDArray[np.float32]:
    """Photos of one value each, 1, 2, 3 and so on, from which a mixture can be told."""
    return np.tile(np.arange(1.0, count + 1, dtype=np.float32)[:, None, None, None], (1, SIZE, SIZE, 3))


def run(
    text: str, pixels: NDArray[Any], targets: NDArray[Any], seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from edgekit.training.augmentation.layers import build_mixer

    mixer = build_mixer(resolve_augmentation(text), seed)
    assert mixer is not None
    with not_compiled():
        mixed, labels = mixer(pixels, targets, training=True)
    return np.asarray(mixed), np.asarray(labels)


@pytest.mark.parametrize("text", ["mixup=0.2", "cutmix=1", "strong"])
def test_inference_mixes_nothing(text: str) -> None:
    from edgekit.training.augmentation.layers import build_mixer

    mixer = build_mixer(resolve_augmentation(text), 0)
    assert mixer is not None
    pixels, targets = flat_photos(4), np.eye(4, dtype=np.float32)
    for training in (False, None):
        mixed, labels = mixer(pixels, targets, training=training)
        np.testing.assert_array_equal(np.asarray(mixed), pixels)
        np.testing.assert_array_equal(np.asarray(labels), targets)


def test_mixup_blends_with_the_neighbour() -> None:
    pixels, targets = flat_photos(16), np.eye(16, dtype=np.float32)
    mixed, labels = run("mixup=1", pixels, targets)
    share = np.diag(labels)
    neighbour = np.roll(np.arange(16), 1)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(labels[np.arange(16), neighbour], 1 - share, atol=1e-6)
    expected = share * np.arange(1, 17) + (1 - share) * (neighbour + 1)
    for place in ((0, 0, 0), (-1, 5, 2)):
        np.testing.assert_allclose(mixed[(slice(None), *place)], expected, atol=1e-4)
    assert share.std() > 0.1


def test_cutmix_pastes_one_rectangle_whose_area_the_targets_have() -> None:
    pixels, targets = flat_photos(64), np.eye(64, dtype=np.float32)
    mixed, labels = run("cutmix=1", pixels, targets)
    clipped = 0
    for index in range(64):
        other = (index - 1) % 64
        pasted = mixed[index, ..., 0] == other + 1
        np.testing.assert_array_equal(mixed[index][~pasted], index + 1)
        np.testing.assert_array_equal(mixed[index][pasted], other + 1)
        area = pasted.mean()
        assert labels[index, other] == pytest.approx(area, abs=1e-6)
        assert labels[index, index] == pytest.approx(1 - area, abs=1e-6)
        if area:
            rows, columns = np.flatnonzero(pasted.any(axis=1)), np.flatnonzero(pasted.any(axis=0))
            assert pasted.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            clipped += abs(np.ptp(rows) - np.ptp(columns)) > 1
    assert clipped > 5


def test_cutmix_areas_without_an_edge_in_the_way() -> None:
    from edgekit.training.augmentation.mixing import outside_of_boxes

    shares = np.array([0.0, 0.75, 0.4375, 1.0], np.float32)
    kept = np.asarray(outside_of_boxes(shares, np.full((4, 2), 0.5, np.float32), 24, 32))
    assert kept.shape == (4, 24, 32, 1)
    np.testing.assert_allclose(kept.mean(axis=(1, 2, 3)), shares)


def test_with_both_each_batch_gets_one_of_the_two() -> None:
    from edgekit.training.augmentation.layers import build_mixer

    mixer = build_mixer(resolve_augmentation("mixup=1,cutmix=1"), 0)
    assert mixer is not None
    pixels, targets = flat_photos(8), np.eye(8, dtype=np.float32)
    blended = []
    with not_compiled():
        for _ in range(40):
            mixed = np.asarray(mixer(pixels, targets, training=True)[0])
            whole = np.isin(mixed, np.arange(1, 9)).all(axis=(1, 2, 3))
            assert whole.all() or not whole.any()
            blended.append(not whole.any())
    assert 8 < sum(blended) < 32


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 5.0])
def test_shares_have_the_beta_distribution(alpha: float) -> None:
    from edgekit.training.augmentation.mixing import beta_table

    shares = beta_table(alpha)
    assert np.isfinite(shares).all()
    assert shares.min() >= 0
    assert shares.max() <= 1
    assert shares.mean() == pytest.approx(0.5, abs=1e-5)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)
    drawn = np.diag(run(f"mixup={alpha}", np.ones((400, 1, 1, 1)), np.eye(400))[1])
    assert abs(drawn.var() - shares.var()) < 0.03


@pytest.mark.parametrize("targets", [np.array([[0], [1], [1]]), np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1]], np.uint8)])
def test_targets_of_binary_and_multi_label(targets: NDArray[Any]) -> None:
    pixels = flat_photos(3)
    mixed, labels = run("mixup=1", pixels, targets)
    assert labels.shape == targets.shape
    assert labels.dtype == np.float32
    others = np.roll(np.arange(3), 1)
    share = (mixed[:, 0, 0, 0] - (others + 1)) / (np.arange(3) - others)
    np.testing.assert_allclose(labels, share[:, None] * targets + (1 - share[:, None]) * targets[others], atol=1e-4)


def test_one_photo_alone_stays() -> None:
    pixels, targets = flat_photos(1), np.ones((1, 2))
    mixed, labels = run("strong", pixels, targets)
    np.testing.assert_allclose(mixed, pixels, atol=1e-5)
    np.testing.assert_allclose(labels, targets, atol=1e-6)


def test_the_seed_decides_and_state_goes_on() -> None:
    from edgekit.training.augmentation.layers import build_mixer

    pixels, targets = flat_photos(8), np.eye(8)
    np.testing.assert_array_equal(run("strong", pixels, targets, 4)[1], run("strong", pixels, targets, 4)[1])
    mixer, resumed = (build_mixer(resolve_augmentation("mixup=1"), 4) for _ in range(2))
    assert mixer is not None
    assert resumed is not None
    with not_compiled():
        first = np.asarray(mixer(pixels, targets, training=True)[1])
        for variable, saved in zip(resumed.variables, mixer.variables, strict=True):
            variable.assign(np.asarray(saved))
        second = np.asarray(mixer(pixels, targets, training=True)[1])
        np.testing.assert_array_equal(np.asarray(resumed(pixels, targets, training=True)[1]), second)
    assert np.abs(first - second).max() > 0.01


@pytest.mark.parametrize("compiled", [False, True])
def test_in_a_network_of_two_inputs(compiled: bool) -> None:
    import keras

    from edgekit.training.augmentation.layers import build_mixer

    mixer = build_mixer(resolve_augmentation("strong"), 0)
    assert mixer is not None
    pixels, targets = keras.Input((SIZE, SIZE, 3)), keras.Input((4,))
    mixed, labels = mixer(pixels, targets)
    assert mixed.shape == (None, SIZE, SIZE, 3)
    assert labels.shape == (None, 4)
    answers = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(mixed))
    model = keras.Model([pixels, targets], keras.layers.Concatenate()([answers, labels]))
    model.compile("sgd", "mse", jit_compile=compiled)
    given = [flat_photos(6) / 255, np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0, 1]]]
    assert np.isfinite(model.fit(given, np.zeros((6, 8)), batch_size=4, verbose=0).history["loss"]).all()
    np.testing.assert_allclose(model.predict(given, verbose=0)[:, 4:], given[1])
