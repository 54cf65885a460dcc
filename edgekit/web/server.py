"""A server for a folder: files and nothing else, to as many browsers as come."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import socketserver
import ssl
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from edgekit.errors import UsageError
from edgekit.version import __version__
from edgekit.web.headers import HEADERS, type_of
from edgekit.web.paths import find_file, is_folder, split_target

THIS_MACHINE, EVERY_NETWORK = "127.0.0.1", "0.0.0.0"

DEFAULT_PORT = 8000

_PORTS_TRIED = 20
"""From the default one on, where nobody asked for a certain one."""

_IDLE_SECONDS = 60.0
"""A connection on which nothing happens for so long is closed; browsers open them again."""

_HANDSHAKE = 0x16
"""The first byte of TLS: a record of the type "handshake", RFC 8446, section 5.1."""

_CHUNK = 256 * 1024


class SiteServer:
    """Serves a folder until it is closed. It listens from the beginning, and answers with :meth:`run` or :meth:`start`.

    Args:
        folder: the site; links in it that lead elsewhere, and hidden files, are not there for a browser.
        host: :data:`THIS_MACHINE`, or :data:`EVERY_NETWORK` that it is in.
        port: 0 for any free one; ``None`` for :data:`DEFAULT_PORT`, or the next that is free.
        tls: for https. A browser that comes with http is sent to https.

    Raises:
        UsageError: the port is taken, or not for everybody.
    """

    def __init__(
        self, folder: Path, host: str = THIS_MACHINE, port: int | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server = _listen(host, port, folder.resolve(), tls)
        self._thread: threading.Thread | None = None
        self.port: int = self._server.server_address[1]
        self.scheme = "http" if tls is None else "https"

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        return self.url_at(THIS_MACHINE)

    def url_at(self, host: str) -> str:
        """For a browser that reaches this machine under a name or an IPv4 address."""
        return f"{self.scheme}://{host}:{self.port}/"

    def run(self) -> None:
        """Answers until Ctrl-C, which is raised as ``KeyboardInterrupt``."""
        self._server.serve_forever()

    def start(self) -> None:
        """Answers in the background."""
        self._thread = threading.Thread(target=self._server.serve_forever, name="edgekit-serve", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening; downloads in progress end with the process."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> SiteServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # On Windows it would let two servers have the same port.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], folder: Path, tls: ssl.SSLContext | None) -> None:
        self.folder = folder
        self.tls = tls
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """As the base class's, which also looks up the machine's name: that may take seconds without a network."""
        socketserver.TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Runs in the thread of the connection, so that one which never speaks holds up nobody."""
        request.settimeout(_IDLE_SECONDS)
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        first = request.recv(1, socket.MSG_PEEK)
        if first and first[0] != _HANDSHAKE:
            _Redirect(request, client_address, self)
            return
        with contextlib.closing(self.tls.wrap_socket(request, server_side=True)) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away, or refuses the certificate, is nothing to tell of."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what was sent along is not read, and must not be taken for a request
        names = split_target(self.path)
        if names is None:
            self._say(HTTPStatus.NOT_FOUND)
            return
        path = find_file(self.server.folder, names)
        if path is None:
            if is_folder(self.server.folder, names):
                self._say(HTTPStatus.MOVED_PERMANENTLY, {"Location": f"./{quote(names[-1])}/"})
            else:
                self._say(HTTPStatus.NOT_FOUND)
            return
        try:
            file = path.open("rb")
        except OSError:
            self._say(HTTPStatus.NOT_FOUND)
            return
        with file:
            self._send(file, type_of(path), with_body)

    def _send(self, file: BinaryIO, kind: str, with_body: bool) -> None:
        about = os.fstat(file.fileno())
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}-{about.st_ino:x}"'
        if tag in self.headers.get("If-None-Match", ""):
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(about.st_size))
        self.send_header("ETag", tag)
        self.end_headers()
        left = about.st_size if with_body else 0
        while left > 0:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:  # it was cut meanwhile: the browser must not take the rest for whole
                self.close_connection = True
                return
            self.wfile.write(chunk)
            left -= len(chunk)

    def _say(self, status: HTTPStatus, more: dict[str, str] | None = None) -> None:
        """An answer without a file: a line of text."""
        text = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What cannot be understood, and methods that there are not. Whatever was sent along is left unread."""
        self.close_connection = True
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        with contextlib.suppress(OSError):
            self._say(status, {"Allow": "GET, HEAD", "Connection": "close"})

    def end_headers(self) -> None:
        """Every answer has them all."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def version_string(self) -> str:
        """Python's version is nobody's business."""
        return f"EdgeKit/{__version__}"

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads along."""


class _Redirect(_Handler):
    """Answers somebody who typed http at a server of https."""

    def _answer(self, with_body: bool) -> None:
        host = self.headers.get("Host", "")
        self.close_connection = True
        if split_target(self.path) is None or not host.isascii() or not host.isprintable() or "/" in host:
            self._say(HTTPStatus.BAD_REQUEST, {"Connection": "close"})
        else:
            self._say(HTTPStatus.PERMANENT_REDIRECT, {"Location": f"https://{host}{self.path}", "Connection": "close"})


def _listen(host: str, port: int | None, folder: Path, tls: ssl.SSLContext | None) -> _Server:
    ports = range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED) if port is None else (port,)
    for one in ports:
        try:
            return _Server((host, one), folder, tls)
        except OSError as error:
            taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
            if taken and one != ports[-1]:
                continue
            reason = (
                "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
            )
            raise UsageError(f"Port {one} cannot be used ({reason}). Choose another with --port.") from error
        except OverflowError:
            raise UsageError(f"There is no port {one}. Choose one from 1 to 65535.") from None
    raise AssertionError("there is always one port to try")
