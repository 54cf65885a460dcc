"""``ImageDataGenerator``, row by row.

EdgeKit's changes are asked for at their bounds, where nothing is random. Where a change moves pixels, the photo is
two gradients, of which the map can be read off.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.errors import UsageError
from edgekit.training.augmentation import resolve_augmentation
from tests.parity_keras.rows import row
from tests.parity_keras.side_by_side import HEIGHT, WIDTH, key, of_dataset, of_part, read, smooth

SIDE = 64


def generator(**settings: Any) -> Any:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**settings)


def drawn(name: str, **settings: Any) -> np.ndarray:
    """What Keras draws for one of its parameters, for 400 photos."""
    np.random.seed(0)
    keras_generator = generator(**settings)
    return np.array([keras_generator.get_random_transform((SIDE, SIDE, 3))[name] for _ in range(400)], float)


def assert_fills(values: np.ndarray, low: float, high: float) -> None:
    """Evenly drawn between two bounds."""
    assert low <= values.min() <= low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) <= values.max() <= high


def changed(text: str, photos: np.ndarray, *, bound: float = 1.0, flip: bool = False) -> np.ndarray:
    """EdgeKit's photos (n, h, w, c) with every change at its lower (0) or upper (1) bound."""
    from edgekit.training.augmentation.changes import DRAWS
    from edgekit.training.augmentation.layers import build_augmenter

    settings = resolve_augmentation(text)
    layer = build_augmenter(settings, photos.shape[1:], seed=0)
    assert layer is not None
    numbers = np.full((len(photos), len(DRAWS) + 2 * settings.rand_augment), bound, np.float32)
    numbers[:, :2] = 0.0 if flip else 1.0
    return np.asarray(layer.change(photos.astype(np.float32), numbers))


