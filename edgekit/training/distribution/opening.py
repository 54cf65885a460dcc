"""``--distribute``: from a word to a :class:`Distribution`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from edgekit.errors import UsageError
from edgekit.training.distribution.base import Distribution, OneDevice
from edgekit.training.distribution.joining import join
from edgekit.training.distribution.processes import ProcessOptions, count_tensorflow_workers, find_processes

_BACKEND_OF = {"mirrored": "tensorflow", "tpu": "tensorflow", "data": "jax", "model": "jax"}


def open_distribution(
    keras: Any,
    distribute: str = "none",
    processes: ProcessOptions | None = None,
    model_devices: int | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Distribution:
    """Connects the processes, finds the devices, and returns what the training needs of them.

    Must come before anything that makes the backend look for its devices: before
    :func:`~edgekit.training.precision.choose_precision`, before a model or a tensor.

    Args:
        keras: the module.
        distribute: ``none``, ``mirrored``, ``tpu`` (TensorFlow), ``data`` or ``model`` (JAX).
        processes: what the caller said about the processes of a JAX training; see
            :class:`~edgekit.training.distribution.processes.ProcessOptions`.
        model_devices: for ``model``: the devices that share one copy of the model; by default those
            of one process, or all of them where each process has one.
        environ: where launchers leave what they know.

    Raises:
        UsageError: the backend cannot do it, and the message names the one that can; or the options
            contradict each other or the devices.
        TrainingError: the other processes cannot be reached.
    """
    backend = str(keras.config.backend())
    refuse_what_cannot_work(backend, distribute, environ)
    group = find_processes(processes or ProcessOptions(), environ, backend, distribute)
    if distribute in ("mirrored", "tpu"):
        from edgekit.training.distribution.strategy import open_strategy

        return open_strategy(distribute)
    if distribute in ("data", "model"):
        join(group)
        from edgekit.training.distribution.mesh import open_mesh

        return open_mesh(distribute, model_devices)
    return OneDevice()


def refuse_what_cannot_work(backend: str, distribute: str, environ: Mapping[str, str]) -> None:
    """Raises UsageError for a way of distributing that the backend does not have."""
    wanted = _BACKEND_OF.get(distribute, backend)
    if wanted != backend:
        names = {"tensorflow": "TensorFlow", "jax": "JAX"}
        instead = {"tensorflow": ", or pass --distribute mirrored", "jax": ", or pass --distribute data"}
        raise UsageError(
            f"--distribute {distribute} needs Keras on {names[wanted]}, and it runs on {names.get(backend, backend)}. "
            f"Set the environment variable KERAS_BACKEND={wanted}{instead.get(backend, '')}."
        )
    workers = count_tensorflow_workers(environ)
    if backend == "tensorflow" and workers > 1:
        raise UsageError(
            f"TF_CONFIG describes a cluster of {workers} workers, and Keras 3 cannot fit a model on TensorFlow's "
            "MultiWorkerMirroredStrategy (https://github.com/keras-team/keras/issues/20585). Train on several hosts "
            "with JAX: set KERAS_BACKEND=jax and pass --distribute data; docs/distribution.md has the commands. To "
            "train on this host alone, unset TF_CONFIG."
        )
