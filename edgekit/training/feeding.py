"""Samples for ``Model.fit``, batch by batch. Imported only after Keras."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from edgekit.errors import EdgeKitError
from edgekit.training.distribution import LocalBatch

_AHEAD = {"tensorflow": 0}
"""Batches that are read before they are asked for, 1 where nothing else is said. On TensorFlow Keras has
``tf.data`` read ahead by itself; reading twice ahead took 390 MB in place of 50 and was a third slower."""

Share = Callable[[NDArray[np.integer]], LocalBatch]


class Samples(Protocol):
    """What a batch is taken from: an :class:`~edgekit.data.ImageStore`, or features in memory."""

    def __len__(self) -> int: ...

    def take(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        """The samples at ``indices``, (n, ...)."""


@dataclass(frozen=True)
class ArraySamples:
    """Samples of an array in memory, (n, ...)."""

    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, indices: NDArray[np.integer]) -> NDArray[Any]:
        """See :class:`Samples`."""
        taken: NDArray[Any] = self.values[indices]
        return taken


@dataclass(frozen=True)
class Order:
    """The order of one epoch: a permutation that depends on seed and epoch alone.

    So a run that is resumed sees the same batches as one that was not interrupted.
    """

    seed: int

    def of_epoch(self, epoch: int, count: int) -> NDArray[np.int64]:
        """A permutation of ``count`` samples.

        Args:
            epoch: counted from 0 through all stages.
            count: of the samples.
        """
        return np.random.default_rng((self.seed, epoch)).permutation(count)


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """(samples, targets) or (samples, targets, weights) of each batch; the last one may be smaller.

    Photos are handed over as uint8 and become float32 on the device: a quarter of the bytes to move.

    Args:
        samples: what is trained on.
        targets: (n, outputs) float32.
        batch_size: over all processes.
        order: of each epoch, see :meth:`start_epoch`; ``None`` keeps the samples' own.
        weights: (n,) float32 of the samples in the loss, or ``None`` for 1 each.
        mixed: whether the network takes the targets as its second input, for MixUp and CutMix.
        share: picks this process's part of a batch, and weighs its samples.
    """

    def __init__(
        self,
        samples: Samples,
        targets: NDArray[np.float32],
        batch_size: int,
        *,
        order: Order | None = None,
        weights: NDArray[np.float32] | None = None,
        mixed: bool = False,
        share: Share | None = None,
    ) -> None:
        # Without Keras' own workers: where it looks at a batch before the first epoch (on JAX, and where devices
        # share the work), it keeps what they have read by then and mixes it into the epochs that follow.
        super().__init__(workers=1)
        self._ahead = _AHEAD.get(str(keras.config.backend()), 1)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="edgekit-feeding")
        self._coming: dict[int, Future[tuple[Any, ...]]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self.failure: EdgeKitError | None = None
        self._samples = samples
        self._targets = targets
        self._batch_size = batch_size
        self._order = order
        self._weights = weights
        self._mixed = mixed
        self._share = share
        self._indices: NDArray[np.int64] = np.arange(len(samples))
        self.start_epoch(0)

    def __len__(self) -> int:
        return -(-len(self._samples) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        with self._lock:
            batch = self._coming.pop(index, None)
            for ahead in range(index + 1, min(index + 1 + self._ahead, len(self))):
                if ahead not in self._coming and not self._closed:
                    self._coming[ahead] = self._reader.submit(self._read, ahead)
        return self._read(index) if batch is None else batch.result()

    def _read(self, index: int) -> tuple[Any, ...]:
        chosen = self._indices[index * self._batch_size : (index + 1) * self._batch_size]
        weights = None if self._weights is None else self._weights[chosen]
        if self._share is not None:
            local = self._share(chosen)
            chosen = local.indices
            weights = local.weights if self._weights is None else local.weights * self._weights[chosen]
        try:
            samples = self._samples.take(chosen)
        except EdgeKitError as error:
            # The backend wraps what a worker raises in an error of its own; this one says what it was.
            self.failure = error
            raise
        targets = self._targets[chosen]
        inputs = (samples, targets) if self._mixed else samples
        return (inputs, targets) if weights is None else (inputs, targets, weights)

    def start_epoch(self, epoch: int) -> None:
        """Takes the order of an epoch, counted from 0; to be called before its first batch is asked for.

        Keras' own ``on_epoch_end`` comes once more before the first epoch than between epochs, so an epoch cannot be
        counted by it.
        """
        if self._order is None:
            return
        with self._lock:
            outdated, self._coming = list(self._coming.values()), {}
            for batch in outdated:
                batch.cancel()
            wait(outdated)
            self._indices = self._order.of_epoch(epoch, len(self._samples))

    def close(self) -> None:
        """Ends the thread; batches can still be read one by one."""
        with self._lock:
            self._closed, self._coming = True, {}
        self._reader.shutdown(wait=True, cancel_futures=True)


def class_weights(wanted: Any, labels: NDArray[np.integer], names: tuple[str, ...]) -> NDArray[np.float32] | None:
    """(n,) the weight of each sample, or ``None`` where all weigh the same.

    Args:
        wanted: ``none``; ``balanced``: n / (classes * photos of the class), so that each class weighs
            the same and the mean is 1 (King and Zeng, Political Analysis 9, 2001); or class name to weight,
            1 for those that are not named.
        labels: (n,) indices of classes.
        names: of the classes.
    """
    of_class = weight_of_classes(wanted, labels, names)
    if of_class is None:
        return None
    weights: NDArray[np.float32] = of_class[labels]
    return weights


def weight_of_classes(wanted: Any, labels: NDArray[np.integer], names: tuple[str, ...]) -> NDArray[np.float32] | None:
    """(classes,) the weight of each class; arguments as for :func:`class_weights`."""
    if wanted == "none":
        return None
    if wanted == "balanced":
        counts = np.bincount(labels, minlength=len(names))
        return (len(labels) / (len(names) * np.maximum(counts, 1))).astype(np.float32)
    return np.array([wanted.get(name, 1.0) for name in names], np.float32)
