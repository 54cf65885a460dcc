"""``keras.utils.image_dataset_from_directory``, row by row."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import edgekit
from edgekit.cli.main import cli
from edgekit.data import CachePolicy, DataOptions, Part, batches, open_dataset
from edgekit.errors import UsageError
from edgekit.spec import ImageFormat
from edgekit.training.objective import Objective
from tests.parity_keras.rows import row
from tests.parity_keras.side_by_side import (
    CLASSES,
    HEIGHT,
    WIDTH,
    assert_same_pixels,
    keras_read,
    key,
    of_dataset,
    of_keras,
    of_part,
    read,
    smooth,
    write_photos,
)


def tf_resize(photos: np.ndarray, size: tuple[int, int]) -> Any:
    """What Keras' utility does to a photo."""
    import tensorflow as tf

    return tf.image.resize(photos, size, method="bilinear")


def labels_of(photos: dict[str, Any]) -> dict[str, int]:
    return {name: int(label) for name, (_, label) in photos.items()}


@row("image_dataset_from_directory", "directory", 'labels="inferred"', 'label_mode="int"')
def test_folders_give_the_same_photos_and_labels(photos: Path) -> None:
    theirs, ours = keras_read(photos), read(photos)
    assert labels_of(of_dataset(ours)) == labels_of(of_keras(theirs))
    assert ours.train.labels.dtype == np.int64


@row("image_dataset_from_directory", "labels=[0, 1, 1]")
def test_labels_beside_paths(photos: Path) -> None:
    paths = sorted(photos.rglob("*.png"))
    labels = [number % 2 for number in range(len(paths))]
    theirs = of_keras(keras_read(photos, labels=labels))
    assert labels_of(of_dataset(read((paths, labels)))) == labels_of(theirs)


