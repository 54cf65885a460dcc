from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import OutputError, TrainingError
from edgekit.training.checkpoint import Checkpoint, is_checkpoint_folder, unfinished_epochs
from edgekit.training.result import EpochMetrics

FINGERPRINT = {"config": {"epochs": 3, "model": "simple_cnn"}, "data": "abc"}


def _history(epochs: int) -> list[EpochMetrics]:
    values = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    return [EpochMetrics(number, "head", 0.5, values) for number in range(1, epochs + 1)]


def _arrays(start: float) -> list[np.ndarray]:
    return [np.full((2, 3), start, np.float32), np.array(7, np.int64), np.arange(12.0)]


def _save(checkpoint: Checkpoint, epoch: int, best: int) -> None:
    checkpoint.save(_history(epoch), best, _arrays(epoch), _arrays(10 + epoch), _arrays(20 + best))


def test_what_was_saved_last_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "flowers.unfinished"
    checkpoint = Checkpoint(folder, FINGERPRINT)
    assert checkpoint.load() is None
    assert unfinished_epochs(folder) is None
    for epoch, best in ((1, 1), (2, 2), (3, 2)):
        _save(checkpoint, epoch, best)
    assert unfinished_epochs(folder) == 3
    assert is_checkpoint_folder(folder)
    state = Checkpoint(folder, FINGERPRINT).load()
    assert state is not None
    assert state.history == tuple(_history(3))
    for loaded, saved in ((state.variables, _arrays(3)), (state.optimizer, _arrays(13)), (state.best, _arrays(22))):
        assert len(loaded) == len(saved)
        for one, other in zip(loaded, saved, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
    # One set of arrays: older epochs are gone.
    assert sorted(file.name for file in folder.iterdir()) == ["best-00002.npz", "epoch-00003.npz", "state.json"]
    checkpoint.discard()
    assert not folder.exists()


def test_the_best_weights_are_written_again_where_the_disk_had_refused_them(tmp_path: Path) -> None:
    folder = tmp_path / "x.unfinished"
    checkpoint = Checkpoint(folder, FINGERPRINT)
    _save(checkpoint, 1, 1)
    checkpoint.folder = tmp_path / "x.unfinished" / "state.json"  # a file where a folder should be
    with pytest.raises(OutputError):
        _save(checkpoint, 2, 2)
    checkpoint.folder = folder
    _save(checkpoint, 3, 2)
    state = checkpoint.load()
    assert state is not None
    np.testing.assert_array_equal(state.best[0], _arrays(22)[0])


def test_other_settings_are_named(tmp_path: Path) -> None:
    _save(Checkpoint(tmp_path / "u", FINGERPRINT), 1, 1)
    other = {"config": {"epochs": 5, "model": "simple_cnn"}, "data": "abd"}
    with pytest.raises(TrainingError, match=r"other settings: epochs was 3, is 5; data was abc, is abd"):
        Checkpoint(tmp_path / "u", other).load()


@pytest.mark.parametrize("file", ["state.json", "epoch-00001.npz", "best-00001.npz"])
def test_damage_is_a_sentence(tmp_path: Path, file: str) -> None:
    _save(Checkpoint(tmp_path / "u", FINGERPRINT), 1, 1)
    (tmp_path / "u" / file).write_bytes(b"{ cut short")
    with pytest.raises(TrainingError, match="cannot be used to go on"):
        Checkpoint(tmp_path / "u", FINGERPRINT).load()


def test_a_folder_with_other_files_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert not is_checkpoint_folder(tmp_path)
