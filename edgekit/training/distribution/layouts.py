"""Which axis of which variable is cut for model parallelism. Pure functions."""

from __future__ import annotations

import math

_SMALLEST = 1 << 16
"""Elements from which on a kernel is cut: 256 KB of float32. What is smaller costs more to gather than it saves."""

_CUT = ("kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")


def choose_axes(path: str, shape: tuple[int, ...], devices: int, axis: str = "model") -> tuple[str | None, ...] | None:
    """The axes of a layout, or ``None`` for a variable that every device holds whole.

    Kernels of dense and convolution layers, (..., inputs, channels), are cut along the channels: each
    device then computes some of the channels, and the rule is the same for every rank. Biases and
    batch normalization are small, and stay whole.

    >>> choose_axes("dense/kernel", (2048, 512), 4)
    (None, 'model')

    Args:
        path: of the variable in Keras, ``layer/kernel``.
        shape: of the variable.
        devices: that share one copy of the model.
        axis: the mesh's name for them.
    """
    wanted = path.rpartition("/")[2] in _CUT and len(shape) > 1 and math.prod(shape) >= _SMALLEST
    # JAX places equal parts only.
    if not wanted or shape[-1] % devices:
        return None
    return (*[None] * (len(shape) - 1), axis)


def choose_model_devices(devices: int, local_devices: int, wanted: int | None = None) -> int | None:
    """How many devices share one copy of the model; ``None`` where that cannot be.

    By default those of one process, which exchange activations the fastest, and the processes train on
    different parts of a batch. Where each process has one device, all share one copy.

    Args:
        devices: of all processes.
        local_devices: of one.
        wanted: what the user said.
    """
    chosen = wanted or (local_devices if local_devices > 1 else devices)
    fits = devices % chosen == 0 and (chosen % local_devices == 0 or local_devices % chosen == 0)
    return chosen if chosen > 1 and fits else None
