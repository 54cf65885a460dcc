"""Doing one thing to many photos on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from edgekit.host import usable_cores

In = TypeVar("In")
Out = TypeVar("Out")

_AHEAD = 4
"""Calls in flight per core: enough to keep them busy while the results are written."""


def ordered_map(function: Callable[[In], Out], items: Iterable[In]) -> Generator[Out, None, None]:
    """Like ``map``, on one thread for each usable core, with bounded look-ahead and the results in order.

    Threads, because Pillow and hashlib release the interpreter's lock. When the generator is closed
    early, what has not begun is dropped and what has begun is waited for; use it in
    ``contextlib.closing``, so that this also happens at once on an exception or Ctrl-C.
    """
    workers = usable_cores()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="edgekit-decode")
    pending: deque[Future[Out]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > _AHEAD * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
