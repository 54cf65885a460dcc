"""Reading a source of frames in a thread of its own: no queue, one place, and in it the newest frame."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any

from edgekit.errors import CameraError
from edgekit.runtime.ahead import own

_JOIN_SECONDS = 2.0
"""For the thread to end. It is in the hands of the source: one that sleeps on is left behind, and ends then."""

_WAKE_SECONDS = 0.5
"""Windows delivers Ctrl-C between two waits only."""


@dataclass(frozen=True)
class Arrival:
    """A frame as it was read.

    Attributes:
        frame: what the source gave.
        index: its place in the source, from 0; dropped frames count.
        arrived: when, by :func:`time.monotonic`.
        dropped: frames so far that were replaced by newer ones before anybody took them.
    """

    frame: Any
    index: int
    arrived: float
    dropped: int


def is_live(frames: Any, first: Any) -> bool:
    """Whether frames that nobody takes in time are stale, where the caller has not said so.

    A source may say it itself (``frames.live``). Of the others, only an iterator can be a camera: what can be walked
    twice, such as a list, waits. And a file waits, too: an iterator of paths is none.

    Args:
        frames: the source.
        first: its first frame.
    """
    said = getattr(frames, "live", None)
    if isinstance(said, bool):
        return said
    return iter(frames) is frames and not isinstance(first, str | os.PathLike)


class FrameReader:
    """The thread, and the place for one frame.

    Args:
        frames: any iterable; it is closed at the end, if it can be.
        live: ``None``: see :func:`is_live`.
    """

    def __init__(self, frames: Iterable[Any], live: bool | None) -> None:
        self._frames = frames
        self._place = _Place(live)
        # The thread knows the place, and not this object: one that is forgotten is closed.
        self._thread = threading.Thread(target=_read, args=(frames, self._place), name="edgekit-frames", daemon=True)
        self._started = self._closed = False

    @property
    def live(self) -> bool:
        """Known once there was a frame."""
        return bool(self._place.live)

    def take(self, seconds: float | None = None) -> Arrival | None:
        """The newest frame that was not taken yet; waits for it. ``None`` at the end of the source.

        Raises:
            CameraError: none came for so many seconds.
            BaseException: what the source raised.
        """
        if not self._started:
            self._started = True
            self._thread.start()
        return self._place.take(seconds)

    def close(self) -> None:
        """Ends the thread and the source at once. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._place.stop()
        # A generator can be closed by the thread that runs it only, and that does so.
        close = None if isinstance(self._frames, Generator) and self._started else getattr(self._frames, "close", None)
        if callable(close):
            close()
        if self._started and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)


class _Place:
    """Where the thread leaves a frame and the caller takes it."""

    def __init__(self, live: bool | None) -> None:
        self.live = live
        self._changed = threading.Condition()
        self._waiting: tuple[Any, int, float] | None = None
        self._dropped = 0
        self._ended = self._stopped = False
        self._error: BaseException | None = None

    def put(self, frame: Any, index: int) -> bool:
        """Leaves a frame; false where nobody wants any more."""
        with self._changed:
            if self._waiting is not None and self.live:
                self._dropped += 1
            while self._waiting is not None and not self.live and not self._stopped:
                self._changed.wait()
            if not self._stopped:
                self._waiting = (frame, index, time.monotonic())
                self._changed.notify_all()
            return not self._stopped

    def end(self, error: BaseException | None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._stopped, self._waiting = True, None
            self._changed.notify_all()

    def take(self, seconds: float | None) -> Arrival | None:
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while self._waiting is None:
                if self._stopped:
                    return None
                if self._ended:
                    error, self._error = self._error, None
                    if error is not None:
                        raise error
                    return None
                if deadline is not None and time.monotonic() >= deadline:
                    raise CameraError(f"No frame came for {seconds:g} s.")
                left = _WAKE_SECONDS if deadline is None else deadline - time.monotonic()
                self._changed.wait(min(max(left, 0.0), _WAKE_SECONDS))
            (frame, index, arrived), self._waiting = self._waiting, None
            self._changed.notify_all()
            return Arrival(frame, index, arrived, self._dropped)


def _read(frames: Iterable[Any], place: _Place) -> None:
    """What the thread does."""
    error: BaseException | None = None
    iterator = None
    try:
        iterator = iter(frames)
        for index, frame in enumerate(iterator):
            if place.live is None:
                place.live = is_live(frames, frame)
            if not place.put(own(frame), index):
                break
    except BaseException as caught:  # a source may raise anything; it reaches the caller
        error = caught
    finally:
        if isinstance(iterator, Generator):
            with contextlib.suppress(Exception):
                iterator.close()
        place.end(error)