def gradients() -> np.ndarray:
    """Red is x and green is y, both times two."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.stack([2 * x, 2 * y, 0 * x], axis=-1)[np.newaxis].astype(np.float32)


def read_map(text: str, bound: float = 1.0) -> np.ndarray:
    """The map from the new photo to the old one as (2, 3), about the center, from its middle part."""
    result = changed(text, gradients(), bound=bound)[0]
    middle = slice(24, 40)
    y, x = np.mgrid[:SIDE, :SIDE][:, middle, middle].reshape(2, -1) - (SIDE - 1) / 2
    points = np.stack([x, y, np.ones_like(x)], axis=1)
    seen = result[middle, middle, :2].reshape(-1, 2) / 2 - (SIDE - 1) / 2
    return np.linalg.lstsq(points, seen, rcond=None)[0].T


def keras_map(**parameters: float) -> np.ndarray:
    """The matrix that Keras makes of its parameters, in the same form; from its source."""
    theta, shear = (math.radians(parameters.get(name, 0)) for name in ("theta", "shear"))
    # In (row, column), each step as in apply_affine_transform.
    rotation = np.array([[math.cos(theta), -math.sin(theta)], [math.sin(theta), math.cos(theta)]])
    shearing = np.array([[1, -math.sin(shear)], [0, math.cos(shear)]])
    zoom = np.diag([parameters.get("zx", 1), parameters.get("zy", 1)])
    swapped = (rotation @ shearing @ zoom)[::-1, ::-1]
    return swapped[::-1, ::-1]


def refuses(**setting: Any) -> None:
    """EdgeKit has no such setting, and says so before anything is read."""
    (name,) = setting
    with pytest.raises(UsageError, match=name):
        edgekit.train("nowhere", **setting)


@row("ImageDataGenerator", "rotation_range=30")
def test_rotation() -> None:
    assert_fills(drawn("theta", rotation_range=30), -30, 30)
    for bound, degrees in ((0.0, -30), (1.0, 30)):
        found = read_map("rotation=30", bound)[:, :2]
        assert abs(math.degrees(math.atan2(found[0, 1], found[0, 0]))) == pytest.approx(30, abs=0.1)
        assert np.allclose(np.abs(found), np.abs(keras_map(theta=degrees)), atol=2e-3)


@row("ImageDataGenerator", "width_shift_range=0.1")
def test_shift_sideways() -> None:
    assert_fills(drawn("ty", width_shift_range=0.1), -0.1 * SIDE, 0.1 * SIDE)
    assert read_map("shift_x=0.1", 0.0)[:, 2] == pytest.approx([0.1 * SIDE, 0], abs=0.01)
    assert read_map("shift_x=0.1", 1.0)[:, 2] == pytest.approx([-0.1 * SIDE, 0], abs=0.01)


@row("ImageDataGenerator", "height_shift_range=0.1")
def test_shift_up_and_down() -> None:
    assert_fills(drawn("tx", height_shift_range=0.1), -0.1 * SIDE, 0.1 * SIDE)
    assert read_map("shift_y=0.1", 1.0)[:, 2] == pytest.approx([0, -0.1 * SIDE], abs=0.01)
    assert resolve_augmentation("shift=0.1") == resolve_augmentation("shift_x=0.1,shift_y=0.1")


@row("ImageDataGenerator", "brightness_range=(0.8, 1.2)")
def test_brightness() -> None:
    assert_fills(drawn("brightness", brightness_range=(0.8, 1.2)), 0.8, 1.2)
    photo = smooth(1, 0)
    for bound, factor in ((0.0, 0.8), (1.0, 1.2)):
        theirs = generator().apply_transform(photo.astype(np.float32), {"brightness": factor})
        ours = changed("brightness=0.2", photo[np.newaxis], bound=bound)[0]
        assert np.abs(ours - theirs).max() <= 1


@row("ImageDataGenerator", "shear_range=10")
def test_shear() -> None:
    assert_fills(drawn("shear", shear_range=10), -10, 10)
    found = read_map("shear=10")[:, :2]
    lean = math.degrees(math.atan(abs(found[0, 1] / found[1, 1])))
    assert lean == pytest.approx(10, abs=0.1)
    theirs = keras_map(shear=10)
    assert math.degrees(math.atan(abs(theirs[0, 1] / theirs[1, 1]))) == pytest.approx(10)


@row("ImageDataGenerator", "zoom_range=0.2", "zoom_range=(0.5, 1.0)")
def test_zoom() -> None:
    assert_fills(drawn("zx", zoom_range=0.2), 0.8, 1.2)
    assert resolve_augmentation("zoom=0.2").zoom_range == (0.8, 1.2)
    assert np.allclose(read_map("zoom=0.2", 0.0)[:, :2], keras_map(zx=0.8, zy=0.8), atol=2e-3)
    assert np.allclose(read_map("zoom=0.2", 1.0)[:, :2], keras_map(zx=1.2, zy=1.2), atol=2e-3)
    assert_fills(drawn("zx", zoom_range=(0.5, 1.0)), 0.5, 1.0)
    assert np.allclose(read_map("zoom=0.5..1", 0.0)[:, :2], keras_map(zx=0.5, zy=0.5), atol=2e-3)
    assert np.allclose(read_map("zoom=0.5..1", 1.0)[:, :2], np.eye(2), atol=2e-3)


@row("ImageDataGenerator", "channel_shift_range")
def test_a_shift_of_channels_is_a_brightness() -> None:
    photo = smooth(2, 1).astype(np.float32)
    theirs = generator().apply_transform(photo, {"channel_shift_intensity": 10.0}) - photo
    inside = photo.max() - photo > 10
    assert theirs[inside] == pytest.approx(10)  # the same in all channels
    ours = changed("brightness=0.2", photo[np.newaxis])[0]
    ratio = ours.mean(axis=(0, 1)) / photo.mean(axis=(0, 1))
    assert ratio == pytest.approx([1.2] * 3, abs=0.01)
    colors = changed("saturation=0.5", photo[np.newaxis])[0] - photo
    assert np.ptp(colors.mean(axis=(0, 1))) > 5


@row("ImageDataGenerator", "horizontal_flip", "vertical_flip")
def test_flips() -> None:
    photo = smooth(3, 1).astype(np.float32)
    for text, name in (("horizontal_flip", "flip_horizontal"), ("vertical_flip", "flip_vertical")):
        theirs = generator().apply_transform(photo, {name: True})
        assert np.abs(changed(text, photo[np.newaxis], flip=True)[0] - theirs).max() < 1e-3
        assert np.abs(changed(text, photo[np.newaxis], flip=False)[0] - photo).max() < 1e-3
    share = drawn("flip_horizontal", horizontal_flip=True).mean()
    assert 0.4 < share < 0.6


@row("ImageDataGenerator", "fill_mode", "cval")
@pytest.mark.parametrize(
    ("text", "numpy_mode"),
    [
        ("fill_mode=nearest", {"mode": "edge"}),
        ("fill_mode=reflect", {"mode": "symmetric"}),
        ("fill_mode=wrap", {"mode": "wrap"}),
        ("fill_mode=constant,fill_value=255", {"mode": "constant", "constant_values": 255}),
    ],
)
def test_what_comes_from_outside(text: str, numpy_mode: dict[str, Any]) -> None:
    """The modes are those of SciPy, which Keras names; NumPy calls two of them otherwise."""
    photo = smooth(4, 1)
    ours = changed(f"shift_x=0.25,{text}", photo[np.newaxis], bound=1.0)[0]
    pixels = WIDTH // 4
    expected = np.pad(photo, ((0, 0), (pixels, 0), (0, 0)), **numpy_mode)[:, :WIDTH]
    assert np.abs(ours - expected).max() < 1e-2


@row("ImageDataGenerator", "rescale")
def test_scaling_is_in_the_model(run: Any) -> None:
    photo = smooth(5, 1)[:16, :16]
    by_hand = np.asarray(run.model.keras_model(photo[np.newaxis].astype(np.float32)))[0]
    answers = {found.label: found.probability for found in run.model.classify(photo)}
    assert [answers[label.id] for label in run.model.spec.labels] == pytest.approx(by_hand.tolist(), abs=1e-5)
    scaled = np.asarray(run.model.keras_model(photo[np.newaxis].astype(np.float32) / 255))[0]
    assert not np.allclose(scaled, by_hand, atol=1e-3)


@row("ImageDataGenerator", "featurewise_center", "featurewise_std_normalization")
def test_normalization_of_the_data_set_is_a_layer(photos: Path) -> None:
    import keras

    pixels = np.stack([pixels for pixels, _ in of_part(read(photos, 16, 16).train).values()]).astype(np.float32)
    keras_generator = generator(featurewise_center=True, featurewise_std_normalization=True)
    keras_generator.fit(pixels)

    def build(input_shape: tuple[int, ...], classes: int) -> Any:
        inputs = keras.Input(input_shape)
        mean, variance = pixels.mean(axis=(0, 1, 2)), pixels.var(axis=(0, 1, 2))
        normalized = keras.layers.Normalization(mean=mean, variance=variance, name="normalized")(inputs)
        features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(normalized))
        return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(features))

    refuses(featurewise_center=True)
    model = edgekit.train(photos, model=build, image_size=16, epochs=1).keras_model
    assert model.layers[1].name == "normalized"
    ours = np.asarray(model.layers[1](pixels))
    assert ours == pytest.approx(keras_generator.standardize(pixels.copy()), abs=1e-3)


@row("ImageDataGenerator", "samplewise_center", "samplewise_std_normalization")
def test_normalization_of_each_photo_is_a_layer() -> None:
    import keras

    refuses(samplewise_center=True)
    photo = smooth(6, 1).astype(np.float32)
    layer = keras.layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False)
    theirs = generator(samplewise_center=True, samplewise_std_normalization=True).standardize(photo.copy())
    assert np.asarray(layer(photo[np.newaxis]))[0] == pytest.approx(theirs, abs=1e-3)


@row("ImageDataGenerator", "zca_whitening")
def test_whitening_is_refused() -> None:
    refuses(zca_whitening=True)
    small = generator(zca_whitening=True, featurewise_center=True)
    small.fit(np.random.default_rng(0).random((4, 8, 8, 3)))
    assert small.zca_whitening_matrix.shape == (8 * 8 * 3,) * 2
    assert pytest.approx(90, abs=1) == 4 * (224 * 224 * 3) ** 2 / 1e9


@row("ImageDataGenerator", "preprocessing_function")
def test_photos_can_be_changed_before(photos: Path) -> None:
    refuses(preprocessing_function=np.negative)
    theirs = generator(preprocessing_function=lambda pixels: 255 - pixels)
    iterator = theirs.flow_from_directory(photos, target_size=(HEIGHT, WIDTH), shuffle=False, class_mode="sparse")
    plain = of_dataset(read(photos))

    def inverted() -> Any:
        for pixels, label in plain.values():
            yield 255 - pixels, int(label)

    names = [key(name) for name in iterator.filenames]
    wanted = {tuple(photo.ravel().astype(int)) for photo in iterator[0][0]}
    assert len(names) == len(plain)
    assert {tuple(pixels.ravel()) for pixels, _ in of_dataset(read(inverted())).values()} == wanted


@row("ImageDataGenerator", "validation_split")
def test_share_for_validation(photos: Path) -> None:
    theirs = generator(validation_split=0.2)
    sizes = [theirs.flow_from_directory(photos, subset=name).samples for name in ("training", "validation")]
    ours = read(photos, validation=0.2)
    assert [len(ours.train), len(ours.validation)] == sizes == [16, 4]


@row("ImageDataGenerator", "data_format")
def test_channels_stay_last(photos: Path) -> None:
    iterator = generator(data_format="channels_first").flow_from_directory(photos, target_size=(HEIGHT, WIDTH))
    assert iterator.image_shape == (3, HEIGHT, WIDTH)
    refuses(data_format="channels_first")
    assert read(photos).train.images.shape == (HEIGHT, WIDTH, 3)


@row("ImageDataGenerator", "dtype")
def test_bytes_until_the_model(photos: Path, run: Any) -> None:
    from edgekit.training.feeding import Batches

    train = read(photos).train
    pixels = Batches(train.images, np.eye(2, dtype=np.float32)[train.labels], 4)[0][0]
    assert pixels.dtype == np.uint8
    theirs = generator().flow_from_directory(photos, target_size=(HEIGHT, WIDTH))[0][0]
    assert theirs.dtype == np.dtype(run.model.keras_model.inputs[0].dtype) == np.float32


@row("ImageDataGenerator", "interpolation_order")
def test_moved_pixels_are_interpolated() -> None:
    refuses(interpolation_order=0)
    assert generator().interpolation_order == 1
    ramp = gradients()
    half = changed(f"shift_x={0.5 / SIDE}", ramp)[0, 8:-8, 8:-8, 0]
    assert half == pytest.approx(ramp[0, 8:-8, 8:-8, 0] - 1, abs=1e-2)


@row("ImageDataGenerator", ".fit(x)")
def test_nothing_is_learned_from_the_data_before() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        generator(featurewise_center=True).standardize(np.zeros((4, 4, 3)))
    assert any("fit" in str(warning.message) for warning in caught)
    from edgekit.training.augmentation.layers import build_augmenter

    layer = build_augmenter(resolve_augmentation("standard"), (8, 8, 3), seed=0)
    assert layer is not None
    assert layer(np.full((2, 8, 8, 3), 100.0), training=True).shape == (2, 8, 8, 3)


@row("ImageDataGenerator", ".random_transform(x)")
def test_a_preview_of_augmentation(run: Any) -> None:
    from PIL import Image

    picture = Image.open(run.path.with_suffix(".training") / "augmentation.png")
    assert min(picture.size) > 200
