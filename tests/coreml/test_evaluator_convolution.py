"""Convolutions, pooling, products and resizing, against TensorFlow over random shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.coreml.ops import KERNELS
from tests.coreml.references import compute, fold, normal

pytest.importorskip("coremltools", reason="the evaluator needs the extra 'coreml'")
tf = pytest.importorskip("tensorflow", reason="the reference is TensorFlow")


def last(x: Any) -> Any:
    """Channels first to channels last."""
    return np.moveaxis(np.asarray(x), 1, -1)


def first(x: Any) -> Any:
    return np.moveaxis(np.asarray(x), -1, 1)


@st.composite
def windows(draw: st.DrawFn, rank: int | None = None) -> dict[str, Any]:
    """Sizes of an input and of a kernel that fits, with its steps; TensorFlow allows steps or dilation, not both."""
    rank = draw(st.integers(1, 3)) if rank is None else rank
    kernel = [draw(st.integers(1, 4)) for _ in range(rank)]
    strides, dilations = [1] * rank, [1] * rank
    if draw(st.booleans()):
        dilations = [draw(st.integers(1, 3)) for _ in range(rank)]
    else:
        strides = [draw(st.integers(1, 3)) for _ in range(rank)]
    size = [(k - 1) * d + 1 + draw(st.integers(0, 6)) for k, d in zip(kernel, dilations, strict=True)]
    pad = [draw(st.integers(0, 2)) for _ in range(2 * rank)]
    kind = draw(st.sampled_from(["valid", "same", "custom"]))
    return {"size": size, "kernel": kernel, "strides": strides, "dilations": dilations, "pad": pad, "kind": kind}


def padded(x: Any, case: dict[str, Any], value: float = 0.0) -> tuple[Any, str]:
    """The input and TensorFlow's word for the padding that is left to do."""
    if case["kind"] != "custom":
        return x, case["kind"].upper()
    pairs = list(zip(case["pad"][::2], case["pad"][1::2], strict=True))
    return np.pad(x, [(0, 0), (0, 0), *pairs], constant_values=value), "VALID"


