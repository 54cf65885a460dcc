"""One line about what a camera sees now, and the sum at the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgekit.language import printable
from edgekit.report.table import cut, format_percent, text_width
from edgekit.runtime import Prediction
from edgekit.runtime.stream import StreamResult

_WINDOW_SECONDS = 2.0
"""Over which the frames per second are counted."""


_LEAST_LABELS = 12
"""Columns; where there are fewer, the figures are left out."""


class Rate:
    """Frames per second of the last two seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def add(self, now: float) -> float:
        """One more frame; the rate now, 0 for the first."""
        self._times.append(now)
        while now - self._times[0] > _WINDOW_SECONDS and len(self._times) > 2:
            self._times.popleft()
        passed = now - self._times[0]
        return (len(self._times) - 1) / passed if passed > 0 else 0.0


@dataclass(frozen=True)
class StreamSummary:
    """A whole stream in numbers.

    Attributes:
        frames: that were answered.
        seconds: from the first frame to the last answer.
        frames_per_second: that were answered.
        prepare_ms: mean of a frame: decode, crop, resize.
        inference_ms: mean of a frame: the model.
        age_ms: mean: how old a frame was when its answer was there.
        dropped: frames that were stale.
        unreadable: frames that could not be decoded.
    """

    frames: int
    seconds: float
    frames_per_second: float
    prepare_ms: float
    inference_ms: float
    age_ms: float
    dropped: int
    unreadable: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_text(self) -> str:
        """One or two sentences."""
        if not self.frames:
            return "No frame was recognized."
        noun = "frame" if self.frames == 1 else "frames"
        text = (
            f"{self.frames:,} {noun} in {self.seconds:.1f} s, {self.frames_per_second:.1f} per second. "
            f"Each: prepare {self.prepare_ms:.1f} ms, inference {self.inference_ms:.1f} ms."
        )
        left_out = [
            f"{count:,} {why}"
            for count, why in ((self.dropped, "dropped as stale"), (self.unreadable, "unreadable"))
            if count
        ]
        return f"{text} Left out: {', '.join(left_out)}." if left_out else text


class Totals:
    """Adds up what a stream gives; takes no more memory the longer it runs."""

    def __init__(self) -> None:
        self.frames = 0
        self._started = self._ended = 0.0
        self._prepare = self._inference = self._age = 0.0
        self._dropped = self._unreadable = 0

    def add(self, result: StreamResult, now: float) -> None:
        """One more result, seen at ``now`` by :func:`time.monotonic`."""
        if not self.frames:
            self._started = now - result.age_ms / 1000
        self._ended = now
        self.frames += 1
        self._prepare += result.prepare_ms
        self._inference += result.inference_ms
        self._age += result.age_ms
        self._dropped, self._unreadable = result.dropped, result.unreadable

    def summary(self) -> StreamSummary:
        seconds = self._ended - self._started
        count = self.frames or 1
        return StreamSummary(
            frames=self.frames,
            seconds=seconds,
            frames_per_second=self.frames / seconds if seconds > 0 else 0.0,
            prepare_ms=self._prepare / count,
            inference_ms=self._inference / count,
            age_ms=self._age / count,
            dropped=self._dropped,
            unreadable=self._unreadable,
        )


def stream_time(seconds: float) -> str:
    """``0:07.250``, ``1:02:03.000``: a place in a video."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{clock}:{rest // 1000:02d}.{rest % 1000:03d}"


def labels_text(predictions: Sequence[Prediction]) -> str:
    """``daisy 93.1%  rose 4.0%``."""
    if not predictions:
        return "nothing"
    return "  ".join(f"{printable(one.name)} {format_percent(one.probability)}" for one in predictions)


def live_line(
    predictions: Sequence[Prediction], frames_per_second: float, milliseconds: float, dropped: int, columns: int | None
) -> str:
    """What is seen now, on one line; the labels give way first.

    Args:
        predictions: best first.
        frames_per_second: that are answered.
        milliseconds: of this frame, from the photo to the answer.
        dropped: frames so far.
        columns: of the terminal; ``None`` for as many as it takes.
    """
    labels = labels_text(predictions)
    tail = f"  {frames_per_second:5.1f} fps  {milliseconds:5.1f} ms  {dropped} dropped"
    if columns is None:
        return labels + tail
    room = columns - text_width(tail)
    if room < _LEAST_LABELS:
        return cut(labels, columns)
    labels = cut(labels, room)
    return labels + " " * (room - text_width(labels)) + tail
