"""Kernels that rearrange, choose, gather and make values, against coremltools' folding and TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.coreml.references import compute, fold, normal

pytest.importorskip("coremltools", reason="the evaluator needs the extra 'coreml'")
tf = pytest.importorskip("tensorflow", reason="the reference is TensorFlow")

X = normal(2, 3, 4)
INDICES = np.array([[1, 0, 2, 1], [2, 2, 0, 1], [0, 1, 1, 2]], np.int32)

FOLDED: list[tuple[str, dict[str, Any]]] = [
    ("argsort", {"x": X, "axis": 1}),
    ("argsort", {"x": X, "axis": -1, "ascending": True}),
    ("band_part", {"x": X, "lower": 0, "upper": 1}),
    ("band_part", {"x": X, "lower": -1, "upper": 0}),
    ("concat", {"values": (X, X + 1), "axis": 1}),
    ("expand_dims", {"x": X, "axes": [0, -1]}),
    ("fill", {"shape": [2, 3], "value": 1.5}),
    ("flatten2d", {"x": X, "axis": 2}),
    ("flatten2d", {"x": X, "axis": -1}),
    ("gather", {"x": X, "indices": INDICES, "axis": 1}),
    ("gather", {"x": X, "indices": np.int32(1), "axis": 2}),
    ("gather_along_axis", {"x": X, "indices": np.stack([INDICES, INDICES[::-1]]), "axis": 1}),
    ("non_zero", {"x": X > 0}),
    ("pad", {"x": X, "pad": [1, 2, 0, 1], "mode": "constant", "constant_val": 7.0}),
    ("pad", {"x": X, "pad": [1, 2], "mode": "reflect"}),
    ("pad", {"x": X, "pad": [0, 0, 2, 1, 1, 2], "mode": "replicate"}),
    ("range_1d", {"start": np.int32(1), "end": np.int32(9), "step": np.int32(2)}),
    ("range_1d", {"start": np.float32(0), "end": np.float32(1), "step": np.float32(0.25)}),
    ("reshape", {"x": X, "shape": [4, -1]}),
    ("reshape", {"x": X, "shape": [0, 0, -1]}),
    ("reverse", {"x": X, "axes": [0, 2]}),
    ("reverse", {"x": X}),
    (
        "scatter_along_axis",
        {"data": X, "indices": np.stack([INDICES[:1], INDICES[1:2]]), "updates": X[:, :1], "axis": 1, "mode": "update"},
    ),
    ("select", {"cond": X > 0, "a": X, "b": -X}),
    ("shape", {"x": X}),
    ("slice_by_size", {"x": X, "begin": [0, 1, -2], "size": [-1, 1, 2]}),
    ("split", {"x": X, "axis": 1, "num_splits": 3}),
    ("split", {"x": X, "axis": -1, "split_sizes": [1, 3]}),
    ("squeeze", {"x": X[None, :, None], "axes": [0, 2]}),
    ("squeeze", {"x": X[None, :, None]}),
    ("stack", {"values": (X, X + 1), "axis": -1}),
    ("tile", {"x": X, "reps": [1, 2, 3]}),
    ("topk", {"x": X, "k": 2, "axis": -1}),
    ("topk", {"x": X, "k": 1, "axis": 1, "ascending": True}),
    ("transpose", {"x": X, "perm": [2, 0, -2]}),
]


@pytest.mark.parametrize(("op", "parameters"), FOLDED, ids=lambda value: value if isinstance(value, str) else "")
def test_as_coremltools_folds_it(op: str, parameters: dict[str, Any]) -> None:
    answer, expected = compute(op, **parameters), fold(op, **parameters)
    pairs = zip(answer, expected, strict=True) if isinstance(expected, tuple) else [(answer, expected)]
    for one, other in pairs:
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_slices(data: st.DataObject) -> None:
    rank = data.draw(st.integers(1, 3))
    shape = [data.draw(st.integers(1, 5)) for _ in range(rank)]
    x = normal(*shape)
    strides = [data.draw(st.sampled_from([-2, -1, 1, 2])) for _ in shape]
    begin = [data.draw(st.integers(-size, size - 1)) for size in shape]
    end = [data.draw(st.integers(-size, size)) for size in shape]
    masks = {name: [data.draw(st.booleans()) for _ in shape] for name in ("begin_mask", "end_mask", "squeeze_mask")}
    bits = {name: sum(bit << place for place, bit in enumerate(mask)) for name, mask in masks.items()}
    expected = tf.strided_slice(
        x, begin, end, strides, bits["begin_mask"], bits["end_mask"], shrink_axis_mask=0
    ).numpy()
    answer = compute(
        "slice_by_index",
        x=x,
        begin=begin,
        end=end,
        stride=strides,
        begin_mask=masks["begin_mask"],
        end_mask=masks["end_mask"],
    )
    np.testing.assert_array_equal(answer, expected)
    steps = [1] * rank
    squeezed = compute("slice_by_index", x=x, begin=begin, end=end, stride=steps, squeeze_mask=masks["squeeze_mask"])
    expected = tf.strided_slice(x, begin, end, steps, shrink_axis_mask=bits["squeeze_mask"])
    np.testing.assert_array_equal(squeezed, expected)
    updated = compute(
        "slice_update",
        x=x,
        update=-answer,
        begin=begin,
        end=end,
        stride=strides,
        begin_mask=masks["begin_mask"],
        end_mask=masks["end_mask"],
    )
    again = compute(
        "slice_by_index",
        x=updated,
        begin=begin,
        end=end,
        stride=strides,
        begin_mask=masks["begin_mask"],
        end_mask=masks["end_mask"],
    )
    np.testing.assert_array_equal(again, -answer)
    assert np.count_nonzero(updated != x) == answer.size


def test_blocks_and_channels() -> None:
    x = normal(2, 12, 4, 6)
    nhwc = x.transpose(0, 2, 3, 1)
    deep = tf.nn.depth_to_space(nhwc, 2).numpy().transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(compute("depth_to_space", x=x, block_size=2), deep)
    wide = tf.nn.space_to_depth(nhwc, 2).numpy().transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(compute("space_to_depth", x=x, block_size=2), wide)
    batches = tf.space_to_batch(nhwc, [2, 3], [[1, 1], [0, 3]])
    answer = compute("space_to_batch", x=x, block_shape=[2, 3], paddings=[[1, 1], [0, 3]])
    np.testing.assert_array_equal(answer, batches.numpy().transpose(0, 3, 1, 2))
    back = compute("batch_to_space", x=answer, block_shape=[2, 3], crops=[[1, 1], [0, 3]])
    np.testing.assert_array_equal(back, x)


def test_pixel_shuffle() -> None:
    x = normal(2, 12, 4, 6)
    answer = compute("pixel_shuffle", x=x, upscale_factor=2)
    # PyTorch's definition, element by element.
    expected = np.empty((2, 3, 8, 12), np.float32)
    for c, i, j in np.ndindex(3, 8, 12):
        expected[:, c, i, j] = x[:, c * 4 + i % 2 * 2 + j % 2, i // 2, j // 2]
    np.testing.assert_array_equal(answer, expected)
    np.testing.assert_array_equal(compute("pixel_unshuffle", x=answer, downscale_factor=2), x)


def test_gathering_with_batches() -> None:
    x, indices = normal(2, 3, 4, 5), np.array([[2, 0], [1, 1]], np.int32)
    answer = compute("gather", x=x, indices=indices, axis=2, batch_dims=1)
    np.testing.assert_array_equal(answer, tf.gather(x, indices, axis=2, batch_dims=1))
    places = np.array([[[1, 2], [0, 3]], [[2, 0], [1, 1]]], np.int32)
    answer = compute("gather_nd", x=x, indices=places, batch_dims=1)
    np.testing.assert_array_equal(answer, tf.gather_nd(x, places, batch_dims=1))
    np.testing.assert_array_equal(compute("gather_nd", x=x, indices=indices % 2), tf.gather_nd(x, indices % 2))


@pytest.mark.parametrize("mode", ["update", "add", "sub", "max", "min", "mul", "div"])
def test_scattering(mode: str) -> None:
    data, indices = np.abs(normal(4, 5)) + 1, np.array([[3], [0]], np.int32)
    updates = np.abs(normal(2, 5, seed=1)) + 1
    names = {"update": "update", "add": "add", "sub": "sub", "max": "max", "min": "min"}
    if mode in names:
        expected = getattr(tf, f"tensor_scatter_nd_{names[mode]}")(data, indices, updates).numpy()
    else:
        expected = data.copy()
        rows = indices[:, 0]
        expected[rows] = data[rows] * updates if mode == "mul" else data[rows] / updates
    answer = compute("scatter_nd", data=data, indices=indices, updates=updates, mode=mode)
    np.testing.assert_allclose(answer, expected)
    rows = compute("scatter", data=data, indices=indices[:, 0], updates=updates, mode=mode)
    np.testing.assert_allclose(rows, expected)
    columns = compute("scatter", data=data.T, indices=indices[:, 0], updates=updates.T, mode=mode, axis=1)
    np.testing.assert_allclose(columns, expected.T)
    grid = np.broadcast_to(indices, updates.shape)
    along = compute("scatter_along_axis", data=data, indices=grid, updates=updates, mode=mode)
    np.testing.assert_allclose(along, expected)


def test_scattering_to_one_place_twice_adds_twice() -> None:
    answer = compute(
        "scatter_nd", data=np.zeros(2, np.float32), indices=np.int32([[1], [1]]), updates=np.float32([1, 2])
    )
    np.testing.assert_array_equal(answer, [0, 3])


def test_one_hot() -> None:
    indices = np.array([[1, 0], [2, 5]], np.int32)
    for axis in (-1, 0, 1):
        answer = compute("one_hot", indices=indices, one_hot_vector_size=3, axis=axis, on_value=4.0, off_value=-1.0)
        np.testing.assert_array_equal(answer, tf.one_hot(indices, 3, 4.0, -1.0, axis))


def test_reversed_sequences() -> None:
    x = normal(3, 4, 5)
    answer = compute("reverse_sequence", x=x, lengths=np.int32([2, 0, 4]), seq_axis=1, batch_axis=0)
    np.testing.assert_array_equal(answer, tf.reverse_sequence(x, [2, 0, 4], 1, 0))
    swapped = compute("reverse_sequence", x=x, lengths=np.int32([1, 3, 2, 3]), seq_axis=0, batch_axis=1)
    np.testing.assert_array_equal(swapped, tf.reverse_sequence(x, [1, 3, 2, 3], 0, 1))


def test_windows_and_crops() -> None:
    x = normal(2, 7, 3)
    answer = compute("sliding_windows", x=x, axis=1, size=3, stride=2)
    np.testing.assert_array_equal(answer, np.stack([x[:, start : start + 3] for start in (0, 2, 4)], 1))
    picture = normal(1, 2, 6, 7)
    answer = compute("crop", x=picture, crop_height=[1, 0], crop_width=[2, 3])
    np.testing.assert_array_equal(answer, picture[:, :, 1:, 2:4])


def test_reshape_like() -> None:
    """The example on the operator's page."""
    references = (np.zeros((2, 3, 4)), np.zeros((1, 5, 6)))
    x = np.arange(180)
    answer = compute("reshape_like", x=x, ref_tensors=references, begins=(0, 1), ends=(2, 0), end_masks=(False, True))
    np.testing.assert_array_equal(answer, x.reshape(2, 3, 5, 6))


