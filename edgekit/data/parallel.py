"""Doing one thing to many photos on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from edgekit.host import usable_cores

In = TypeVar("In")
Out = TypeVar("Out")

_AHEAD = 4
"""Calls in flight per core: enough to keep them busy while the results are written."""


def ordered_map(function: Callable[[In], Out], items: Iterable[In], chunk: int = 1) -> Generator[Out, None, None]:
    """Like ``map``, on one thread for each usable core, with bounded look-ahead and the results in order.

    Threads, because Pillow and hashlib release the interpreter's lock. When the generator is closed
    early, what has not begun is dropped and what has begun is waited for; use it in
    ``contextlib.closing``, so that this also happens at once on an exception or Ctrl-C.

    Args:
        function: what is done to each item.
        items: taken as they are needed.
        chunk: items that one call of the pool does, so that handing them over costs less. An
            exception takes the chunk's earlier results along.
    """
    workers = usable_cores()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="edgekit-decode")
    pending: deque[Future[list[Out]]] = deque()
    source = iter(items)
    try:
        while batch := list(islice(source, chunk)):
            pending.append(pool.submit(lambda batch: [function(item) for item in batch], batch))
            if len(pending) > _AHEAD * workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
