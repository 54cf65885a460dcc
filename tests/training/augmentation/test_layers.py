"""The layer in a network: in training and out of it, its random numbers, precision, and what it draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.training.augmentation import PRESETS, Augmentation, resolve_augmentation
from tests.training.augmentation.conftest import not_compiled

SHAPE = (16, 20, 3)


@pytest.fixture(scope="module")
def photos() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (10, *SHAPE), dtype=np.uint8)


@pytest.fixture
def precision() -> Iterator[Any]:
    """Sets Keras' policy for new layers, for this test."""
    import keras

    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


def augmenter(text: str, seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> Any:
    from edgekit.training.augmentation.layers import build_augmenter

    layer = build_augmenter(resolve_augmentation(text), shape, seed)
    assert layer is not None
    return layer


def run(layer: Any, photos: NDArray[Any]) -> NDArray[np.float32]:
    """In training; not compiled, which is tested once."""
    with not_compiled():
        return np.asarray(layer(photos, training=True))


def test_there_is_no_layer_where_nothing_changes() -> None:
    from edgekit.training.augmentation.layers import build_augmenter, build_mixer

    for settings in (Augmentation(), resolve_augmentation("mixup=0.2"), resolve_augmentation("magnitude=3")):
        assert build_augmenter(settings, SHAPE, 0) is None
    assert build_mixer(PRESETS["standard"], 0) is None


@pytest.mark.parametrize("text", ["strong", "standard", "vertical_flip"])
def test_inference_changes_nothing(photos: NDArray[np.uint8], text: str) -> None:
    layer = augmenter(text)
    for changed in (layer(photos), layer(photos, training=False)):
        np.testing.assert_array_equal(np.asarray(changed), photos.astype(np.float32))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("preset", ["light", "standard", "strong"])
def test_presets_give_photos(photos: NDArray[np.uint8], preset: str, channels: int) -> None:
    given = photos[..., :channels]
    changed = run(augmenter(preset, shape=given.shape[1:]), given)
    assert changed.shape == given.shape
    assert changed.dtype == np.float32
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert all(np.abs(new - old).max() > 10 for new, old in zip(changed, given, strict=True))


@pytest.mark.parametrize("text", ["standard,hue=30", "strong,rand_augment=3,fill_mode=constant"])
def test_compiled_and_not_compiled_agree(photos: NDArray[np.uint8], text: str) -> None:
    layer = augmenter(text)
    numbers = np.random.default_rng(1).random((len(photos), 17), dtype=np.float32)
    compiled = np.asarray(layer.change(photos.astype(np.float32), numbers))
    with not_compiled():
        plain = np.asarray(layer.change(photos.astype(np.float32), numbers))
    # A value between two steps of posterize may fall to either side.
    assert np.mean(np.abs(compiled - plain) > 0.05) < 0.01


def test_the_seed_decides(photos: NDArray[np.uint8]) -> None:
    first, again, other = (run(augmenter("strong", seed), photos) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 5


def test_every_batch_is_changed_anew_and_goes_on_from_its_state(photos: NDArray[np.uint8]) -> None:
    layer = augmenter("standard")
    assert [variable.path.endswith("seed_generator_state") for variable in layer.variables] == [True]
    first = run(layer, photos)
    saved = [np.asarray(variable) for variable in layer.variables]
    second, third = run(layer, photos), run(layer, photos)
    assert np.abs(first - second).mean() > 5
    resumed = augmenter("standard")
    for variable, value in zip(resumed.variables, saved, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(run(resumed, photos), second)
    np.testing.assert_array_equal(run(resumed, photos), third)


def test_a_switch_leaves_the_numbers_of_the_others(photos: NDArray[np.uint8]) -> None:
    """With the same seed, what else is switched on does not change how far a photo is turned."""
    turned = run(augmenter("rotation=90"), photos)
    brighter = run(augmenter("rotation=90,brightness=0.00001,shear=0.00001"), photos)
    np.testing.assert_allclose(turned, brighter, atol=0.1)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_any_precision_computes_in_float32(photos: NDArray[np.uint8], precision: Any, policy: str) -> None:
    expected = run(augmenter("standard"), photos.astype(np.float32))
    precision(policy)
    for given in (photos.astype(np.float32), photos):
        changed = run(augmenter("standard"), given)
        assert changed.dtype == np.float32
        np.testing.assert_array_equal(changed, expected)


def test_pixels_of_any_number_type(photos: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(run(augmenter("light"), photos), run(augmenter("light"), photos.astype(np.float32)))


@pytest.mark.parametrize(("text", "compiled"), [("strong", False), ("light", True)])
def test_in_fit_with_a_smaller_last_batch(photos: NDArray[np.uint8], text: str, compiled: bool) -> None:
    import keras

    keras.utils.set_random_seed(0)
    pixels = keras.Input(SHAPE)
    tail = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(1)])
    tail.build((None, *SHAPE))
    layer = augmenter(text)
    model = keras.Model(pixels, tail(layer(pixels)))
    assert model.output_shape == (None, 1)
    assert any(variable is layer.variables[0] for variable in model.variables)
    model.compile("sgd", "mse", jit_compile=compiled)
    before = np.asarray(layer.variables[0])
    history = model.fit(photos.astype(np.float32), np.ones((10, 1)), batch_size=4, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert not np.array_equal(np.asarray(layer.variables[0]), before)
    inference = np.asarray(tail(photos.astype(np.float32)))
    np.testing.assert_allclose(model.predict(photos.astype(np.float32), verbose=0), inference, rtol=1e-4)


def test_the_layer_can_be_built_again(photos: NDArray[np.uint8]) -> None:
    import keras

    layer = augmenter("strong,zoom=0.7..1.3", seed=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.settings == layer.settings
    np.testing.assert_array_equal(run(again, photos), run(layer, photos))


def test_draws_are_even_and_each_photo_has_its_own() -> None:
    flat = np.full((2000, 2, 2, 1), 100.0, np.float32)
    values = run(augmenter("brightness=0.5", shape=(2, 2, 1)), flat)[:, 0, 0, 0]
    counts, _ = np.histogram(values, bins=5, range=(50, 150))
    assert counts.sum() == len(flat)
    # Within five standard deviations of a fifth.
    assert np.abs(counts - 400).max() < 90


def test_half_of_the_photos_are_flipped() -> None:
    halves = np.zeros((2000, 1, 2, 1), np.float32)
    halves[:, :, 1] = 200
    flipped = run(augmenter("horizontal_flip", shape=(1, 2, 1)), halves)[:, 0, 0, 0]
    assert set(np.unique(flipped)) == {0.0, 200.0}
    assert abs(np.mean(flipped == 200) - 0.5) < 0.06


def test_rand_augment_draws_every_operation() -> None:
    from edgekit.training.augmentation.rand_augment import OPERATIONS, Operation

    numbers = np.random.default_rng(0).random((2600, 2), dtype=np.float32)
    operation = Operation.draw(numbers, 10.0)
    counts = np.bincount(np.asarray(operation.kind), minlength=len(OPERATIONS))
    assert len(counts) == len(OPERATIONS)
    assert np.abs(counts - 200).max() < 75
    assert set(np.asarray(operation.amount)) == {-1.0, 1.0}
