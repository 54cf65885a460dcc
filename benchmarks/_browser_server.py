"""A small server on this machine for pages that are isolated, whose WebAssembly may have threads, and that are not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePath

from edgekit.web.headers import type_of

ISOLATING = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@contextmanager
def serve(folder: Path, *, isolated: bool) -> Iterator[str]:
    """The address of a folder, ``http://127.0.0.1:PORT/``."""
    headers = {"Cache-Control": "no-store", **(ISOLATING if isolated else {})}
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, headers, directory=str(folder))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, headers: dict[str, str], *args: object, **options: object) -> None:
        self._headers = headers
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def end_headers(self) -> None:
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def guess_type(self, path: object) -> str:
        return type_of(PurePath(str(path)))

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
