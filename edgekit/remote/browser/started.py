"""A browser that is started here, shown one page, and ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from edgekit.errors import TargetError
from edgekit.extras import require
from edgekit.measure.told import one_line
from edgekit.remote.browser.installed import how_to_choose

QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nobody looks at this window, and it is measured all the same.
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
)

GRAPHICS = ("--enable-unsafe-webgpu", "--enable-features=Vulkan", "--ignore-gpu-blocklist")
"""What Chromium on Linux still wants before it shows a page WebGPU."""

SOFTWARE_GRAPHICS = ("--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader", "--enable-unsafe-swiftshader")
"""Where there is no graphics adapter: the processor imitates one, which every result says."""

START_SECONDS = 60.0
_LOOK_MS = 100
_ANSWER_SECONDS = 5.0


class StartedBrowser:
    """One page in a browser of its own, without a window and with an empty profile.

    Args:
        program: of the browser.
        url: of the page.
        lost: called once with a clause that goes on after "The browser" where it ends by itself.
        software_graphics: also where there is an adapter.
        insecure: takes any certificate.

    Raises:
        MissingExtraError: Playwright is not installed.
        TargetError: it does not start.
    """

    def __init__(
        self,
        program: Path,
        url: str,
        lost: Callable[[str], None],
        software_graphics: bool = False,
        insecure: bool = False,
    ) -> None:
        require("Measuring in a browser", "playwright", "browser")
        self._program, self._url, self._lost, self._insecure = program, url, lost, insecure
        self._arguments = [*QUIET, *GRAPHICS, *(SOFTWARE_GRAPHICS if software_graphics else ())]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._arguments.append("--no-sandbox")  # Chromium refuses to start as root with it
        self._started = threading.Event()
        self._ended = threading.Event()
        self._problem: str | None = None
        self._asked, self._told = threading.Event(), threading.Event()
        self._processes: tuple[int, ...] = ()
        # Playwright wants all its calls from one thread.
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()
        if not self._started.wait(START_SECONDS) or self._problem:
            self.close()
            problem = self._problem or "it takes too long"
            raise TargetError(f"{program} does not start as a browser ({problem}). {how_to_choose()}")

    def close(self) -> None:
        """Ends it. A second call does nothing."""
        self._ended.set()
        self._thread.join(START_SECONDS)

    def processes(self) -> tuple[int, ...]:
        """The numbers of the processes that run pages."""
        self._told.clear()
        self._asked.set()
        self._told.wait(_ANSWER_SECONDS)
        return self._processes

    def _live(self) -> None:
        from playwright.sync_api import Error, sync_playwright

        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=self._program, args=self._arguments, timeout=1000 * START_SECONDS
                )
                try:
                    page = browser.new_page(ignore_https_errors=self._insecure)
                    page.on("crash", lambda _: self._end("crashed"))
                    page.goto(self._url, wait_until="commit", timeout=1000 * START_SECONDS)
                    self._started.set()
                    session = browser.new_browser_cdp_session()
                    while not self._ended.is_set() and browser.is_connected():
                        page.wait_for_timeout(_LOOK_MS)  # events are told only while something waits
                        if self._asked.is_set():
                            self._asked.clear()
                            found = session.send("SystemInfo.getProcessInfo")["processInfo"]
                            self._processes = tuple(int(one["id"]) for one in found if one["type"] == "renderer")
                            self._told.set()
                    if not self._ended.is_set():
                        self._end("ended")
                finally:
                    browser.close()
        except Error as error:
            said = str(error).strip().partition("\n")[0].removeprefix("BrowserType.launch: ")
            self._problem = "it ended" if "has been closed" in said else one_line(said, 300)
            if self._started.is_set():
                self._end("ended" if "closed" in str(error) else f"failed ({self._problem})")
        finally:
            self._started.set()

    def _end(self, how: str) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._lost(how)
