"""Reading a part batch by batch, the next one while the last is being used."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.dataset import Indices, Labels, Part


def batches(
    part: Part, batch_size: int, order: Indices | None = None
) -> Generator[tuple[NDArray[Any], Labels], None, None]:
    """Yields (pixels, labels); the last batch may be smaller.

    Args:
        part: what to read.
        batch_size: at least 1.
        order: (n,) the photos to read, in this order; by default all, as they stand.

    Yields:
        What the part's store gives, for photos uint8 (n, h, w, c) with values 0..255; and the labels of
        these, int64 (n,) or uint8 (n, classes). Both are new arrays.
    """
    order = np.arange(len(part)) if order is None else order
    pieces = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    pool = ThreadPoolExecutor(1, thread_name_prefix="edgekit-batches")
    try:
        coming = None
        for index, piece in enumerate(pieces):
            pixels = coming.result() if coming else part.images.take(piece)
            coming = pool.submit(part.images.take, pieces[index + 1]) if index + 1 < len(pieces) else None
            yield pixels, part.labels[piece]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
