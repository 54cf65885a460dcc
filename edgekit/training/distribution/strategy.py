"""Several devices of one host on TensorFlow, with ``tf.distribute``. Imported only after Keras."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
import tensorflow as tf

from edgekit.errors import UsageError, first_line
from edgekit.training.distribution.base import Distribution


class Strategy(Distribution):
    """A strategy of ``tf.distribute``. See :class:`Distribution`."""

    def __init__(self, kind: str, strategy: Any, description: str) -> None:
        self.kind = kind
        self.replicas = int(strategy.num_replicas_in_sync)
        self._strategy = strategy
        self._description = description

    def scope(self) -> AbstractContextManager[None]:
        """See :class:`Distribution`."""
        scope: AbstractContextManager[None] = self._strategy.scope()
        return scope

    def describe(self) -> str:
        """See :class:`Distribution`."""
        return self._description

    @contextmanager
    def synchronized(self, model: Any) -> Iterator[None]:
        """See :class:`Distribution`.

        TensorFlow's replicas each normalize by their own part of the batch. The attribute is put back,
        since a saved layer would carry it, and JAX refuses to run one that does.
        """
        layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
        former = [layer.synchronized for layer in layers]
        for layer in layers:
            layer.synchronized = True
        try:
            yield
        finally:
            for layer, value in zip(layers, former, strict=True):
                layer.synchronized = value


def open_strategy(kind: str) -> Strategy:
    """Opens ``mirrored`` or ``tpu``.

    Raises:
        UsageError: there is no TPU.
    """
    if kind == "tpu":
        return _open_tpu()
    gpus = tf.config.list_logical_devices("GPU")
    # Without a GPU all processors that TensorFlow was told to see: one, but for tests.
    devices = gpus or tf.config.list_logical_devices("CPU")
    strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
    name = ("GPU" if gpus else "CPU") + ("" if len(devices) == 1 else "s")
    return Strategy(kind, strategy, f"{len(devices)} {name} (TensorFlow, mirrored)")


def _open_tpu() -> Strategy:
    # "local" is a TPU VM's own. Others are found by the variable TPU_NAME.
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(os.environ.get("TPU_NAME") or "local")
        strategy = tf.distribute.TPUStrategy(resolver)
    except (ValueError, tf.errors.OpError, RuntimeError, OSError) as error:
        raise UsageError(
            f"TensorFlow finds no TPU ({first_line(error)}). On a TPU host install tensorflow-tpu, and set "
            "TPU_NAME where the TPU is another host's; or train with KERAS_BACKEND=jax and --distribute data, which "
            "needs jax[tpu]."
        ) from error
    cores = int(strategy.num_replicas_in_sync)
    return Strategy("tpu", strategy, f"{cores} TPU cores (TensorFlow)")
