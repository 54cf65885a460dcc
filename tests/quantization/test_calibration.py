from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import DataError
from edgekit.quantization.calibration import Calibration, check_finite, stratified_choice
from edgekit.spec import ImageFormat, tensor_classifier


def make_calibration(count: int = 4, low: int = 10, high: int = 240) -> Calibration:
    random = np.random.default_rng(0)
    images = random.integers(low, high, (count, 8, 6, 3)).astype(np.uint8)
    return Calibration(images, np.arange(count) % 2, "photos")


def test_choice_takes_as_many_of_each_class_as_there_are() -> None:
    labels = np.array([0] * 100 + [1] * 10 + [2] * 3)
    chosen = stratified_choice(labels, 20, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [9, 8, 3]
    assert np.array_equal(chosen, np.unique(chosen))


def test_choice_is_seeded() -> None:
    labels = np.repeat(np.arange(5), 50)
    assert np.array_equal(stratified_choice(labels, 20, seed=3), stratified_choice(labels, 20, seed=3))
    assert not np.array_equal(stratified_choice(labels, 20, seed=3), stratified_choice(labels, 20, seed=4))


def test_choice_of_more_than_there_are_is_all() -> None:
    assert stratified_choice(np.array([0, 1, 1]), 200, seed=0).tolist() == [0, 1, 2]


def test_of_many_labels_the_rare_ones_are_there() -> None:
    labels = np.zeros((100, 3), np.uint8)
    labels[:95, 0] = 1  # on nearly all photos
    labels[90:94, 1] = 1
    labels[94, 2] = 1
    chosen = stratified_choice(labels, 12, seed=0)
    assert len(chosen) == 12
    assert labels[chosen].sum(axis=0)[1:].tolist() == [4, 1]
    assert (labels[chosen].sum(axis=1) == 0).sum() >= 3  # photos without any label count as a class, too


def test_samples_of_other_models_are_kept_as_they_are(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(size=(5, 7, 3)).astype(np.float32)
    calibration = Calibration(samples, np.zeros((5, 2), np.uint8), "recordings")
    assert calibration.with_extremes() is samples
    calibration.save(tmp_path / "calibration.npz")
    found = Calibration.read(tmp_path / "calibration.npz")
    assert np.array_equal(found.images, samples)
    assert found.labels.shape == (5, 2)
    found.check_samples(tensor_classifier("m", (None, None, 3), "float32", ("a", "b")))
    with pytest.raises(DataError, match=r"have the shape \(7, 3\), but m takes \(6, 3\)"):
        found.check_samples(tensor_classifier("m", (None, 6, 3), "float32", ("a", "b")))
    with pytest.raises(DataError, match="photos of recordings"):
        found.check_fits(ImageFormat(3, 7))


def test_extremes_join_as_one_sample_and_leave_the_photos_alone() -> None:
    calibration = make_calibration()
    before = calibration.images.copy()
    images = calibration.with_extremes()
    assert len(images) == 5
    assert images[-1].min() == 0
    assert images[-1].max() == 255
    assert np.array_equal(images[:4], before)
    assert np.array_equal(calibration.images, before)


def test_file_round_trip(tmp_path: Path) -> None:
    calibration = make_calibration()
    path = tmp_path / "calibration.npz"
    calibration.save(path)
    found = Calibration.read(path)
    assert np.array_equal(found.images, calibration.images)
    assert np.array_equal(found.labels, calibration.labels)
    assert found.source == "photos"
    assert [file.name for file in tmp_path.iterdir()] == ["calibration.npz"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 truncated"])
def test_a_broken_file_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calibration.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"calibration\.npz is not a readable calibration sample"):
        Calibration.read(path)


def test_a_pickle_is_not_executed(tmp_path: Path) -> None:
    path = tmp_path / "calibration.npz"
    np.savez(path, images=np.array([print], dtype=object), labels=np.zeros(1), source=np.array("x"))
    with pytest.raises(DataError, match="not a readable"):
        Calibration.read(path)


def test_other_sizes_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(8, 6, 3\).*\(32, 32, 3\)"):
        make_calibration().check_fits(ImageFormat(32, 32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_values_that_are_no_numbers_are_refused_by_the_sample(value: float) -> None:
    samples = np.zeros((6, 2, 3))
    check_finite(samples, "samples.npy")
    samples[4, 1, 2] = value  # 1e39 is beyond float32, in which a graph computes
    with pytest.raises(DataError, match=r"^Sample 4 of samples\.npy \(counted from 0\).*\(NaN\)\. Leave"):
        check_finite(samples, "samples.npy")
    samples[5] = value
    with pytest.raises(DataError, match=r"Sample 41 of it .*; 1 more of them"):
        check_finite(samples, "it", np.array([0, 5, 9, 20, 41, 70]))
    calibration = Calibration(samples, np.zeros(6, np.int64), "recordings")
    with pytest.raises(DataError, match="Sample 4 of recordings"):
        calibration.check_samples(tensor_classifier("m", (None, 2, 3), "float32", ("a", "b")))


def test_whole_numbers_are_always_finite() -> None:
    check_finite(np.full((2, 3), 255, np.uint8), "pixels")
    check_finite(np.zeros((0, 3), np.float32), "nothing")