@settings(max_examples=60, deadline=None)
@given(case=windows(), count=st.integers(1, 2), channels=st.integers(1, 5), outputs=st.integers(1, 5))
def test_conv(case: dict[str, Any], count: int, channels: int, outputs: int) -> None:
    x = normal(count, channels, *case["size"])
    weight, bias = normal(outputs, channels, *case["kernel"], seed=1), normal(outputs, seed=2)
    around, padding = padded(x, case)
    kernel = np.moveaxis(weight, (0, 1), (-1, -2))
    expected = tf.nn.convolution(last(around), kernel, case["strides"], padding, dilations=case["dilations"])
    answer = compute(
        "conv",
        x=x,
        weight=weight,
        bias=bias,
        strides=case["strides"],
        pad_type=case["kind"],
        pad=case["pad"],
        dilations=case["dilations"],
    )
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, first(expected + bias), rtol=1e-5, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(case=windows(2), channels=st.integers(2, 5), multiplier=st.integers(1, 3), stride=st.integers(1, 3))
def test_depthwise_conv(case: dict[str, Any], channels: int, multiplier: int, stride: int) -> None:
    strides = [stride, stride] if case["dilations"] == [1, 1] else [1, 1]  # TensorFlow wants square steps here
    x, weight = normal(2, channels, *case["size"]), normal(channels * multiplier, 1, *case["kernel"], seed=1)
    around, padding = padded(x, case)
    kernel = weight.reshape(channels, multiplier, *case["kernel"]).transpose(2, 3, 0, 1)
    expected = tf.nn.depthwise_conv2d(last(around), kernel, [1, *strides, 1], padding, dilations=case["dilations"])
    answer = compute(
        "conv",
        x=x,
        weight=weight,
        strides=strides,
        pad_type=case["kind"],
        pad=case["pad"],
        dilations=case["dilations"],
        groups=channels,
    )
    np.testing.assert_allclose(answer, first(expected), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("groups", [2, 3])
def test_conv_in_groups(groups: int) -> None:
    x, weight = normal(2, 6, 7, 8), normal(6, 6 // groups, 3, 2, seed=1)
    parts = [
        compute("conv", x=part, weight=kernels)
        for part, kernels in zip(np.split(x, groups, 1), np.split(weight, groups), strict=True)
    ]
    np.testing.assert_allclose(compute("conv", x=x, weight=weight, groups=groups), np.concatenate(parts, 1), atol=1e-5)


def test_conv_in_strips() -> None:
    """An input so large that its windows are unrolled in parts."""
    x, weight = normal(1, 16, 300, 301), normal(4, 16, 3, 3, seed=1)
    expected = tf.nn.conv2d(last(x), weight.transpose(2, 3, 1, 0), 2, "SAME")
    answer = compute("conv", x=x, weight=weight, strides=[2, 2], pad_type="same")
    np.testing.assert_allclose(answer, first(expected), atol=1e-4)


def test_same_lower_puts_what_is_odd_before() -> None:
    x, weight = normal(1, 1, 6, 6), np.ones((1, 1, 2, 2), np.float32)
    lower = compute("conv", x=x, weight=weight, pad_type="same_lower")
    np.testing.assert_allclose(lower, compute("conv", x=x, weight=weight, pad_type="custom", pad=[1, 0, 1, 0]))


@settings(max_examples=40, deadline=None)
@given(case=windows(), channels=st.integers(1, 4), outputs=st.integers(1, 4), given_shape=st.booleans())
def test_conv_transpose(case: dict[str, Any], channels: int, outputs: int, given_shape: bool) -> None:
    rank = len(case["kernel"])
    kind = "same" if case["kind"] == "same" else "valid"
    dilations = [1] * rank  # TensorFlow has none here on the processor
    x, weight = normal(2, channels, *case["size"]), normal(channels, outputs, *case["kernel"], seed=1)
    # (channels, outputs, *kernel) -> (*kernel, outputs, channels)
    kernel = np.moveaxis(weight, (0, 1), (-1, -2))
    if kind == "same":
        sizes = [s * t for s, t in zip(case["size"], case["strides"], strict=True)]
    else:
        sizes = [(s - 1) * t + k for s, t, k in zip(case["size"], case["strides"], case["kernel"], strict=True)]
    expected = tf.nn.conv_transpose(last(x), kernel, [2, *sizes, outputs], case["strides"], kind.upper())
    shape = {"output_shape": [2, outputs, *sizes]} if given_shape else {}
    answer = compute(
        "conv_transpose",
        x=x,
        weight=weight,
        bias=np.zeros(outputs, np.float32),
        strides=case["strides"],
        dilations=dilations,
        pad_type=kind,
        **shape,
    )
    np.testing.assert_allclose(answer, first(expected), rtol=1e-5, atol=1e-4)


def test_padding_without_end_is_refused() -> None:
    x, weight = normal(1, 1, 4, 4), normal(1, 1, 1, 1)
    with pytest.raises(ValueError, match="it pads to more than"):
        compute("conv", x=x, weight=weight, pad_type="custom", pad=[1 << 20] * 4, strides=[1 << 20] * 2)


def test_conv_transpose_turns_conv_round() -> None:
    """With dilation, groups and custom padding: <conv(x), y> = <x, conv_transpose(y)>."""
    settings_ = {"strides": [2, 1], "dilations": [1, 2], "pad_type": "custom", "pad": [1, 0, 2, 1], "groups": 2}
    x, weight = normal(1, 4, 9, 8), normal(6, 2, 2, 3, seed=1)
    forward = compute("conv", x=x, weight=weight, **settings_)
    y = normal(*forward.shape, seed=2)
    # For the transposed operator the same weights are (channels in, channels out / groups, ...).
    back = compute("conv_transpose", x=y, weight=weight, output_shape=list(x.shape), **settings_)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.vdot(forward, y), np.vdot(x, back), rtol=1e-4)


@settings(max_examples=60, deadline=None)
@given(case=windows(), channels=st.integers(1, 3), op=st.sampled_from(["MAX", "AVG"]), exclude=st.booleans())
def test_pooling(case: dict[str, Any], channels: int, op: str, exclude: bool) -> None:
    x = normal(2, channels, *case["size"])
    case["pad"] = [min(pad, case["kernel"][place // 2] - 1) for place, pad in enumerate(case["pad"])]
    # TensorFlow has no steps beyond the window.
    case["strides"] = [min(step, width) for step, width in zip(case["strides"], case["kernel"], strict=True)]
    arguments = {
        "x": x,
        "kernel_sizes": case["kernel"],
        "strides": case["strides"],
        "pad_type": case["kind"],
        "pad": case["pad"],
    }
    if op == "MAX":
        around, padding = padded(x, case, -np.inf)
        answer = compute("max_pool", **arguments)
        expected = tf.nn.pool(last(around), case["kernel"], op, case["strides"], padding)
    elif case["kind"] == "custom":
        around, padding = padded(x, case)
        answer = compute("avg_pool", **arguments, exclude_padding_from_average=exclude)
        expected = tf.nn.pool(last(around), case["kernel"], op, case["strides"], padding)
        if exclude:
            ones, _ = padded(np.ones_like(x), case)
            expected = expected / tf.nn.pool(last(ones), case["kernel"], op, case["strides"], padding)
    else:
        # TensorFlow never counts its padding.
        answer = compute("avg_pool", **arguments, exclude_padding_from_average=True)
        expected = tf.nn.pool(last(x), case["kernel"], op, case["strides"], case["kind"].upper())
    np.testing.assert_allclose(answer, first(expected), atol=1e-5)


def test_pooling_of_incomplete_windows() -> None:
    x = np.arange(7, dtype=np.float32).reshape(1, 1, 7)
    answer = compute("max_pool", x=x, kernel_sizes=[2], strides=[2], ceil_mode=True)
    np.testing.assert_array_equal(answer[0, 0], [1, 3, 5, 6])
    mean = compute("avg_pool", x=x, kernel_sizes=[2], strides=[2], ceil_mode=True, exclude_padding_from_average=True)
    np.testing.assert_array_equal(mean[0, 0], [0.5, 2.5, 4.5, 6])
    refuse = KERNELS["avg_pool"].refuse
    assert refuse is not None
    assert refuse({"ceil_mode": True}) == "ceil_mode together with averages over padding"
    assert refuse({"ceil_mode": True, "exclude_padding_from_average": True}) is None


def test_l2_pool() -> None:
    x = normal(1, 2, 5, 6)
    expected = tf.sqrt(tf.nn.avg_pool2d(last(np.square(x)), 2, 1, "VALID") * 4)
    np.testing.assert_allclose(compute("l2_pool", x=x, kernel_sizes=[2, 2]), first(expected), atol=1e-5)


def test_products() -> None:
    x, y = normal(2, 3, 4), normal(2, 5, 4, seed=1)
    np.testing.assert_allclose(compute("matmul", x=x, y=y, transpose_y=True), x @ y.transpose(0, 2, 1), atol=1e-5)
    np.testing.assert_allclose(
        compute("matmul", x=x, y=normal(2, 3, 5), transpose_x=True), x.transpose(0, 2, 1) @ normal(2, 3, 5), atol=1e-5
    )
    weight, bias = normal(5, 4, seed=2), normal(5, seed=3)
    np.testing.assert_allclose(
        compute("linear", x=x, weight=weight, bias=bias), fold("linear", x=x, weight=weight, bias=bias), atol=1e-5
    )
    pair = (normal(2, 3, 4, 5), normal(2, 5, 4, 6, seed=1))
    expected = fold("einsum", values=pair, equation="nchw,nwhu->nchu")
    np.testing.assert_allclose(compute("einsum", values=pair, equation="nchw,nwhu->nchu"), expected, atol=1e-5)


@pytest.mark.parametrize("masked", [None, "bool", "float32"])
def test_attention(masked: str | None) -> None:
    query, key, value = normal(2, 4, 3, 8), normal(2, 4, 5, 8, seed=1), normal(2, 4, 5, 6, seed=2)
    keep = np.tril(np.ones((3, 5), bool), 2)
    scores = tf.matmul(query, key, transpose_b=True) / np.sqrt(8.0)
    scores = scores if masked is None else tf.where(keep, scores, -1e9)
    mask = {} if masked is None else {"attn_mask": keep if masked == "bool" else np.where(keep, 0, -1e9)}
    answer = compute("scaled_dot_product_attention", query=query, key=key, value=value, **mask)
    np.testing.assert_allclose(answer, tf.matmul(tf.nn.softmax(scores), value), atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    target=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    mode=st.sampled_from(["DEFAULT", "STRICT_ALIGN_CORNERS", "UNALIGN_CORNERS"]),
)
def test_bilinear_resizing(size: tuple[int, int], target: tuple[int, int], mode: str) -> None:
    x = normal(1, 2, *size)
    expected = tf.raw_ops.ResizeBilinear(
        images=last(x),
        size=target,
        align_corners=mode == "STRICT_ALIGN_CORNERS",
        half_pixel_centers=mode == "UNALIGN_CORNERS",
    )
    answer = compute(
        "resize_bilinear", x=x, target_size_height=target[0], target_size_width=target[1], sampling_mode=mode
    )
    np.testing.assert_allclose(answer, first(expected), atol=1e-5)
    same = compute("resize", x=x, shape=[*target], resized_dims=2, sampling_mode=mode)
    np.testing.assert_allclose(same, answer)


@pytest.mark.parametrize(
    ("mode", "count", "expected"),
    [
        # The examples on the page of resize_bilinear.
        ("UNALIGN_CORNERS", 5, [0, 0.1, 0.5, 0.9, 1]),
        ("STRICT_ALIGN_CORNERS", 5, [0, 0.25, 0.5, 0.75, 1]),
        ("ALIGN_CORNERS", 5, [0, 0.25, 0.5, 0.75, 1]),
        ("DEFAULT", 5, [0, 0.4, 0.8, 1, 1]),
        ("OFFSET_CORNERS", 5, [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("ALIGN_CORNERS", 1, [0.5]),
        ("STRICT_ALIGN_CORNERS", 1, [0]),
    ],
)
def test_where_samples_are_taken(mode: str, count: int, expected: list[float]) -> None:
    x = np.arange(2, dtype=np.float32).reshape(1, 1, 1, 2)
    answer = compute("resize_bilinear", x=x, target_size_height=1, target_size_width=count, sampling_mode=mode)
    np.testing.assert_allclose(answer.ravel(), expected, atol=1e-6)


@pytest.mark.parametrize("factor", [(2, 3), (1.5, 2.0)])
def test_upsampling(factor: tuple[float, float]) -> None:
    x = normal(1, 2, 4, 5)
    size = (int(4 * factor[0]), int(5 * factor[1]))
    scales = {"scale_factor_height": factor[0], "scale_factor_width": factor[1]}
    nearest = tf.raw_ops.ResizeNearestNeighbor(images=last(x), size=size)
    np.testing.assert_array_equal(compute("upsample_nearest_neighbor", x=x, **scales), first(nearest))
    sizes = {"target_size_height": size[0], "target_size_width": size[1]}
    np.testing.assert_array_equal(compute("resize_nearest_neighbor", x=x, **sizes), first(nearest))
    half = tf.raw_ops.ResizeBilinear(images=last(x), size=size, half_pixel_centers=True)
    answer = compute("upsample_bilinear", x=x, **scales, align_corners=False)
    np.testing.assert_allclose(answer, first(half), atol=1e-6)
    corners = tf.raw_ops.ResizeBilinear(images=last(x), size=size, align_corners=True)
    np.testing.assert_allclose(compute("upsample_bilinear", x=x, **scales), first(corners), atol=1e-6)
    plain = tf.raw_ops.ResizeBilinear(images=last(x), size=size)
    answer = compute("upsample_bilinear", x=x, **scales, align_corners=False, half_pixel_centers=False)
    np.testing.assert_allclose(answer, first(plain), atol=1e-6)


def test_resize_keeps_a_size_of_zero() -> None:
    x = normal(1, 2, 3, 4)
    assert compute("resize", x=x, shape=[6, 0], resized_dims=2).shape == (1, 2, 6, 4)
    nearest = compute("resize", x=x, shape=[6, 8], resized_dims=2, interpolation_mode="NEAREST_NEIGHBOR")
    np.testing.assert_array_equal(nearest, x.repeat(2, 2).repeat(2, 3))
    refuse = KERNELS["resize"].refuse
    assert refuse is not None
    assert refuse({"interpolation_mode": "NEAREST_NEIGHBOR", "sampling_mode": "ALIGN_CORNERS"})
