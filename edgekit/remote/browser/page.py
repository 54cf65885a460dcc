"""Opening the page: in a browser of this machine, or by whoever has its address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.errors import TargetError
from edgekit.progress import Progress
from edgekit.remote.browser.installed import find_browser
from edgekit.remote.browser.server import BenchServer
from edgekit.remote.browser.started import StartedBrowser
from edgekit.remote.browser.visits import Visit
from edgekit.web.certificate import own_certificate
from edgekit.web.network import own_addresses
from edgekit.web.page import find_page
from edgekit.web.qr import has_qr, qr_lines
from edgekit.web.server import EVERY_NETWORK

OPENING_SECONDS = 60.0
REMOTE_SECONDS = 600.0
"""For finding the phone, unlocking it and reading a code with its camera."""

PAGE = "bench.html"


@dataclass(frozen=True)
class Page:
    """A page that a browser opens, or has opened.

    Attributes:
        visit: takes jobs.
        seconds: that the browser has to come.
        close: ends all of it, also whoever waits for it; a second call does nothing.
        processes: those that run the page, by their number on this machine; none where they are not known.
    """

    visit: Visit
    seconds: float
    close: Callable[[], None]
    processes: Callable[[], Sequence[int]] = tuple

    def device(self) -> Mapping[str, Any]:
        """What the browser tells of itself. Waits until it has come; where none does, all of it is ended.

        Raises:
            TargetError: none came in time, or it was closed.
        """
        try:
            return self.visit.wait_for_device(self.seconds)
        except BaseException:
            self.close()
            raise


def open_here(progress: Progress, graphics: bool) -> Page:
    """In an installed browser.

    Args:
        progress: told where the page has to be built first.
        graphics: WebGPU is wanted: where there is no graphics adapter, the processor imitates one.

    Raises:
        TargetError: there is no browser, or it does not start.
        MissingExtraError: Playwright is not installed.
        EdgeKitError: the page has not been built, and cannot be.
    """
    program, folder = find_browser(), find_page(progress)
    page = _start(program, folder, software_graphics=False)
    if graphics and page.device().get("webgpu") is None:
        page.close()
        page = _start(program, folder, software_graphics=True)
    return page


def open_remote(progress: Progress, name: str, https: bool = False, seconds: float = REMOTE_SECONDS) -> Page:
    """On another device: tells its address.

    Args:
        progress: told the address.
        name: of the device, for the person who opens it there.
        https: with a certificate of this machine's own, which a person has to accept there.
        seconds: that somebody has to open it there.

    Raises:
        TargetError: this machine is in no network.
        MissingExtraError: what makes certificates is not installed.
        EdgeKitError: the page has not been built, and cannot be.
    """
    addresses = own_addresses()
    if not addresses:
        raise TargetError("This machine is in no network by which another device could reach it. Connect it to one.")
    certificate = own_certificate(addresses) if https else None
    server = BenchServer(find_page(progress), EVERY_NETWORK, certificate.context if certificate else None)
    visit = server.open()
    url = f"http{'s' if https else ''}://{addresses[0]}:{server.port}/{PAGE}#{visit.token}"
    lines = [f"Open this address on {name}, in the same network. It lets one browser in, once:", "", f"  {url}"]
    if certificate is not None:
        lines += ["", f"It warns of the certificate, which is this machine's own. SHA-256: {certificate.fingerprint}"]
    if has_qr():
        lines += ["", *qr_lines(url)]
    progress.say("\n".join(lines))
    return _page(server, visit, seconds)


def _start(program: Path, folder: Path, software_graphics: bool) -> Page:
    server = BenchServer(folder)
    visit = server.open()
    url = f"http://127.0.0.1:{server.port}/{PAGE}#{visit.token}"
    try:
        browser = StartedBrowser(program, url, visit.lose, software_graphics)
    except BaseException:
        server.close()
        raise
    return _page(server, visit, OPENING_SECONDS, browser)


def _page(server: BenchServer, visit: Visit, seconds: float, browser: StartedBrowser | None = None) -> Page:
    def close() -> None:
        visit.finish("All measurements are done. Thank you!")
        if browser is not None:
            browser.close()
        server.close()

    return Page(visit, seconds, close, browser.processes if browser else tuple)
