"""What travels from a camera or a video to whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from edgekit.preprocess import ImageSource


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        image: what :meth:`edgekit.Predictor.classify` takes: (height, width, 3) uint8 RGB, or the bytes of a JPEG,
            which are decoded only if somebody looks at the frame.
        time: seconds from the beginning: of a video as its file says, of a camera since the first frame.
    """

    image: ImageSource
    time: float


class FrameSource(Protocol):
    """An open camera or video: frames in order, once.

    Attributes:
        name: for a person.
        live: whether frames come at their own pace, whoever looks: those that nobody takes in time are stale.
    """

    name: str
    live: bool

    @property
    def damaged(self) -> int:
        """Frames so far that arrived incomplete and were left out."""

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source ends.

        Raises:
            CameraError: it broke off, or sends nothing.
        """

    def close(self) -> None:
        """Ends it at once, from any thread. A second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ClosesItself:
    """A context manager that closes at its end."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
