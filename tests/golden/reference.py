"""The resize, written down a second time: integers and one page of doubles, no Pillow.

It follows the notes for porting in ``README.md`` line by line, so that it can be read beside a port
to another language. The tests prove that it and :mod:`edgekit.preprocess` give the same bytes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Plan = tuple[tuple[int, int, int, int], tuple[int, int], tuple[int, int], tuple[int, int]]

PRECISION_BITS = 22
"""Coefficients of the resize are multiples of 2**-22, as in Pillow's ``Resample.c``."""


def prepare(pixels: Pixels, width: int, height: int, mode: str, color: str, fill: int) -> Pixels:
    """From a photo's pixels to the model's.

    Args:
        pixels: (h, w, channels) with 1 (grey), 3 (RGB) or 4 (RGB and alpha) channels.
        width: of the target.
        height: of the target.
        mode: ``crop``, ``stretch`` or ``letterbox``.
        color: ``rgb`` or ``grayscale``.
        fill: value of the letterbox bars.

    Returns:
        (height, width, 3 or 1) uint8.
    """
    pixels = to_color(pixels, color)
    (left, top, right, bottom), factors, size, (x, y) = plan(pixels.shape[1], pixels.shape[0], width, height, mode)
    part = reduce(pixels[top:bottom, left:right], *factors)
    part = resize_rows(part, size[0])
    part = resize_rows(part.swapaxes(0, 1), size[1]).swapaxes(0, 1)
    result = np.full((height, width, pixels.shape[2]), fill, np.uint8)
    result[y : y + size[1], x : x + size[0]] = part
    return result


def to_color(pixels: Pixels, color: str) -> Pixels:
    """(h, w, 1, 3 or 4) to (h, w, 3) for ``rgb`` or (h, w, 1) for ``grayscale``."""
    values = pixels.astype(np.int64)
    if pixels.shape[2] == 4:
        alpha = values[:, :, 3:]
        values = (values[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255
    if color == "grayscale" and values.shape[2] == 3:
        red, green, blue = values[:, :, 0:1], values[:, :, 1:2], values[:, :, 2:3]
        values = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
    if color == "rgb" and values.shape[2] == 1:
        values = np.repeat(values, 3, axis=2)
    return values.astype(np.uint8)


def plan(w: int, h: int, tw: int, th: int, mode: str) -> Plan:
    """Box (left, top, right, bottom), factors (x, y), size (width, height) and offset (x, y)."""
    box_w, box_h, out_w, out_h = w, h, tw, th
    if mode == "crop" and w * th > h * tw:
        box_w = max(h * tw // th, 1)
    elif mode == "crop":
        box_h = max(w * th // tw, 1)
    elif mode == "letterbox" and w * th > h * tw:
        out_h = max(h * tw // w, 1)
    elif mode == "letterbox":
        out_w = max(w * th // h, 1)
    left, top = (w - box_w) // 2, (h - box_h) // 2
    box = (left, top, left + box_w, top + box_h)
    factors = (max(box_w // out_w, 1), max(box_h // out_h, 1))
    return box, factors, (out_w, out_h), ((tw - out_w) // 2, (th - out_h) // 2)


def reduce(pixels: Pixels, fx: int, fy: int) -> Pixels:
    """Means over blocks of ``fx`` by ``fy`` pixels; blocks cut by the edge have fewer pixels."""
    h, w, _ = pixels.shape
    rows, columns = np.arange(0, h, fy), np.arange(0, w, fx)
    sums = np.add.reduceat(np.add.reduceat(pixels.astype(np.uint64), rows, axis=0), columns, axis=1)
    n = np.outer(np.minimum(fy, h - rows), np.minimum(fx, w - columns)).astype(np.uint64)[:, :, np.newaxis]
    # At most (255 n + n / 2) * 2**24 / n, so 32 unsigned bits hold it.
    return (((sums + n // 2) * (2**24 // n)) >> 24).astype(np.uint8)


def resize_rows(pixels: Pixels, width: int) -> Pixels:
    """Every row to ``width`` pixels with the triangle filter; nothing where it has them already."""
    if pixels.shape[1] == width:
        return pixels
    values = pixels.astype(np.int64)
    columns = []
    for first, weights in coefficients(pixels.shape[1], width):
        total = np.full((pixels.shape[0], pixels.shape[2]), 1 << (PRECISION_BITS - 1), np.int64)
        for offset, weight in enumerate(weights):
            total += weight * values[:, first + offset]
        columns.append(np.clip(total >> PRECISION_BITS, 0, 255))
    return np.stack(columns, axis=1).astype(np.uint8)


def coefficients(in_size: int, out_size: int) -> list[tuple[int, list[int]]]:
    """For each output pixel the first input pixel and the integer weights from there on."""
    scale = in_size / out_size
    support = max(scale, 1.0)
    result = []
    for position in range(out_size):
        center = (position + 0.5) * scale
        first = max(math.floor(center - support + 0.5), 0)
        last = min(math.floor(center + support + 0.5), in_size)
        distances = [(first + index - center + 0.5) * (1.0 / support) for index in range(last - first)]
        weights = [max(1.0 - abs(distance), 0.0) for distance in distances]
        total = 0.0
        for weight in weights:  # in this order: a sum of doubles depends on it
            total += weight
        result.append((first, [math.floor(0.5 + weight / total * (1 << PRECISION_BITS)) for weight in weights]))
    return result
