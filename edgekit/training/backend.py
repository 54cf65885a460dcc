"""What the trainer has to know about the backend below Keras, in one place."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.kerasfile import import_keras

__all__ = ["backend_version", "chosen_backend", "compile_options", "import_keras"]


def compile_options(keras: Any, xla: str = "auto") -> dict[str, Any]:
    """Arguments for ``Model.compile`` that suit the backend.

    Keras' default compiles with XLA. On TensorFlow's CPU that costs more than it gains: 7 times
    slower for the head on cached features, 10 times for MobileNetV2 (2 cores), so it is left to
    the backends and devices that gain from it.

    Call it in the scope of the distribution, see below.

    Args:
        keras: the module.
        xla: ``auto``, ``on`` or ``off``.

    Raises:
        UsageError: ``off`` on JAX, ``on`` under ``tf.distribute``.
    """
    if keras.config.backend() != "tensorflow":
        if xla == "off":
            raise UsageError(
                "JAX compiles everything with XLA: without it, it would run operation by operation, many times slower. "
                "Leave --xla off away, or train with KERAS_BACKEND=tensorflow."
            )
        return {"jit_compile": True} if xla == "on" else {}
    import tensorflow as tf

    if xla == "on":
        if tf.distribute.has_strategy():
            # XLA compiles the step of one device, which cannot read the variables of another:
            # https://www.tensorflow.org/xla/known_issues. Keras' own default leaves it out, too.
            raise UsageError(
                "TensorFlow cannot compile a step that is shared by several devices with XLA. Leave --xla on away, or "
                "train with KERAS_BACKEND=jax and --distribute data, which always uses it."
            )
        return {"jit_compile": True}
    if xla == "off" or not tf.config.list_physical_devices("GPU"):
        return {"jit_compile": False}
    return {}


def chosen_backend() -> str:
    """The backend that Keras has or will take, by its own rules: ``KERAS_BACKEND``, ``keras.json``, TensorFlow."""
    loaded = sys.modules.get("keras")
    if loaded is not None and hasattr(loaded, "config"):
        return str(loaded.config.backend())
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    folder = Path(os.environ["KERAS_HOME"]) if "KERAS_HOME" in os.environ else Path("~/.keras").expanduser()
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return str(json.loads((folder / "keras.json").read_text(encoding="utf-8")).get("backend", "tensorflow"))
    return "tensorflow"


def backend_version(keras: Any) -> tuple[str, str]:
    """Name and version of the backend."""
    name = str(keras.config.backend())
    module = __import__(name)
    return name, str(getattr(module, "__version__", "unknown"))
