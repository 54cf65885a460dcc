"""What the trainer has to know about the backend below Keras, in one place."""

from __future__ import annotations

from typing import Any

from edgekit.kerasfile import import_keras

__all__ = ["backend_version", "compile_options", "import_keras"]


def compile_options(keras: Any) -> dict[str, Any]:
    """Arguments for ``Model.compile`` that suit the backend.

    Keras' default compiles with XLA. On TensorFlow's CPU that costs more than it gains: 7 times
    slower for the head on cached features, 10 times for MobileNetV2 (2 cores), so it is left to
    the backends and devices that gain from it.
    """
    if keras.config.backend() != "tensorflow":
        return {}
    import tensorflow as tf

    return {} if tf.config.list_physical_devices("GPU") else {"jit_compile": False}


def backend_version(keras: Any) -> tuple[str, str]:
    """Name and version of the backend."""
    name = str(keras.config.backend())
    module = __import__(name)
    return name, str(getattr(module, "__version__", "unknown"))
