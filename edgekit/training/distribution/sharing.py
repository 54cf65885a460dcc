"""How a batch is cut among processes. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LocalBatch:
    """The share of one process in a batch.

    Attributes:
        indices: (n,) int64: the photos to read, in this order. The last ones can repeat an earlier one.
        weights: (n,) float32 sample weights; 0 for a repeated photo that only fills up.
    """

    indices: NDArray[np.int64]
    weights: NDArray[np.float32]


def share_batch(
    chosen: NDArray[np.integer], replicas: int, shards: int, shard: int, weight: float | None = None
) -> LocalBatch:
    """One share of a batch, filled up so that every replica gets equally many photos.

    Devices take equal parts only, and all processes must take equally many steps, so the last, smaller
    batch of an epoch is filled up to the next multiple of ``replicas`` with copies of its first photo.
    Keras divides the weighted sum of the losses by the number of rows, copies included, hence the
    weight of ``rows / photos``: the loss and its gradient are the mean over the real photos.

    Args:
        chosen: (n,) indices of the whole batch, n at least 1.
        replicas: at least 1.
        shards: a divisor of ``replicas``.
        shard: 0 to ``shards - 1``.
        weight: of a real photo, in place of ``rows / photos``.
    """
    rows = math.ceil(len(chosen) / replicas) * replicas
    copies = rows - len(chosen)
    indices = np.concatenate([chosen, np.repeat(chosen[:1], copies)]).astype(np.int64)
    weights = np.zeros(rows, np.float32)
    weights[: len(chosen)] = rows / len(chosen) if weight is None else weight
    size = rows // shards
    mine = slice(shard * size, (shard + 1) * size)
    return LocalBatch(indices[mine], weights[mine])


def evaluation_weight(count: int, batch_size: int, replicas: int) -> float:
    """The weight of each real photo with which the metrics over several batches are exact.

    Keras weighs the mean of each batch by its rows, copies included; with ``rows / photos`` over the
    whole part these cancel out.

    Args:
        count: photos of the part, at least 1.
        batch_size: of the global batch.
        replicas: at least 1.
    """
    full, rest = divmod(count, batch_size)
    rows = full * math.ceil(batch_size / replicas) * replicas + math.ceil(rest / replicas) * replicas
    return rows / count
