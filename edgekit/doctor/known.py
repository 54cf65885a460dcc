"""Two answers that are known beforehand: what a made-up photo is resized to, and what a tiny model says.

``tests/test_doctor.py`` derives both anew: the pixels with the resize that ``tests/golden`` writes
down without Pillow, the model with TensorFlow's own TFLite schema.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PHOTO_SIZE = (31, 23)
"""Width and height of the photo; with :data:`TARGET_SIZE` all steps have work: crop, reduce, both resizes."""

TARGET_SIZE = (6, 5)

PIXELS = base64.b64decode(
    "IhowRhpTahpojhposhpu0xlXIk15Rk2Jak19jk2Bsk2H00xvIn+GRn95an+Ajn+Csn+A0350"
    "IrGKRrGEarGCjrGJsrGD07B6It+HRt9/at9/jt96st+E099y"
)
"""Row by row, RGB: the photo of :func:`made_photo`, cropped and resized to :data:`TARGET_SIZE`."""

MODEL = base64.b64decode(
    "GAAAAFRGTDMAAA4AFAAQAAwACAAAAAQADgAAABAAAACAAAAAwAEAAAMAAAADAAAAbAAAACgAAAAEAAAA5v///wQAAAAMAAAAAAAAPwAA"
    "AAAAAIC/AAAGAAgABAAGAAAABAAAADAAAAAAAIA/AAAAQAAAQEAAAIBAAAAAAAAAgL8AAAAAAACAPwAAAMAAAAAAAAAAQAAAAAAEAAQA"
    "BAAAAAEAAAAQAAAADAAUABAADAAIAAQADAAAABAAAABgAAAAZAAAAGgAAAABAAAAFAAAAAAADgAWAAAAEAAMAAsABAAOAAAAGAAAAAAA"
    "AAgYAAAAHAAAAAAABgAIAAcABgAAAAAAAAEBAAAAAwAAAAMAAAAAAAAAAQAAAAIAAAABAAAAAwAAAAEAAAAAAAAABAAAAJQAAABcAAAA"
    "KAAAAAQAAACI////CAAAAAwAAAABAAAAeQAAAAIAAAABAAAAAwAAANz///8MAAAAAgAAABAAAAAEAAAAYmlhcwAAAAABAAAAAwAAAAwA"
    "EAAMAAAACAAEAAwAAAAMAAAAAQAAABAAAAAHAAAAd2VpZ2h0cwACAAAAAwAAAAQAAAAMAAwACAAAAAAABAAMAAAACAAAAAwAAAABAAAA"
    "eAAAAAIAAAABAAAABAAAAAEAAAAQAAAADAAMAAsAAAAAAAQADAAAAAkAAAAAAAAJ"
)
"""A ``.tflite`` of 516 bytes with one operator: ``y = relu(x @ WEIGHTS.T + BIAS)``, fully connected."""

ONNX_MODEL = base64.b64decode(
    "CAg6tQEKIQoBeAoBdwoBYhIBcyIER2VtbSoNCgZ0cmFuc0IYAaABAgoMCgFzEgF5IgRSZWx1EgR0aW55KjsIAwgEEAFCAXdKMAAAgD8AAABAAABA"
    "QAAAgEAAAAAAAACAvwAAAAAAAIA/AAAAwAAAAAAAAABAAAAAACoVCAMQAUIBYkoMAAAAPwAAAAAAAIC/WhMKAXgSDgoMCAESCAoCCAEKAggEYhMK"
    "AXkSDgoMCAESCAoCCAEKAggDQgQKABAP"
)
"""The same as an ``.onnx``: a ``Gemm`` and a ``Relu``."""

WEIGHTS = ((1.0, 2.0, 3.0, 4.0), (0.0, -1.0, 0.0, 1.0), (-2.0, 0.0, 2.0, 0.0))
BIAS = (0.5, 0.0, -1.0)
INPUT = ((1.0, -2.0, 3.0, 0.5),)
OUTPUT = ((8.5, 2.5, 3.0),)
"""Of :data:`INPUT`. All numbers are sums of small powers of two, so that no kernel may round them."""


def made_photo() -> NDArray[np.uint8]:
    """(23, 31, 3) uint8: two gradients and a pattern."""
    import numpy as np

    width, height = PHOTO_SIZE
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 8, y * 11, (x * y * 5) % 256], axis=-1).astype(np.uint8)
