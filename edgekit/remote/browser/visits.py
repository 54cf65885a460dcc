"""One visit of a browser: who may come, what it is asked, what it answers.

A visit begins with a token that lets one browser in, once, and gives it a secret in return. From then on the browser
asks for jobs and sends their results; both sides wait for each other here. Nothing in this module knows HTTP.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgekit.errors import TargetError
from edgekit.measure.told import one_line

SILENCE_SECONDS = 90.0
"""A page that has not been heard of for so long is gone. Browsers wake a page in the background once a minute."""

GOODBYE_SECONDS = 2.0

_ENDED = "The browser has been closed."

Json = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """What a browser is asked to do.

    Attributes:
        request: JSON-ready; :attr:`id` and where its files lie are added when it is handed out.
        files: path to bytes, or to what reads them.
        name: of the model, for a message.
        seconds: that it may take.
    """

    request: Mapping[str, Any]
    files: Mapping[str, Callable[[], bytes]]
    name: str
    seconds: float
    id: str = field(default_factory=lambda: secrets.token_hex(8))


class Visit:
    """One browser. Its own methods are called by who wants something of it, those of :attr:`door` by the server.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.token = secrets.token_urlsafe(16)
        self.secret = secrets.token_urlsafe(16)
        self._clock = clock
        self._changed = threading.Condition()
        self._device: Json | None = None
        self._job: Job | None = None
        self._taken = False
        self._reply: Json | None = None
        self._heard = clock()
        self._gone: str | None = None
        self._over: str | None = None
        self._told = False

    # What wants something of the browser.

    def wait_for_device(self, seconds: float) -> Json:
        """What the browser says of itself.

        Raises:
            TargetError: none came in this time, it left, or :meth:`finish` ended the visit.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._device is not None or self._gone or self._over, seconds):
                raise TargetError(
                    f"No browser opened the page within {seconds:.0f} s. Open its address on the device, which must be "
                    "in the same network as this machine."
                )
            if self._over is not None:
                raise TargetError(_ENDED)
            if self._device is None:
                raise TargetError(f"The browser {self._gone}.")
            return self._device

    def run(self, job: Job) -> Json:
        """The browser's result.

        Raises:
            TargetError: it left, fell silent, took too long, says that it cannot, or :meth:`finish` ended the visit.
        """
        end = self._clock() + job.seconds
        with self._changed:
            self._job, self._taken, self._reply = job, False, None
            self._changed.notify_all()
            try:
                while self._reply is None:
                    self._check_presence(job, end)
                    self._changed.wait(min(1.0, max(0.01, end - self._clock())))
            finally:
                self._job = None
            reply = self._reply
        if reply.get("ok") is not True:
            raise TargetError(f"{job.name} does not run in this browser: {_sentence(reply.get('error'))}")
        return reply

    def finish(self, text: str) -> None:
        """Ends it: nobody here waits any longer. Lets the page say so, and waits a moment until it has heard that."""
        with self._changed:
            self._over = self._over or text
            self._changed.notify_all()
            if self._device is not None:
                self._changed.wait_for(lambda: self._told or self._gone is not None, GOODBYE_SECONDS)

    def lose(self, how: str) -> None:
        """Whoever started the browser says that it is gone: a clause that goes on after "The browser"."""
        with self._changed:
            self._gone = self._gone or how
            self._changed.notify_all()

    def _check_presence(self, job: Job, end: float) -> None:
        if self._over is not None:
            raise TargetError(_ENDED)
        if self._gone is not None:
            raise TargetError(f"The browser {self._gone} while it had {job.name} to run.")
        if self._clock() - self._heard > SILENCE_SECONDS:
            raise TargetError(
                f"The browser fell silent while it had {job.name} to run: for {SILENCE_SECONDS:.0f} s nothing came "
                "from it. Keep the page in front, the screen on and the network up."
            )
        if self._clock() > end:
            raise TargetError(
                f"{job.name} did not finish in this browser within {job.seconds:.0f} s. Ask for fewer runs or photos."
            )

    # What the server calls.

    def enter(self, token: str, device: Json) -> str | None:
        """The secret for the browser that brings the right token for the first time, else ``None``."""
        with self._changed:
            if not hmac.compare_digest(token.encode(), self.token.encode()) or self._device is not None or self._over:
                return None
            self._device, self._heard = device, self._clock()
            self._changed.notify_all()
            return self.secret

    @property
    def was_entered(self) -> bool:
        """Whether its token has been used."""
        with self._changed:
            return self._device is not None

    def next_job(self, seconds: float) -> Json | None:
        """What to do next, with the job's id; ``None`` where there is nothing within this time."""
        with self._changed:
            self._heard = self._clock()
            self._changed.wait_for(lambda: self._waiting() or self._over is not None, seconds)
            self._heard = self._clock()
            if self._waiting():
                assert self._job is not None
                self._taken = True
                return {**self._job.request, "id": self._job.id}
            if self._over is None:
                return None
            self._told = True
            self._changed.notify_all()
            return {"op": "end", "text": self._over}

    def file(self, job: str, path: str) -> bytes | None:
        """A file of the job at hand, or ``None``."""
        with self._changed:
            self._heard = self._clock()
            at_hand = self._job if self._job is not None and self._job.id == job else None
        read = at_hand.files.get(path) if at_hand else None
        return read() if read else None

    def reply(self, job: str, reply: Json) -> bool:
        """Takes a result; false where nobody waits for it any more."""
        with self._changed:
            self._heard = self._clock()
            if self._job is None or self._job.id != job:
                return False
            self._reply = reply
            self._changed.notify_all()
            return True

    def hear(self) -> None:
        """The page is still there."""
        with self._changed:
            self._heard = self._clock()

    def _waiting(self) -> bool:
        return self._job is not None and not self._taken


def _sentence(error: object) -> str:
    text = one_line(error, 500) or "it did not say why"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
