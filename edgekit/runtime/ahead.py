"""Many photos: decoding and resizing in threads of their own while the network runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np

from edgekit.errors import ImageError
from edgekit.host import usable_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_WORKERS = 4
"""Decoding a photo takes some five times as long as a small network; more threads would only wait for it."""


def own(item: Item) -> Item:
    """What stays as it is while the source goes on: cameras may fill one array again and again."""
    return item.copy() if isinstance(item, np.ndarray) else item


def work_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result | ImageError]:
    """``map(work, items)``, in order, each worked out before it is asked for; Pillow lets other threads run meanwhile.

    Args:
        work: safe to call from several threads.
        items: read one by one in the caller's thread, two for each worker ahead.
        workers: threads; by default one for each core that this process may use, at most :data:`MOST_WORKERS`.

    Yields:
        What ``work`` returned; an :class:`ImageError` that it raised is no end, but that item's result.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    def safely(item: Item) -> Result | ImageError:
        try:
            return work(item)
        except ImageError as error:
            return error

    workers = workers or min(usable_cores(), MOST_WORKERS)
    waiting: deque[Future[Result | ImageError]] = deque()
    with ThreadPoolExecutor(workers, "edgekit-ahead") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(safely, own(item)))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # nobody wants the rest any more
                future.cancel()
