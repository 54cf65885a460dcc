"""Reading a part batch by batch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.data import CachePolicy, batches, open_labelled
from edgekit.errors import ImageError
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(4, 4)


@pytest.mark.parametrize("enabled", [True, False])
def test_batches_cover_the_part_in_order(make_folder: Callable[..., Path], tmp_path: Path, enabled: bool) -> None:
    policy = CachePolicy(enabled=enabled, directory=tmp_path / "cache")
    part = open_labelled(make_folder({"a": 5, "b": 6}), FORMAT, ("a", "b"), cache=policy)
    read = list(batches(part, 4))
    assert [len(labels) for _, labels in read] == [4, 4, 3]
    np.testing.assert_array_equal(np.concatenate([p for p, _ in read]), part.images.take(np.arange(11)))
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in read]), part.labels)


def test_another_order_may_repeat(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    part = open_labelled(make_folder({"a": 2, "b": 2}), FORMAT, ("a", "b"), cache=policy)
    order = np.array([3, 0, 3])
    ((pixels, labels),) = batches(part, 8, order)
    np.testing.assert_array_equal(pixels, part.images.take(order))
    assert labels.tolist() == [1, 0, 1]
    assert list(batches(part, 8, np.array([], np.int64))) == []


def test_a_reader_that_stops_early_leaves_no_thread(make_folder: Callable[..., Path], policy: CachePolicy) -> None:
    part = open_labelled(make_folder({"a": 4, "b": 4}), FORMAT, ("a", "b"), cache=policy)
    reading = batches(part, 1)
    next(reading)
    reading.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("edgekit")]


def test_an_error_arrives_where_the_batch_would(make_folder: Callable[..., Path], tmp_path: Path) -> None:
    part = open_labelled(make_folder({"a": 2, "b": 2}), FORMAT, ("a", "b"), cache=CachePolicy(enabled=False))
    Path(part.files[3]).unlink()
    reading = batches(part, 1)
    for _ in range(3):
        next(reading)
    with pytest.raises(ImageError):
        next(reading)
