"""A site with a small model, for the tests of the page."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import edgekit
from edgekit.progress import SILENT
from edgekit.spec import ImageFormat, Label, image_classifier
from edgekit.web.server import SiteServer
from tests.conftest import REPOSITORY, missing
from tests.once import kept_folder

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

LOADED_MS = 60_000
"""What a model may take to load on a machine that does something else, too; in practice a second."""

SHOWN = 0.06
"""Percent: the page shows a tenth, rounded."""

SAME_BARS = f"""([winner, ...shares]) => {{
  const shown = [...document.querySelectorAll("#bars .share")].map((share) => share.textContent);
  return document.querySelector("#winner").textContent === winner && shown.length === shares.length &&
    shares.every((share, place) => /[<>]/.test(shown[place]) || Math.abs(share - parseFloat(shown[place])) < {SHOWN});
}}"""

AXE = REPOSITORY / "targets" / "browser" / "node_modules" / "axe-core" / "axe.min.js"


@functools.cache
def make_site() -> Path:
    """A classifier with random weights, whose answers depend on the photo, exported to a site. Made once."""
    pytest.importorskip("tensorflow", reason="needs the extra 'tensorflow'")
    import keras

    keras.utils.set_random_seed(5)
    pixels = keras.Input((56, 56, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    x = keras.layers.Conv2D(8, 5, 3, activation="relu")(x)
    x = keras.layers.Conv2D(12, 3, 2, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    wide = keras.initializers.RandomNormal(stddev=4)
    model = keras.Model(pixels, keras.layers.Dense(6, "softmax", kernel_initializer=wide)(x))
    labels = tuple(Label(f"c{i}", {"en": f"thing {i}"}) for i in range(6))
    folder = kept_folder() / "site"
    spec = image_classifier("things", labels, ImageFormat(56, 56))
    edgekit.export(model, "browser:fp32", folder, spec=spec, progress=SILENT)
    return folder


def jpegs(shared_data: Path, count: int) -> list[Path]:
    """Some validation photos of all classes."""
    return sorted((shared_data / "flowers-224" / "val").glob("*/*.jpg"))[:: 550 // count][:count]


def expected_bars(site: Path, photo: Path) -> list[tuple[str, float]]:
    """What Python answers: names and percentages."""
    with edgekit.load(site / "models" / "things.fp32.tflite") as model:
        return [(one.name, 100 * one.probability) for one in model.classify(photo)]


@dataclass
class Visit:
    """One visit to the page, with all that it asked for and complained of."""

    page: Page
    origin: str
    requests: list[str]
    complaints: list[str]

    def bars(self) -> list[tuple[str, float]]:
        """Names and percentages that are shown."""
        rows = self.page.eval_on_selector_all(
            "#bars li", "rows => rows.map(row => [...row.children].map(x => x.textContent))"
        )
        edges = {"< 0.1 %": 0.0, "> 99.9 %": 100.0}
        return [(name, edges[share] if share in edges else float(share.strip(" %"))) for name, share, _ in rows]

    def wait_until_loaded(self) -> None:
        """Until a model is there, or a message why not."""
        self.page.wait_for_selector("#measure:not([disabled]), #problem:not([hidden])", timeout=LOADED_MS)

    def problem(self) -> str:
        """The message that is shown, once there is one."""
        self.page.wait_for_selector("#problem:not([hidden])", timeout=LOADED_MS)
        return self.page.inner_text("#problem-text")

    def shows(self, bars: list[tuple[str, float]]) -> None:
        """Waits for these bars."""
        from playwright.sync_api import TimeoutError

        with contextlib.suppress(TimeoutError):
            self.page.wait_for_function(SAME_BARS, arg=[bars[0][0], *(share for _, share in bars)], timeout=15_000)
        names, shares = zip(*self.bars(), strict=True)
        assert self.page.inner_text("#winner") == bars[0][0]
        assert names == tuple(name for name, _ in bars)
        assert shares == pytest.approx([share for _, share in bars], abs=SHOWN)

    def check_accessibility(self) -> None:
        """Axe finds nothing. It comes over the debugger: the page's policy lets no foreign script in."""
        if not AXE.is_file():
            missing(f"{AXE} is missing; fetch it with: make setup")
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        script = "axe.run().then(({violations: all}) => all.map(one => `${one.id}: ${one.nodes.map(n => n.html)}`))"
        answer = devtools.send("Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True})
        assert answer["result"]["value"] == []
        devtools.detach()


def visit(context: BrowserContext, url: str, engine: str = "wasm", *, wait: bool = True) -> Visit:
    """Opens the page with an engine of TensorFlow.js or LiteRT.js; an empty one lets the page choose."""
    page = context.new_page()
    page.set_default_timeout(LOADED_MS)
    requests: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', event => console.error('policy', event.violatedDirective))"
    )
    page.goto(f"{url}#engine={engine}" if engine else url)
    opened = Visit(page, url, requests, complaints)
    if wait:
        opened.wait_until_loaded()
    return opened


def serve_folder(folder: Path) -> Any:
    """``edgekit serve`` without its words, for ``with``."""
    server = SiteServer(folder, port=0)
    server.start()
    return server
