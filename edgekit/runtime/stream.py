"""Results over a stream of frames that keep up with a camera."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from edgekit.arguments import check_items, check_kind
from edgekit.camera.frames import Frame
from edgekit.errors import ImageError, UsageError
from edgekit.runtime.prediction import Prediction
from edgekit.runtime.stream_reader import Arrival, FrameReader

MAX_UNREADABLE = 100
"""Unreadable frames in a row after which a stream gives up: some 3 s of a camera that sends nothing else."""


@dataclass(frozen=True)
class Answer:
    """What a model said about one frame, and how long that took."""

    predictions: tuple[Prediction, ...]
    prepare_seconds: float
    inference_seconds: float


@dataclass(frozen=True)
class StreamResult:
    """The answer to one frame of a stream.

    Attributes:
        predictions: as :meth:`edgekit.Predictor.classify` gives them, best first.
        frame: what the source gave.
        index: the frame's place in the source, from 0; dropped and unreadable frames count.
        time: seconds from the beginning, of a :class:`edgekit.camera.Frame`; ``None`` where the source does not tell.
        age_ms: from the moment when the frame was read from the source until this result.
        dropped: frames so far that were stale: a newer one came before this one was wanted.
        unreadable: frames so far that could not be decoded, or arrived incomplete.
        prepare_ms: to decode, crop and resize this frame.
        inference_ms: to run the model on it.
    """

    predictions: tuple[Prediction, ...]
    frame: Any = field(repr=False, compare=False)
    index: int
    time: float | None
    age_ms: float
    dropped: int
    unreadable: int
    prepare_ms: float
    inference_ms: float


class ResultStream(Iterator[StreamResult]):
    """An iterator of results; see :meth:`edgekit.Predictor.classify_stream`, which makes it.

    It ends when its source ends. To end it sooner, leave its ``with`` block or call :meth:`close`; one that nobody
    holds any more, as after ``break``, closes itself. Several threads may take results from one stream.

    Args:
        answer: from an image to the model's answer.
        frames: any iterable of images.
        live: whether stale frames are dropped; ``None``: see :func:`edgekit.runtime.stream_reader.is_live`.
        timeout: seconds to wait for a frame; ``None`` waits for ever.
        skip_unreadable: leave frames out that cannot be decoded; ``None``: those of live sources.

    Raises:
        UsageError: an argument of the wrong type.
    """

    def __init__(
        self,
        answer: Callable[[Any], Answer],
        frames: Iterable[Any],
        live: bool | None = None,
        timeout: float | None = None,
        skip_unreadable: bool | None = None,
    ) -> None:
        _check(frames, live, timeout, skip_unreadable)
        self._answer = answer
        self._frames = frames
        self._timeout = timeout
        self._skips = skip_unreadable
        self._unreadable = self._in_a_row = 0
        self._turn = threading.Lock()
        self._done = False
        self._reader = FrameReader(frames, live)

    def __next__(self) -> StreamResult:
        """The answer to the newest frame.

        Raises:
            CameraError: no frame came in time, or the camera broke off.
            ImageError: a frame cannot be decoded, where such frames are not left out; or no frame can.
            BaseException: what the source raised.
        """
        with self._turn:
            try:
                while not self._done and (arrival := self._reader.take(self._timeout)) is not None:
                    if (result := self._result(arrival)) is not None:
                        return result
            except KeyboardInterrupt:
                raise  # whoever catches it may go on
            except BaseException:
                self.close()
                raise
        self.close()
        raise StopIteration

    def close(self) -> None:
        """Ends the stream, its thread and its source at once. A second call does nothing."""
        self._done = True
        self._reader.close()

    def __enter__(self) -> ResultStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # half made, or Python is about to end
            self.close()

    def _result(self, arrival: Arrival) -> StreamResult | None:
        """The answer, or ``None`` for a frame that is left out."""
        frame = arrival.frame
        image, seconds = (frame.image, frame.time) if isinstance(frame, Frame) else (frame, None)
        try:
            answer = self._answer(image)
        except ImageError as error:
            self._unreadable += 1
            self._in_a_row += 1
            if not (self._reader.live if self._skips is None else self._skips):
                raise _named(error, arrival.index) from error.__cause__
            if self._in_a_row >= MAX_UNREADABLE:
                raise ImageError(f"None of the last {self._in_a_row} frames; the last one", error.reason) from error
            return None
        self._in_a_row = 0
        return StreamResult(
            predictions=answer.predictions,
            frame=frame,
            index=arrival.index,
            time=seconds,
            age_ms=(time.monotonic() - arrival.arrived) * 1000,
            dropped=arrival.dropped,
            unreadable=self._unreadable + int(getattr(self._frames, "damaged", 0)),
            prepare_ms=answer.prepare_seconds * 1000,
            inference_ms=answer.inference_seconds * 1000,
        )


def _named(error: ImageError, index: int) -> ImageError:
    """The error with the frame's number, where the frame is no file."""
    return ImageError(f"frame {index}", error.reason) if error.name == "the image" else error


def _check(frames: Any, live: Any, timeout: Any, skip_unreadable: Any) -> None:
    check_items(
        frames, "frames", "an iterable of photos: a camera (edgekit.camera.open_camera(0)), a list, a generator"
    )
    for value, name in ((live, "live"), (skip_unreadable, "skip_unreadable")):
        if value is not None:
            check_kind(value, name, bool, "true, false or None")
    if timeout is not None:
        check_kind(timeout, "timeout", (int, float), "a number of seconds, or None")
        if not timeout > 0:
            raise UsageError(f"timeout is a number of seconds above 0. Got: {timeout}.")