@row("image_dataset_from_directory", "labels=None", "label_mode=None")
def test_photos_without_labels_are_for_prediction(photos: Path, run: Any) -> None:
    assert keras_read(photos, labels=None).element_spec.shape[1:] == (HEIGHT, WIDTH, 3)
    some = sorted(photos.rglob("*.png"))[:3]
    done = CliRunner().invoke(cli, ["predict", str(run.path), *map(str, some), "--top", "1", "--json"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["photos"]) == 3


@row("image_dataset_from_directory", 'label_mode="categorical"')
def test_one_hot_labels(photos: Path) -> None:
    theirs, ours = of_keras(keras_read(photos, label_mode="categorical")), of_dataset(read(photos))
    for name, (_, label) in ours.items():
        assert Objective("multi-class", 2).targets(np.array([label]))[0].tolist() == theirs[name][1].tolist()


@row("image_dataset_from_directory", 'label_mode="binary"')
def test_one_output_for_two_classes(photos: Path) -> None:
    theirs, ours = of_keras(keras_read(photos, label_mode="binary")), of_dataset(read(photos))
    for name, (_, label) in ours.items():
        assert Objective("binary", 2).targets(np.array([label]))[0].tolist() == theirs[name][1].tolist()
    assert Objective("binary", 2).outputs == 1


@row("image_dataset_from_directory", "class_names", ".class_names")
def test_order_and_choice_of_classes(photos: Path, tmp_path: Path) -> None:
    assert read(photos).class_names == tuple(keras_read(photos).class_names)
    backwards = list(reversed(CLASSES))
    theirs, ours = keras_read(photos, class_names=backwards), read(photos, classes=backwards)
    assert ours.class_names == tuple(theirs.class_names) == ("green", "blue")
    assert labels_of(of_dataset(ours)) == labels_of(of_keras(theirs))
    three = write_photos(tmp_path / "three", 3, (*CLASSES, "red"))
    some = ["red", "blue"]
    theirs, ours = keras_read(three, class_names=some), read(three, classes=some)
    assert labels_of(of_dataset(ours)) == labels_of(of_keras(theirs))
    assert len(theirs.file_paths) == 6


@row("image_dataset_from_directory", 'color_mode="rgb"')
def test_the_same_pixels(photos: Path) -> None:
    assert_same_pixels(of_dataset(read(photos)), of_keras(keras_read(photos)), within=0)


@row("image_dataset_from_directory", 'color_mode="grayscale"')
def test_greyscale(photos: Path) -> None:
    theirs = of_keras(keras_read(photos, color_mode="grayscale"))
    ours = of_dataset(read(photos, color="grayscale"))
    assert next(iter(ours.values()))[0].shape == (HEIGHT, WIDTH, 1)
    # Keras' PNG decoder weighs colors as ITU-R BT.709 does; here it is BT.601, as in Pillow.
    assert_same_pixels(ours, theirs, within=40)
    grey = np.concatenate([pixels.ravel() for pixels, _ in ours.values()])
    assert np.corrcoef(grey, np.concatenate([theirs[name][0].ravel() for name in ours]))[0, 1] > 0.9


@row("image_dataset_from_directory", 'color_mode="rgba"')
def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    for label, name in enumerate(CLASSES):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.dstack([smooth(10 * label + number, 1), np.full((HEIGHT, WIDTH), 0, np.uint8)])
            pixels[:, : WIDTH // 2, 3] = 255
            Image.fromarray(pixels, "RGBA").save(tmp_path / name / f"{number}.png")
    assert keras_read(tmp_path, color_mode="rgba").element_spec[0].shape[-1] == 4
    with pytest.raises(UsageError, match=r"rgb.*grayscale"):
        edgekit.train(tmp_path, color="rgba", model="simple_cnn", image_size=16)
    theirs = of_keras(keras_read(tmp_path))
    for name, (pixels, _) in of_dataset(read(tmp_path)).items():
        assert (pixels[:, : WIDTH // 2] == theirs[name][0][:, : WIDTH // 2]).all()
        assert (pixels[:, WIDTH // 2 :] == 255).all()


@row("image_dataset_from_directory", "batch_size")
def test_batches_of_the_same_sizes(divided: Path) -> None:
    theirs = [len(labels) for _, labels in keras_read(divided / "train", batch_size=8)]
    assert [len(labels) for _, labels in batches(read(divided).train, 8)] == theirs == [8, 8, 4]


@row("image_dataset_from_directory", "image_size")
def test_height_comes_first(photos: Path) -> None:
    theirs = keras_read(photos, image_size=(12, 16)).element_spec[0].shape
    assert read(photos, 12, 16).train.images.shape == tuple(theirs[1:]) == (12, 16, 3)


@row("image_dataset_from_directory", "shuffle=True")
def test_training_has_a_new_order_in_every_epoch(photos: Path) -> None:
    from edgekit.training.feeding import Order

    first, second = (Order(3).of_epoch(epoch, 500).tolist() for epoch in (0, 1))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(500))
    theirs = keras_read(photos, shuffle=True, seed=3)
    epochs = [np.concatenate([labels for _, labels in theirs]).tolist() for _ in range(4)]
    assert len({tuple(epoch) for epoch in epochs}) > 1


@row("image_dataset_from_directory", "shuffle=False")
def test_parts_are_read_in_the_order_of_the_files(divided: Path) -> None:
    theirs = [key(path) for path in keras_read(divided / "val").file_paths]
    part = read(divided).validation
    assert [key(name) for name in part.files] == theirs
    labels = np.concatenate([labels for _, labels in batches(part, 3)])
    assert labels.tolist() == part.labels.tolist()


@row("image_dataset_from_directory", "seed")
def test_a_seed_is_a_split_and_an_order(photos: Path) -> None:
    from edgekit.training.feeding import Order

    split = [set(of_part(read(photos, seed=seed).validation)) for seed in (1, 1, 2, 3)]
    assert split[0] == split[1]
    assert not split[0] == split[2] == split[3]
    assert Order(1).of_epoch(0, 100).tolist() == Order(1).of_epoch(0, 100).tolist()
    assert Order(1).of_epoch(0, 100).tolist() != Order(2).of_epoch(0, 100).tolist()


@row("image_dataset_from_directory", "validation_split", "subset")
def test_both_sides_of_the_split(photos: Path) -> None:
    train, validation = keras_read(photos, shuffle=True, seed=1, validation_split=0.2, subset="both")
    ours = read(photos, validation=0.2)
    assert len(ours.train) == len(train.file_paths) == 16
    assert len(ours.validation) == len(validation.file_paths) == 4
    assert np.bincount(ours.validation.labels).tolist() == [2, 2]
    assert not set(of_part(ours.train)) & set(of_part(ours.validation))


@row("image_dataset_from_directory", "interpolation")
def test_there_is_one_interpolation(photos: Path) -> None:
    with pytest.raises(UsageError, match="interpolation"):
        edgekit.train(photos, interpolation="nearest")
    theirs = of_keras(keras_read(photos, image_size=(48, 64), interpolation="bilinear"))
    ours = of_dataset(read(photos, 48, 64))
    assert_same_pixels(ours, theirs, within=1.01)
    # Made smaller, each pixel is seen. Keras' reads one in four: noise stays noise.
    noise = np.random.default_rng(0).integers(0, 256, (4, 256, 256, 3), np.uint8)
    small = read((noise, ["a", "a", "b", "b"]), 32, 32, validation=0.5).train.images
    assert small.take(np.arange(1)).std() < 15
    assert np.asarray(tf_resize(noise[:1], (32, 32))).std() > 30


@row("image_dataset_from_directory", "follow_links")
def test_links_are_followed(photos: Path, tmp_path: Path) -> None:
    for name in CLASSES:
        (tmp_path / "linked" / name).mkdir(parents=True)
        (tmp_path / "linked" / name / "more").symlink_to(photos / name, target_is_directory=True)
    (tmp_path / "linked" / "blue" / "more" / "up").exists()
    theirs = keras_read(tmp_path / "linked", follow_links=True)
    assert set(of_dataset(read(tmp_path / "linked"))) == {key(path) for path in theirs.file_paths}
    assert len(of_dataset(read(tmp_path / "linked"))) == 10 == len({key(path) for path in theirs.file_paths})


@row("image_dataset_from_directory", "crop_to_aspect_ratio=True")
def test_crop(photos: Path) -> None:
    theirs = of_keras(keras_read(photos, image_size=(48, 48), crop_to_aspect_ratio=True))
    assert_same_pixels(of_dataset(read(photos, 48, 48, resize="crop")), theirs, within=1.01)


@row("image_dataset_from_directory", "crop_to_aspect_ratio=False")
def test_stretch(photos: Path) -> None:
    theirs = of_keras(keras_read(photos, image_size=(48, 48)))
    assert_same_pixels(of_dataset(read(photos, 48, 48, resize="stretch")), theirs, within=1.01)


@row("image_dataset_from_directory", "pad_to_aspect_ratio")
def test_letterbox(photos: Path) -> None:
    theirs = of_keras(keras_read(photos, image_size=(64, 64), pad_to_aspect_ratio=True))
    assert_same_pixels(of_dataset(read(photos, 64, 64, resize="letterbox")), theirs, within=1.01)


@row("image_dataset_from_directory", "data_format")
def test_channels_are_last(photos: Path) -> None:
    assert keras_read(photos, data_format="channels_first").element_spec[0].shape[1] == 3
    with pytest.raises(UsageError, match="data_format"):
        edgekit.train(photos, data_format="channels_first")
    assert read(photos).train.images.shape[-1] == 3


@row("image_dataset_from_directory", 'format="grain"')
def test_photos_are_read_without_tensorflow(photos: Path) -> None:
    code = (
        "import sys; from edgekit.data import open_dataset; from edgekit.spec import ImageFormat; "
        f"print(len(open_dataset({str(photos)!r}, ImageFormat(16, 16)).train), "
        "{'tensorflow', 'keras', 'grain'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "16 set()", done.stderr


@row("image_dataset_from_directory", "verbose")
def test_reading_is_silent_unless_asked(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras_read(photos, verbose=True)
    assert "Found 20 files" in capsys.readouterr().out
    read(photos)
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""


@row("image_dataset_from_directory", ".file_paths")
def test_names_of_the_files(photos: Path) -> None:
    ours = read(photos)
    found = {Path(name) for part in (ours.train, ours.validation) for name in part.files}
    assert found == {Path(path) for path in keras_read(photos).file_paths}


@row("image_dataset_from_directory", ".cache()")
def test_the_second_run_decodes_nothing(photos: Path, tmp_path: Path) -> None:
    image, cache = ImageFormat(WIDTH, HEIGHT), CachePolicy(directory=tmp_path)
    first = open_dataset(photos, image, DataOptions(cache=cache))
    second = open_dataset(photos, image, DataOptions(cache=cache))
    assert (first.report.cache.state, second.report.cache.state) == ("built", "reused")
    assert_same_pixels(of_dataset(first), of_dataset(second), within=0)
    off = open_dataset(photos, image, DataOptions(cache=CachePolicy(enabled=False, directory=tmp_path / "none")))
    assert_same_pixels(of_dataset(first), of_dataset(off), within=0)
    assert not (tmp_path / "none").exists()


@row("image_dataset_from_directory", ".prefetch()")
def test_the_next_batch_is_read_while_one_is_used() -> None:
    class Slow:
        """Photos that say when they are asked for."""

        shape = (4, 4, 3)

        def __init__(self) -> None:
            self.second = threading.Event()

        def __len__(self) -> int:
            return 8

        def take(self, indices: np.ndarray) -> np.ndarray:
            if indices[0] == 4:
                self.second.set()
            return np.zeros((len(indices), *self.shape), np.uint8)

    images = Slow()
    reading = batches(Part("train", images, np.zeros(8, np.int64), ("",) * 8), 4)
    next(reading)
    assert images.second.wait(20)
    reading.close()
