"""In which precision a training computes. Weights and the delivered model are float32 in any case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}

_BFLOAT16_FROM = (8, 0)
"""Ampere is the first with bfloat16 in its tensor cores, see
https://docs.nvidia.com/deeplearning/performance/mixed-precision-training/."""

_FLOAT16_FROM = (7, 0)
"""Volta is the first with tensor cores; they take float16 only. Before it, 16 bits gain little or nothing."""


@dataclass(frozen=True)
class Accelerator:
    """The kind of device that computes.

    Attributes:
        kind: ``cpu``, ``gpu`` or ``tpu``.
        capability: CUDA's compute capability, as (8, 6); ``None`` where there is none.
    """

    kind: str
    capability: tuple[int, int] | None = None


def choose_precision(keras: Any, wanted: str = "auto") -> str:
    """The dtype policy for a training.

    Looks for the backend's devices, so :func:`~edgekit.training.distribution.open_distribution` must
    come first.

    Args:
        keras: the module.
        wanted: ``auto``, ``float32``, ``bfloat16`` or ``float16``.

    Returns:
        A name for :func:`dtype_policy`: ``float32``, ``mixed_bfloat16``, or ``mixed_float16``, for which
        Keras adds loss scaling by itself.
    """
    return _POLICIES[best_precision(find_accelerator(keras)) if wanted == "auto" else wanted]


def best_precision(device: Accelerator) -> str:
    """What gains the most on a device without losing accuracy: ``float32``, ``bfloat16`` or ``float16``.

    16 bits on a processor are slower than 32. A GPU without a compute capability (not NVIDIA's) gets
    float32: what it gains is not known here.
    """
    if device.kind == "tpu":
        return "bfloat16"
    if device.kind != "gpu" or device.capability is None or device.capability < _FLOAT16_FROM:
        return "float32"
    return "bfloat16" if device.capability >= _BFLOAT16_FROM else "float16"


def find_accelerator(keras: Any) -> Accelerator:
    """The device that the backend computes on; of several GPUs the least capable, which all must suit."""
    if keras.config.backend() == "tensorflow":
        return _find_with_tensorflow()
    if keras.config.backend() == "jax":
        return _find_with_jax()
    return Accelerator("cpu")


def parse_capability(text: object) -> tuple[int, int] | None:
    """``8.6`` as (8, 6); ``None`` for anything else, such as AMD's ``gfx90a``."""
    match = re.fullmatch(r"(\d+)\.(\d+)", str(text))
    return (int(match[1]), int(match[2])) if match else None


@contextmanager
def dtype_policy(keras: Any, name: str) -> Iterator[None]:
    """Builds layers under a policy of Keras, and puts the former one back.

    A layer keeps the policy it was built under, and with it what it computes in, wherever it is saved
    or exported to: rebuild a model under ``float32`` before it is delivered.

    Args:
        keras: the module.
        name: ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
    """
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)


def _find_with_tensorflow() -> Accelerator:
    import tensorflow as tf

    if tf.config.list_logical_devices("TPU"):
        return Accelerator("tpu")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return _least([detail.get("compute_capability") for detail in details])


def _find_with_jax() -> Accelerator:
    import jax

    devices = jax.devices()
    if devices[0].platform == "tpu":
        return Accelerator("tpu")
    gpus = [device for device in devices if device.platform == "gpu"]
    return _least([parse_capability(getattr(gpu, "compute_capability", None)) for gpu in gpus])


def _least(capabilities: list[tuple[int, int] | None]) -> Accelerator:
    if not capabilities:
        return Accelerator("cpu")
    known = [capability for capability in capabilities if capability is not None]
    return Accelerator("gpu", min(known) if len(known) == len(capabilities) else None)
