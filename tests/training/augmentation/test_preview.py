"""The picture of one photo changed nine times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgekit.errors import OutputError, UsageError
from edgekit.training.augmentation import PRESETS, resolve_augmentation
from edgekit.training.augmentation.preview import augment_samples, draw_preview


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    """Six photos."""
    y, x = np.mgrid[:24, :30]
    stripes = (x * 8 + y * 3) % 256
    return np.stack([np.stack([stripes, 255 - stripes, np.full_like(x, 40 * n)], -1) for n in range(6)]).astype(
        np.uint8
    )


def test_samples_begin_with_the_photo(pixels: NDArray[np.uint8]) -> None:
    samples = augment_samples(pixels[0], PRESETS["light"], seed=1)
    assert samples.shape == (10, 24, 30, 3)
    assert samples.dtype == np.uint8
    np.testing.assert_array_equal(samples[0], pixels[0])
    assert len({sample.tobytes() for sample in samples}) == 10
    np.testing.assert_array_equal(samples, augment_samples(pixels[0], PRESETS["light"], seed=1))


def test_samples_without_any_change(pixels: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(augment_samples(pixels[0], PRESETS["none"], count=2), pixels[[0, 0, 0]])


def test_samples_are_mixed_with_others(pixels: NDArray[np.uint8]) -> None:
    settings = resolve_augmentation("cutmix=1")
    samples = augment_samples(pixels[0], settings, others=pixels[1:])
    blue = [set(np.unique(sample[..., 2])) for sample in samples]
    assert blue[0] == {0}
    for index, values in enumerate(blue[1:]):
        assert values <= {0, 40 * (index % 5 + 1)}
    assert set().union(*blue) > {0}
    assert all((sample[..., 2] == 0).mean() >= 0.5 for sample in samples)
    np.testing.assert_array_equal(augment_samples(pixels[0], settings), pixels[[0] * 10])


@pytest.mark.parametrize(("text", "channels"), [("strong", 3), ("standard", 1), ("none", 3)])
def test_picture(pixels: NDArray[np.uint8], tmp_path: Path, text: str, channels: int) -> None:
    path = tmp_path / "augmentation.png"
    photos = pixels[..., :channels]
    draw_preview(photos[0], resolve_augmentation(text), path, 0, photos[1:])
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000
        assert len(set(picture.convert("L").get_flattened_data())) > 30
    assert [file.name for file in tmp_path.iterdir()] == ["augmentation.png"]


def test_mistakes_are_explained(pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"array \(height, width, channels\) of uint8. Got: float32"):
        augment_samples(pixels[0].astype(np.float32), PRESETS["light"])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"Got: uint8 of shape \(6, 24, 30, 3\)"):
        augment_samples(pixels, PRESETS["light"])
    with pytest.raises(UsageError, match="The others are photos of the same shape"):
        augment_samples(pixels[0], PRESETS["strong"], others=pixels[:, :10])
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError):
        draw_preview(pixels[0], PRESETS["none"], tmp_path / "file" / "augmentation.png")
