"""Buffers are used again, and never while somebody holds them."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgekit.data.buffers import ALIGNMENT, KEPT, LARGEST, BatchBuffers


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_memory_that_nobody_holds_is_used_again() -> None:
    buffers = BatchBuffers()
    first = buffers.empty((4, 8, 8, 3), np.uint8)
    where = address(first)
    del first
    assert address(buffers.empty((4, 8, 8, 3), np.uint8)) == where
    assert address(buffers.empty((3, 8, 8, 3), np.uint8)) == where  # the last batch is smaller


@pytest.mark.parametrize(
    "keep",
    [
        lambda array: array,
        lambda array: array[1:],
        lambda array: array[1:][::2].T,
        lambda array: memoryview(array),
        lambda array: array.view(np.int8),
        lambda array: np.frombuffer(array, np.uint8),
    ],
    ids=["itself", "slice", "view-of-view", "memoryview", "other-type", "frombuffer"],
)
def test_memory_that_is_held_is_left_alone(keep) -> None:
    buffers = BatchBuffers()
    array = buffers.empty((4, 6), np.uint8)
    array[:] = 7
    where = address(array)
    held = keep(array)
    del array
    gc.collect()
    other = buffers.empty((4, 6), np.uint8)
    other[:] = 9
    assert address(other) != where
    assert np.asarray(held).min() == 7


def test_tensors_of_the_backend_hold_their_memory() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    buffers = BatchBuffers()

    def batches():
        for value in range(20):
            batch = buffers.empty((8, 32, 32, 3), np.uint8)
            batch[:] = value
            yield batch

    data = tensorflow.data.Dataset.from_generator(
        batches, output_signature=tensorflow.TensorSpec((8, 32, 32, 3), tensorflow.uint8)
    ).prefetch(4)
    kept = list(data)
    assert [int(tensor[0, 0, 0, 0]) for tensor in kept] == list(range(20))
    assert all(int(tensorflow.reduce_min(tensor)) == int(tensorflow.reduce_max(tensor)) for tensor in kept)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_arrays_are_aligned_and_contiguous(dtype) -> None:
    buffers = BatchBuffers()
    held = [buffers.empty((5, 7, 3), dtype) for _ in range(3)]
    for array in held:
        assert array.shape == (5, 7, 3)
        assert array.dtype == dtype
        assert address(array) % ALIGNMENT == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_few_are_kept() -> None:
    buffers = BatchBuffers()
    held = [buffers.empty((100,), np.uint8) for _ in range(3 * KEPT)]
    assert len({address(array) for array in held}) == 3 * KEPT
    assert len(buffers._buffers) == KEPT


def test_what_is_larger_than_a_batch_is_not_kept() -> None:
    buffers = BatchBuffers()
    assert buffers.empty((LARGEST + 1,), np.uint8).size == LARGEST + 1
    assert not buffers._buffers


def test_many_threads_never_share_memory() -> None:
    buffers = BatchBuffers()

    def write_and_read(value: int) -> bool:
        array = buffers.empty((64, 64), np.uint8)
        array[:] = value % 251
        return bool((array == value % 251).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(3000)))
