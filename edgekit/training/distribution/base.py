"""What a training has to know about the devices and processes that share it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.training.distribution.sharing import LocalBatch, evaluation_weight, share_batch


class Distribution(ABC):
    """One training, shared by devices and processes.

    A run on n devices is the run on one with the same global batch: the same photos in the same
    order, the same loss. Every process runs the whole program: each builds the model with the same
    seed, fits it in :meth:`scope` for the same number of steps, and reads only its own share of
    each batch.

    Attributes:
        kind: ``none``, ``mirrored``, ``tpu``, ``data`` or ``model``.
        replicas: parts that each batch is cut into, over all processes.
        processes: that share the training; 1 without several hosts.
        process_index: of this one, 0 to ``processes - 1``.
    """

    kind: str = "none"
    replicas: int = 1
    processes: int = 1
    process_index: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files and talks. Exactly one does."""
        return self.process_index == 0

    @property
    def weighted(self) -> bool:
        """Whether batches need :attr:`LocalBatch.weights` as sample weights.

        A model is then compiled with ``weighted_metrics`` in place of ``metrics``.
        """
        return self.replicas > 1

    @property
    def shards(self) -> tuple[int, int]:
        """(how many different shares a batch has over the processes, which of them is this one's)."""
        return self.processes, self.process_index

    def check_batch_size(self, batch_size: int) -> None:
        """Raises UsageError where the global batch cannot be cut into equal parts."""
        if batch_size % self.replicas:
            fitting = max(round(batch_size / self.replicas), 1) * self.replicas
            raise UsageError(
                f"The batch size is over all devices together, and must be a multiple of {self.replicas} "
                f"({self.describe()}). Got: {batch_size}. Pass --batch-size {fitting}."
            )

    def local_batch(self, chosen: NDArray[np.integer], weight: float | None = None) -> LocalBatch:
        """The share of this process in a global batch; see :func:`share_batch`.

        Args:
            chosen: (n,) indices of the photos of the global batch, n at least 1; the same in every process.
            weight: of a real photo; by default such that the loss is the mean over the n photos.
        """
        shards, shard = self.shards
        return share_batch(np.asarray(chosen), self.replicas, shards, shard, weight)

    def evaluation_weight(self, count: int, batch_size: int) -> float:
        """The ``weight`` for :meth:`local_batch` with which the metrics of a part of ``count`` photos are exact."""
        return evaluation_weight(count, batch_size, self.replicas)

    @abstractmethod
    def scope(self) -> AbstractContextManager[None]:
        """Where variables are created, models compiled and fitted. Can be entered again."""

    @abstractmethod
    def describe(self) -> str:
        """For people: ``2 GPUs (MirroredStrategy)``."""

    def synchronized(self, model: Any) -> AbstractContextManager[None]:
        """Around compiling and fitting: batch normalization takes the statistics of the whole batch.

        Does nothing where the backend does so by itself.
        """
        return _nothing()

    def fetch(self, variables: Sequence[Any]) -> list[NDArray[Any]]:
        """The whole values of Keras variables, wherever their parts lie.

        Every process must call it at the same point.

        Args:
            variables: ``model.weights``, ``optimizer.variables``, ...
        """
        return [np.asarray(variable.numpy()) for variable in variables]

    def agree(self, what: str, value: str) -> None:  # noqa: B027 -- a process that is alone agrees
        """Raises TrainingError in every process where the processes differ in ``value``.

        Every process must call it at the same point.

        Args:
            what: for the message: ``the data set``.
            value: for instance a digest.
        """

    def in_any(self, value: bool) -> bool:
        """Whether it is so in any process. Every process must call it at the same point."""
        return value


class OneDevice(Distribution):
    """Everything on the backend's own first device."""

    def scope(self) -> AbstractContextManager[None]:
        """See :class:`Distribution`."""
        return _nothing()

    def describe(self) -> str:
        """See :class:`Distribution`."""
        return "one device"


@contextmanager
def _nothing() -> Iterator[None]:
    yield
