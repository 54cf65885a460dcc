"""What all servers here have in common: a thread for each connection, https beside http, and the headers of answers."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from edgekit.version import __version__
from edgekit.web.headers import HEADERS
from edgekit.web.network import is_own_host
from edgekit.web.paths import split_target

IDLE_SECONDS = 60.0
"""A connection on which nothing happens for so long is closed; browsers open them again."""

CLOSE: Mapping[str, str] = {"Connection": "close"}
"""The header of an answer after which the connection ends."""

_STRANGE_NAME = (
    "This server answers to IP addresses, localhost and its machine's own names alone. Open one of those; a proxy has "
    "to send such a Host, too."
)

_LOOK_SECONDS = 0.1
"""So long a server that is to end goes on."""

_HANDSHAKE = 0x16
"""The first byte of TLS: a record of the type "handshake", RFC 8446, section 5.1."""


class Listener(ThreadingHTTPServer):
    """Listens from the beginning, and answers with ``serve_forever`` or :meth:`start`.

    Args:
        address: IPv4 address and port; port 0 for any free one.
        handler: makes the :class:`Handler` of a connection.
        tls: for https. A browser that comes with http is sent to https.

    Raises:
        OSError: it cannot listen there.
        OverflowError: there is no such port.
    """

    daemon_threads = True
    block_on_close = False
    # On Windows it would let two servers have the same port.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], handler: Callable[..., Handler], tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        self._thread: threading.Thread | None = None
        super().__init__(address, handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Answers in the background."""
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_LOOK_SECONDS,), name="edgekit-serve", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening; answers in progress end with the process. A second call does nothing."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
        self.server_close()

    def server_bind(self) -> None:
        """As the base class's, which also looks up the machine's name: that may take seconds without a network."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Runs in the thread of the connection, so that one which never speaks holds up nobody."""
        request.settimeout(IDLE_SECONDS)
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        first = request.recv(1, socket.MSG_PEEK)
        if first and first[0] != _HANDSHAKE:
            _Redirect(request, client_address, self)
            return
        with contextlib.closing(self._tls.wrap_socket(request, server_side=True)) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away, or refuses the certificate, is nothing to tell of."""


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, by :meth:`get` and :meth:`post`.

    Attributes:
        fixed: the headers of every answer.
        methods: that it has.
    """

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    fixed: ClassVar[Mapping[str, str]] = HEADERS
    methods: ClassVar[str] = "GET, HEAD"

    def get(self) -> None:
        """Answers GET, and HEAD, to which nothing but headers is sent."""
        raise NotImplementedError

    def post(self) -> None:
        """Answers POST."""
        self.send_error(HTTPStatus.NOT_IMPLEMENTED)

    def parse_request(self) -> bool:
        """Refuses requests under a name that is not this machine's: a page of somebody else may have sent them."""
        if not super().parse_request():
            return False
        if all(is_own_host(host) for host in self.headers.get_all("Host", ())):
            return True
        self.say(HTTPStatus.MISDIRECTED_REQUEST, CLOSE, _STRANGE_NAME)
        return False

    def say(self, status: HTTPStatus, more: Mapping[str, str] | None = None, sentence: str = "") -> None:
        """An answer without a file: a line of text, where there can be one."""
        if status == HTTPStatus.NO_CONTENT:
            self.send(status, b"", more or {})
        else:
            text = f"{status.value} {status.phrase}{sentence and ': '}{sentence}\n".encode()
            about = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(text))}
            self.send(status, text, {**about, **(more or {})})

    def send(self, status: HTTPStatus, content: bytes, headers: Mapping[str, str]) -> None:
        """An answer with its headers, and as much of its content as is here."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self) -> None:
        self.get()

    def do_HEAD(self) -> None:
        self.get()

    def do_POST(self) -> None:
        self.post()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What cannot be understood, and methods that there are not. Whatever was sent along is left unread."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        with contextlib.suppress(OSError):
            self.say(status, {"Allow": self.methods, **CLOSE})

    def end_headers(self) -> None:
        """Every answer has them all."""
        for name, value in self.fixed.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        """Python's version is nobody's business."""
        return f"EdgeKit/{__version__}"

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads along."""


class _Redirect(Handler):
    """Answers somebody who typed http at a server of https."""

    def get(self) -> None:
        host = self.headers.get("Host", "")
        if split_target(self.path) is None or not host.isascii() or not host.isprintable() or "/" in host:
            self.say(HTTPStatus.BAD_REQUEST, CLOSE)
        else:
            self.say(HTTPStatus.PERMANENT_REDIRECT, {"Location": f"https://{host}{self.path}", **CLOSE})
