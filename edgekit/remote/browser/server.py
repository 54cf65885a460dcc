"""The web server that a browser gets its page and its jobs from.

The page lies at ``/bench.html``; what it asks lies below ``/bench/``. The token stands behind the ``#`` of the page's
address, which no browser sends anywhere by itself. Everything else needs the visit's secret.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Sequence
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from edgekit.remote.browser.visits import Json, Visit
from edgekit.web.headers import HEADERS, type_of
from edgekit.web.paths import find_file, split_target

POLL_SECONDS = 20.0
"""How long a request for the next job waits; proxies and phones end requests that last longer than half a minute."""

LARGEST_REPLY = 64 << 20
"""Bytes: 16 million answers."""

LARGEST_GREETING = 64 << 10
"""Bytes: what a browser tells of itself."""

SECRET_HEADER = "X-EdgeKit-Secret"
TOKEN_HEADER = "X-EdgeKit-Token"

_HEADERS = {**HEADERS, "Cache-Control": "no-store"}


class BenchServer:
    """Serves the page and any number of visits until it is closed.

    Args:
        page: the folder of the built page.
        host: the address to listen at; ``0.0.0.0`` for every network that this machine is in.
        tls: for https.

    Raises:
        OSError: it cannot listen there.
    """

    def __init__(self, page: Path, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._visits: list[Visit] = []
        self._server = _Server((host, 0), _handler(page, self._visits))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def open(self) -> Visit:
        """Lets one more browser in."""
        visit = Visit()
        self._visits.append(visit)
        return visit

    def close(self) -> None:
        """Ends all visits, and the server. A second call does nothing."""
        for visit in self._visits:
            visit.finish("EdgeKit has ended.")
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle of an answer is no news."""


def _handler(page: Path, visits: Sequence[Visit]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "EdgeKit", ""
        timeout = 2 * POLL_SECONDS

        def do_GET(self) -> None:
            names = split_target(self.path)
            if names is not None and names[:2] == ("bench", "files"):
                self._send_file(names[2:])
                return
            found = find_file(page, names) if names is not None else None
            if found is None:
                self._send(HTTPStatus.NOT_FOUND)
            else:
                self._send(HTTPStatus.OK, found.read_bytes(), type_of(found))

        def do_POST(self) -> None:
            action, _, job = urlsplit(self.path).path.removeprefix("/bench/").partition("/")
            # Whoever has no secret is not listened to for long.
            visit = self._visit(self.headers.get(SECRET_HEADER, ""))
            if visit is None and action != "hello":
                self._send(HTTPStatus.FORBIDDEN, close=True)
                return
            body = self._read_body(LARGEST_GREETING if visit is None else LARGEST_REPLY)
            if body is None:
                return
            if visit is None or action == "hello":
                self._greet(body)
            elif action == "next":
                found = visit.next_job(POLL_SECONDS)
                self._send_json(HTTPStatus.NO_CONTENT if found is None else HTTPStatus.OK, found)
            elif action == "reply":
                self._send(HTTPStatus.NO_CONTENT if visit.reply(job, body) else HTTPStatus.GONE)
            elif action in ("alive", "bye"):
                visit.hear()
                if action == "bye":
                    visit.lose("closed the page")
                self._send(HTTPStatus.NO_CONTENT)
            else:
                self._send(HTTPStatus.NOT_FOUND)

        def _greet(self, device: Json) -> None:
            token = self.headers.get(TOKEN_HEADER, "")
            for visit in visits:
                secret = visit.enter(token, device)
                if secret is not None:
                    self._send_json(HTTPStatus.OK, {"secret": secret})
                    return
            used = any(visit.token == token and visit.was_entered for visit in visits)
            self._send(HTTPStatus.CONFLICT if used else HTTPStatus.FORBIDDEN)

        def _send_file(self, names: tuple[str, ...]) -> None:
            """Of ``SECRET/JOB/PATH``: a model's own loader sends no headers of ours."""
            visit = self._visit(names[0]) if len(names) > 2 else None
            content = visit.file(names[1], "/".join(names[2:])) if visit else None
            if content is None:
                self._send(HTTPStatus.NOT_FOUND)
            else:
                self._send(HTTPStatus.OK, content, type_of(PurePath(names[-1])))

        def _visit(self, secret: str) -> Visit | None:
            return next(
                (one for one in visits if one.was_entered and compare_digest(one.secret.encode(), secret.encode())),
                None,
            )

        def _read_body(self, largest: int) -> Json | None:
            """The JSON object of the request; ``None`` where the answer has been given."""
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or len(length) > 12 or int(length) > largest:
                self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, close=True)
                return None
            try:
                body = json.loads(self.rfile.read(int(length)) or b"{}")
            except (ValueError, RecursionError):
                body = None
            if not isinstance(body, dict):
                self._send(HTTPStatus.BAD_REQUEST)
                return None
            return body

        def _send_json(self, status: HTTPStatus, document: Json | None) -> None:
            content = b"" if document is None else json.dumps(document).encode()
            self._send(status, content, "application/json")

        def _send(
            self, status: HTTPStatus, content: bytes = b"", kind: str = "text/plain; charset=utf-8", close: bool = False
        ) -> None:
            self.send_response(status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            if status != HTTPStatus.NO_CONTENT:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
            if close:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Standard error is for the person who waits."""

    return Handler
