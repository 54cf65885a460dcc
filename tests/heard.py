"""What a user would have been told."""

from __future__ import annotations

from edgekit.progress import Silent


class Heard(Silent):
    """A listener that remembers it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.warned: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def warn(self, message: str) -> None:
        self.warned.append(message)
