"""Photos of a part for ``Model.fit``, batch by batch. Imported only after Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgekit.data import Part
from edgekit.errors import EdgeKitError


class PhotoBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """uint8 photos and one-hot labels, in a new seeded order in each epoch where it is wanted.

    Args:
        part: the photos.
        classes: how many there are.
        batch_size: photos of a batch; the last one may be smaller.
        seed: of the order; ``None`` keeps the part's own.
    """

    def __init__(self, part: Part, classes: int, batch_size: int, seed: int | None) -> None:
        # Two workers read one batch while the other is being used; reading releases the GIL.
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=4)
        self.failure: EdgeKitError | None = None
        self._part = part
        self._classes = classes
        self._batch_size = batch_size
        self._random = None if seed is None else np.random.default_rng(seed)
        self._order = np.arange(len(part))
        self._shuffle()

    def __len__(self) -> int:
        return -(-len(self._part) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        try:
            pixels = self._part.images.take(chosen)
        except EdgeKitError as error:
            # The backend wraps what a worker raises in an error of its own; this one says what it was.
            self.failure = error
            raise
        return pixels, one_hot(self._part.labels[chosen], self._classes)

    def on_epoch_end(self) -> None:
        """Called by Keras between epochs."""
        self._shuffle()

    def _shuffle(self) -> None:
        if self._random is not None:
            self._order = self._random.permutation(len(self._part))


def one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """(n,) indices to (n, classes) of 0 and 1."""
    table: NDArray[Any] = np.zeros((len(labels), classes), np.float32)
    table[np.arange(len(labels)), labels] = 1
    return table