def test_reshape_counts_zeros_from_the_last() -> None:
    """The example on the page of iOS 17's operator."""
    assert compute("reshape", x=normal(2, 50), shape=[1, 0, -1, 0]).shape == (1, 1, 2, 50)


@pytest.mark.parametrize("axis", [0, -2])
def test_interleaving(axis: int) -> None:
    """The example on the operator's page."""
    values = (np.array([[1, 2], [3, 4], [5, 6]]), np.array([[7, 8], [9, 10], [11, 12]]))
    answer = compute("concat", values=values, axis=axis, interleave=True)
    np.testing.assert_array_equal(answer, [[1, 2], [7, 8], [3, 4], [9, 10], [5, 6], [11, 12]])


def test_fills() -> None:
    np.testing.assert_array_equal(compute("fill_like", ref_tensor=X, value=3), np.full_like(X, 3))


def test_lists() -> None:
    empty = compute("make_list", init_length=2, dynamic_length=False, elem_shape=(3,), dtype="fp32")
    written = compute("list_write", ls=empty, index=np.int32(1), value=np.ones(3, np.float32))
    assert compute("list_length", ls=written) == 2
    np.testing.assert_array_equal(compute("list_read", ls=written, index=np.int32(1)), [1, 1, 1])
    np.testing.assert_array_equal(compute("list_gather", ls=written, indices=np.int32([1, 0])), [[1] * 3, [0] * 3])
    np.testing.assert_array_equal(compute("list_read", ls=empty, index=np.int32(1)), [0, 0, 0])
    with pytest.raises(IndexError, match="element 2 of a list of 2"):
        compute("list_write", ls=empty, index=np.int32(2), value=np.ones(3, np.float32))
    growing = compute("make_list", elem_shape=("any",))
    grown = compute("list_scatter", ls=growing, indices=np.int32([0, 3]), value=normal(2, 3))
    assert compute("list_length", ls=grown) == 4
    np.testing.assert_array_equal(compute("list_gather", ls=grown, indices=np.int32([3, 0])), normal(2, 3)[::-1])
    with pytest.raises(IndexError, match="of a list of 1"):
        compute("list_write", ls=growing, index=np.int32(1 << 30), value=np.ones(3, np.float32))
    with pytest.raises(ValueError, match="a list of -1 elements"):
        compute("make_list", init_length=-1)


def test_classify() -> None:
    label, scores = compute("classify", probabilities=np.float32([[0.2, 0.5, 0.3]]), classes=["a", "b", "c"])
    assert label == "b"
    assert scores == pytest.approx({"a": 0.2, "b": 0.5, "c": 0.3})
    with pytest.raises(ValueError, match="3 probabilities for 2 labels"):
        compute("classify", probabilities=np.zeros(3, np.float32), classes=["a", "b"])
