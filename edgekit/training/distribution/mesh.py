"""Data and model parallelism on JAX, with ``keras.distribution``. Imported only after Keras.

How Keras 3.15 feeds a ``PyDataset`` on JAX, found in its source (``backend/jax/trainer.py``) and tried with
two processes of two devices:

- What ``__getitem__`` returns is this process's part of the global batch; Keras puts the parts together
  with ``jax.make_array_from_process_local_data``, in the order of the processes. Nothing is picked for a
  process by Keras (``auto_shard_dataset`` is for ``tf.data`` alone, and raises for anything else), and
  arrays given to ``fit`` count as a part, too: two processes with the same array train on it twice.
- The parts of all devices must be equally large and all processes take equally many steps, or the others
  wait forever: hence :func:`~edgekit.training.distribution.sharing.share_batch`. A batch must always or never
  have sample weights, since the layouts are computed from the first batch.
- Loss, metrics and batch normalization are those of the global batch, and the same in every process.
- Variables created in the scope lie on all devices. ``get_weights`` works for those that are whole
  everywhere; one that is cut over several processes must be gathered, see ``Mesh.fetch``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import keras
import numpy as np
from numpy.typing import NDArray

from edgekit.errors import TrainingError, UsageError
from edgekit.training.distribution.base import Distribution
from edgekit.training.distribution.layouts import choose_axes, choose_model_devices

_BATCH, _MODEL = "batch", "model"


class Mesh(Distribution):
    """The devices of all processes. See :class:`Distribution`."""

    def __init__(self, kind: str, shared: Any, replicas: int) -> None:
        self.kind = kind
        self.replicas = replicas
        self.processes = jax.process_count()
        self.process_index = jax.process_index()
        self._shared = shared

    @property
    def shards(self) -> tuple[int, int]:
        """See :class:`Distribution`."""
        # Processes that share one copy of the model read the same photos.
        count = min(self.replicas, self.processes)
        return count, self.process_index * count // self.processes

    def scope(self) -> AbstractContextManager[None]:
        """See :class:`Distribution`."""
        scope: AbstractContextManager[None] = self._shared.scope()
        return scope

    def describe(self) -> str:
        """See :class:`Distribution`."""
        devices = jax.device_count()
        names = f"{devices} {_plural(jax.devices()[0].platform.upper(), devices)}"
        parts = [f"in {self.processes} processes"] if self.processes > 1 else []
        if self.kind == "model":
            parts.append(f"{devices // self.replicas} for each of {self.replicas} copies of the model")
        return " ".join([names, *parts]) + f" (JAX, {self.kind} parallel)"

    def fetch(self, variables: Sequence[Any]) -> list[NDArray[Any]]:
        """See :class:`Distribution`."""
        return [_whole(variable.value) for variable in variables]

    def agree(self, what: str, value: str) -> None:
        """See :class:`Distribution`."""
        if self.processes == 1:
            return
        from jax.experimental import multihost_utils

        mine = np.frombuffer(hashlib.sha256(value.encode()).digest(), np.uint8)
        all_of_them = np.asarray(multihost_utils.process_allgather(mine)).reshape(self.processes, -1)
        different = np.flatnonzero((all_of_them != all_of_them[0]).any(axis=1))
        if len(different):
            raise TrainingError(
                f"The processes differ in {what}: process {', '.join(map(str, different))} from process 0. All must be "
                "started with the same command and see the same data."
            )

    def in_any(self, value: bool) -> bool:
        """See :class:`Distribution`."""
        from jax.experimental import multihost_utils

        return bool(np.any(multihost_utils.process_allgather(np.array(value))))


class _Automatic(keras.distribution.ModelParallel):  # type: ignore[misc]  # Keras has no types
    """Fills its layout map as variables are made: a map alone knows their paths, but not their shapes."""

    def get_variable_layout(self, variable: Any) -> Any:
        """See ``keras.distribution.ModelParallel``."""
        if self._layout_map[variable.path] is None:  # "in" is always true for a LayoutMap
            devices = self.device_mesh.shape[1]
            axes = choose_axes(variable.path, tuple(variable.shape), devices, _MODEL)
            if axes is not None:
                self._layout_map[variable.path] = axes
        return super().get_variable_layout(variable)


def open_mesh(kind: str, model_devices: int | None = None) -> Mesh:
    """All devices of all processes, which have joined already.

    Args:
        kind: ``data`` or ``model``.
        model_devices: for ``model``, see :func:`choose_model_devices`.

    Raises:
        UsageError: the devices cannot be divided so, or there is only one.
    """
    # The devices of one process side by side: its part of a batch is then one piece of it.
    devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    names = [f"{device.platform}:{device.id}" for device in devices]
    if kind == "data":
        return Mesh(kind, keras.distribution.DataParallel(devices=names, auto_shard_dataset=False), len(names))
    chosen = choose_model_devices(len(names), jax.local_device_count(), model_devices)
    if chosen is None:
        there = f"{len(names)} {_plural('device', len(names))}"
        raise UsageError(
            f"--distribute model cuts a model over at least 2 devices, as many for each copy. Got: {there}"
            + (f", {model_devices} for each copy of the model" if model_devices else "")
            + ". Pass --distribute data, or leave it out."
        )
    grid = keras.distribution.DeviceMesh((len(names) // chosen, chosen), (_BATCH, _MODEL), names)
    layouts = keras.distribution.LayoutMap(grid)
    shared = _Automatic(layout_map=layouts, batch_dim_name=_BATCH, auto_shard_dataset=False)
    return Mesh(kind, shared, len(names) // chosen)


def _whole(value: Any) -> NDArray[Any]:
    if value.is_fully_addressable or value.is_fully_replicated:
        return np.asarray(value)
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(value, tiled=True))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
