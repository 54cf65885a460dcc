"""A server for a folder: files and nothing else, to as many browsers as come."""

from __future__ import annotations

import errno
import os
import ssl
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from edgekit.errors import UsageError
from edgekit.web.headers import type_of
from edgekit.web.listening import Handler, Listener
from edgekit.web.paths import find_file, is_folder, split_target

THIS_MACHINE, EVERY_NETWORK = "127.0.0.1", "0.0.0.0"

DEFAULT_PORT = 8000

_PORTS_TRIED = 20
"""From the default one on, where nobody asked for a certain one."""

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
        self._listener = _listen(host, port, folder.resolve(), tls)
        self.port = self._listener.port
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
        self._listener.serve_forever()

    def start(self) -> None:
        """Answers in the background."""
        self._listener.start()

    def close(self) -> None:
        """Stops listening; downloads in progress end with the process."""
        self._listener.close()

    def __enter__(self) -> SiteServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Files(Handler):
    def __init__(self, *connection: Any, folder: Path) -> None:
        self._folder = folder
        super().__init__(*connection)

    def get(self) -> None:
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # what was sent along is not read, and must not be taken for a request
        names = split_target(self.path)
        if names is None:
            self.say(HTTPStatus.NOT_FOUND)
            return
        path = find_file(self._folder, names)
        if path is None:
            if is_folder(self._folder, names):
                self.say(HTTPStatus.MOVED_PERMANENTLY, {"Location": f"./{quote(names[-1])}/"})
            else:
                self.say(HTTPStatus.NOT_FOUND)
            return
        try:
            file = path.open("rb")
        except OSError:
            self.say(HTTPStatus.NOT_FOUND)
            return
        with file:
            self._send_file(file, type_of(path))

    def _send_file(self, file: BinaryIO, kind: str) -> None:
        about = os.fstat(file.fileno())
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}-{about.st_ino:x}"'
        if tag in self.headers.get("If-None-Match", ""):
            self.send(HTTPStatus.NOT_MODIFIED, b"", {"ETag": tag})
            return
        self.send(HTTPStatus.OK, b"", {"Content-Type": kind, "Content-Length": str(about.st_size), "ETag": tag})
        left = about.st_size if self.command != "HEAD" else 0
        while left > 0:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:  # it was cut meanwhile: the browser must not take the rest for whole
                self.close_connection = True
                return
            self.wfile.write(chunk)
            left -= len(chunk)


def _listen(host: str, port: int | None, folder: Path, tls: ssl.SSLContext | None) -> Listener:
    ports = range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED) if port is None else (port,)
    for one in ports:
        try:
            return Listener((host, one), partial(_Files, folder=folder), tls)
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
