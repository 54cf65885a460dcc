"""Steps on tensors, each compiled as a whole. Imported only after Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def compiled_step(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` of tensors, as fast as the backend can.

    On TensorFlow it is compiled with XLA, which makes one loop out of dozens of operations, whatever becomes of the
    network around it, which may be slower that way. What one step gives and several pixels of the next one read stands
    in memory between them: in a single step XLA would compute it anew for each of these readers. JAX compiles the
    whole training step as it is.
    """
    if keras.config.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)  # type: ignore[no-any-return]
