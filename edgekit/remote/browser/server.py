"""The web server that a browser gets its page and its jobs from.

The page lies at ``/bench.html``; what it asks lies below ``/bench/``. The token stands behind the ``#`` of the page's
address, which no browser sends anywhere by itself. Everything else needs the visit's secret.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path, PurePath
from typing import Any, ClassVar
from urllib.parse import urlsplit

from edgekit.remote.browser.visits import Json, Visit
from edgekit.web.headers import HEADERS, type_of
from edgekit.web.listening import CLOSE, Handler, Listener
from edgekit.web.paths import find_file, split_target
from edgekit.web.server import THIS_MACHINE

POLL_SECONDS = 20.0
"""How long a request for the next job waits; proxies and phones end requests that last longer than half a minute."""

LARGEST_REPLY = 64 << 20
"""Bytes: 16 million answers."""

LARGEST_GREETING = 64 << 10
"""Bytes: what a browser tells of itself."""

SECRET_HEADER = "X-EdgeKit-Secret"
TOKEN_HEADER = "X-EdgeKit-Token"


class BenchServer:
    """Serves the page and any number of visits until it is closed.

    Args:
        page: the folder of the built page.
        host: the address to listen at; ``0.0.0.0`` for every network that this machine is in.
        tls: for https. A browser that comes with http is sent to https.

    Raises:
        OSError: it cannot listen there.
    """

    def __init__(self, page: Path, host: str = THIS_MACHINE, tls: ssl.SSLContext | None = None) -> None:
        self._visits: list[Visit] = []
        self._listener = Listener((host, 0), partial(_Bench, page=page, visits=self._visits), tls)
        self.port = self._listener.port
        self._listener.start()

    def open(self) -> Visit:
        """Lets one more browser in."""
        visit = Visit()
        self._visits.append(visit)
        return visit

    def close(self) -> None:
        """Ends all visits, and the server. A second call does nothing."""
        for visit in self._visits:
            visit.finish("EdgeKit has ended.")
        self._listener.close()


class _Bench(Handler):
    timeout = 2 * POLL_SECONDS
    fixed: ClassVar[Mapping[str, str]] = {**HEADERS, "Cache-Control": "no-store"}
    methods = "GET, HEAD, POST"

    def __init__(self, *connection: Any, page: Path, visits: Sequence[Visit]) -> None:
        self._page, self._visits = page, visits
        super().__init__(*connection)

    def get(self) -> None:
        names = split_target(self.path)
        if names is not None and names[:2] == ("bench", "files"):
            self._send_file(names[2:])
            return
        found = find_file(self._page, names) if names is not None else None
        if found is None:
            self.say(HTTPStatus.NOT_FOUND)
        else:
            self._send(found.read_bytes(), type_of(found))

    def post(self) -> None:
        action, _, job = urlsplit(self.path).path.removeprefix("/bench/").partition("/")
        # Whoever has no secret is not listened to for long.
        visit = self._visit(self.headers.get(SECRET_HEADER, ""))
        if visit is None and action != "hello":
            self.say(HTTPStatus.FORBIDDEN, CLOSE)
            return
        body = self._read_body(LARGEST_GREETING if visit is None else LARGEST_REPLY)
        if body is None:
            return
        if visit is None or action == "hello":
            self._greet(body)
        elif action == "next":
            found = visit.next_job(POLL_SECONDS)
            if found is None:
                self.say(HTTPStatus.NO_CONTENT)
            else:
                self._send_json(found)
        elif action == "reply":
            self.say(HTTPStatus.NO_CONTENT if visit.reply(job, body) else HTTPStatus.GONE)
        elif action in ("alive", "bye"):
            visit.hear()
            if action == "bye":
                visit.lose("closed the page")
            self.say(HTTPStatus.NO_CONTENT)
        else:
            self.say(HTTPStatus.NOT_FOUND)

    def _greet(self, device: Json) -> None:
        token = self.headers.get(TOKEN_HEADER, "")
        for visit in self._visits:
            secret = visit.enter(token, device)
            if secret is not None:
                self._send_json({"secret": secret})
                return
        used = any(visit.token == token and visit.was_entered for visit in self._visits)
        self.say(HTTPStatus.CONFLICT if used else HTTPStatus.FORBIDDEN)

    def _send_file(self, names: tuple[str, ...]) -> None:
        """Of ``SECRET/JOB/PATH``: a model's own loader sends no headers of ours."""
        visit = self._visit(names[0]) if len(names) > 2 else None
        content = visit.file(names[1], "/".join(names[2:])) if visit else None
        if content is None:
            self.say(HTTPStatus.NOT_FOUND)
        else:
            self._send(content, type_of(PurePath(names[-1])))

    def _visit(self, secret: str) -> Visit | None:
        return next(
            (one for one in self._visits if one.was_entered and compare_digest(one.secret.encode(), secret.encode())),
            None,
        )

    def _read_body(self, largest: int) -> Json | None:
        """The JSON object of the request; ``None`` where the answer has been given."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or len(length) > 12 or int(length) > largest:
            self.say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, CLOSE)
            return None
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self.say(HTTPStatus.BAD_REQUEST)
            return None
        return body

    def _send(self, content: bytes, kind: str) -> None:
        self.send(HTTPStatus.OK, content, {"Content-Type": kind, "Content-Length": str(len(content))})

    def _send_json(self, document: Json) -> None:
        self._send(json.dumps(document).encode(), "application/json")
