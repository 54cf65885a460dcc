"""A JPEG's EXIF orientation, read and applied with TensorFlow's operators: phones store photos lying down.

The counterpart of :func:`edgekit.preprocess.open_image` in a graph. The segments of the file are walked to
the first ``Exif`` one, and its first directory is searched for the orientation; whatever is damaged or
missing means upright, as there.
"""

from __future__ import annotations

from typing import Any

_SEARCHED = 1 << 17
"""Bytes of a file in which the EXIF segment must begin and have its orientation; both are near the start."""

_EXIF = (0xE1, *b"Exif\0\0")
_START_OF_SCAN = 0xDA
_ORIENTATION = 0x0112
_SHORT = 3


def upright(tf: Any, encoded: Any, pixels: Any) -> Any:
    """Turns a decoded photo as its EXIF data say.

    Args:
        tf: TensorFlow.
        encoded: the JPEG file, a scalar string.
        pixels: (h, w, c), as decoded.
    """
    orientation = read_orientation(tf, encoded)

    def turned() -> Any:
        lying = tf.cond(orientation >= 5, lambda: tf.transpose(pixels, (1, 0, 2)), lambda: pixels)
        down = tf.reduce_any(tf.equal(orientation, (3, 4, 7, 8)))
        across = tf.reduce_any(tf.equal(orientation, (2, 3, 6, 7)))
        return tf.raw_ops.Reverse(tensor=lying, dims=tf.stack([down, across, False]))

    return tf.cond(orientation > 1, turned, lambda: pixels)


def read_orientation(tf: Any, encoded: Any) -> Any:
    """The orientation 1..8 of a JPEG file, a scalar int32."""
    data = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, 0, _SEARCHED), tf.uint8), tf.int32)
    size = tf.size(data)

    def byte(place: Any) -> Any:
        """Bytes at any places; beyond the end they are 0."""
        inside = tf.logical_and(place >= 0, place < size)
        return tf.where(inside, tf.gather(data, tf.clip_by_value(place, 0, tf.maximum(size - 1, 0))), 0)

    def more(place: Any, found: Any) -> Any:
        segment = tf.logical_and(tf.equal(byte(place), 0xFF), tf.not_equal(byte(place + 1), _START_OF_SCAN))
        return tf.logical_and(tf.logical_and(found < 0, place < size), segment)

    def step(place: Any, found: Any) -> tuple[Any, Any]:
        kind = byte(place + tf.constant((1, 4, 5, 6, 7, 8, 9)))
        found = tf.where(tf.reduce_all(tf.equal(kind, _EXIF)), place + 10, found)
        length = byte(place + 2) * 256 + byte(place + 3)
        return place + 2 + tf.maximum(length, 2), found

    _, start = tf.while_loop(more, step, (tf.constant(2), tf.constant(-1)))
    return tf.cond(start >= 0, lambda: _find(tf, byte, start, size), lambda: tf.constant(1))


def _find(tf: Any, byte: Any, start: Any, size: Any) -> Any:
    """The orientation in the TIFF directory that begins at ``start``."""
    first, second = byte(start), byte(start + 1)
    little = tf.logical_and(tf.equal(first, ord("I")), tf.equal(second, ord("I")))
    big = tf.logical_and(tf.equal(first, ord("M")), tf.equal(second, ord("M")))

    def short(place: Any) -> Any:
        low, high = tf.where(little, place, place + 1), tf.where(little, place + 1, place)
        return byte(high) * 256 + byte(low)

    low, high = short(start + tf.where(little, 4, 6)), short(start + tf.where(little, 6, 4))
    # An offset beyond the searched bytes leads to zeros, like any other beyond the end.
    directory = start + tf.where(tf.equal(high, 0), low, tf.where(high < 2, low + 65536, size))
    entries = directory + 2 + 12 * tf.range(short(directory))
    wanted = tf.logical_and(tf.equal(short(entries), _ORIENTATION), tf.equal(short(entries + 2), _SHORT))
    values = tf.boolean_mask(short(entries + 8), wanted)
    value = tf.concat([values, [1]], axis=0)[0]
    known = tf.logical_and(tf.logical_or(little, big), tf.logical_and(value >= 1, value <= 8))
    return tf.where(known, value, 1)
