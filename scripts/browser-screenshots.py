#!/usr/bin/env python
"""Takes the pictures of the browser's page that are in the docs: phone and desktop, light and dark, and its benchmark.

    edgekit demo -o DEMO
    scripts/browser-screenshots.py DEMO/fruit.keras [FOLDER]

The model is that of the demo. What it is shown is drawn here, so that the docs hold nobody's photos. Each file is below
200 KB. Needs an installed Chromium and the extra ``browser``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

import edgekit
from edgekit.progress import SILENT
from edgekit.remote.browser.installed import find_browser
from edgekit.web.server import SiteServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
LIMIT = 200_000
DESKTOP, PHONE = (1280, 860, 1), (390, 844, 2)

SCENE = """<svg xmlns="http://www.w3.org/2000/svg" width="960" height="720" viewBox="0 0 960 720">
<defs>
<radialGradient id="ball" cx="0.35" cy="0.3" r="0.8"><stop stop-color="{light}"/>
<stop offset="0.45" stop-color="{main}"/><stop offset="1" stop-color="{dark}"/></radialGradient>
<radialGradient id="shadow"><stop stop-color="#000" stop-opacity="0.5"/><stop offset="1" stop-opacity="0"/>
</radialGradient>
</defs>
<rect width="960" height="720" fill="{wall}"/><rect y="520" width="960" height="200" fill="{table}"/>
<ellipse cx="500" cy="596" rx="300" ry="44" fill="url(#shadow)"/>{fruit}</svg>"""


def grapes() -> str:
    """A bunch of purple grapes."""
    rows = [(480 + 104 * (place - (4 - row) / 2), 200 + 86 * row) for row in range(5) for place in range(5 - row)]
    balls = "".join(f'<circle cx="{x}" cy="{y}" r="60" fill="url(#ball)"/>' for x, y in rows)
    stem = '<path d="M478 150q-6-50 24-84" stroke="#6b4a2a" stroke-width="14" fill="none" stroke-linecap="round"/>'
    colors = {"light": "#d58cf0", "main": "#9b3cc4", "dark": "#5a1480"}
    room = {"wall": "#ddd2c0", "table": "#b59a78"}
    return SCENE.format(fruit=stem + balls, **colors, **room)


def orange() -> str:
    """An orange."""
    pores = "".join(
        f'<circle cx="{480 + 28 * ((7 * k) % 11 - 5)}" cy="{380 + 28 * ((4 * k) % 11 - 5)}" r="6" fill="#c25f00"/>'
        for k in range(11)
    )
    ball = '<circle cx="480" cy="380" r="236" fill="url(#ball)"/>'
    colors = {"light": "#ffb354", "main": "#f08a10", "dark": "#b95c00"}
    room = {"wall": "#97b1b6", "table": "#5f7a80"}
    return SCENE.format(fruit=ball + pores, **colors, **room)


def banana() -> str:
    """A banana."""
    body = '<path d="M190 300C240 640 690 660 790 330C650 500 360 480 190 300Z" fill="url(#ball)"/>'
    ends = '<circle cx="196" cy="304" r="20" fill="#57401a"/><circle cx="784" cy="338" r="20" fill="#57401a"/>'
    colors = {"light": "#f7e05a", "main": "#e6c420", "dark": "#b8930c"}
    room = {"wall": "#c3cad8", "table": "#8a94a8"}
    return SCENE.format(fruit=body + ends, **colors, **room)


def apple() -> str:
    """A green apple."""
    ball = '<ellipse cx="480" cy="376" rx="236" ry="220" fill="url(#ball)"/>'
    stem = '<path d="M480 186q4-60 40-92" stroke="#6b4a2a" stroke-width="16" fill="none" stroke-linecap="round"/>'
    colors = {"light": "#d8ee8a", "main": "#9cc43a", "dark": "#5f8a1c"}
    room = {"wall": "#b5bdc8", "table": "#6d7a8a"}
    return SCENE.format(fruit=ball + stem, **colors, **room)


def draw(browser: Browser, scene: str) -> bytes:
    """A drawing as a JPEG."""
    page = browser.new_page(viewport={"width": 960, "height": 720})
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{scene}")
    data = page.screenshot(type="jpeg", quality=92)
    page.close()
    return data


def save(data: bytes, path: Path) -> None:
    """A PNG, of 256 colours where all of them would make it too large."""
    picture = Image.open(BytesIO(data)).convert("RGB")
    picture.save(path, optimize=True)
    if path.stat().st_size > LIMIT:
        picture.quantize(256, kmeans=3, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    if path.stat().st_size > LIMIT:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes; the docs take at most {LIMIT:,}.")
    print(f"{path}: {path.stat().st_size:,} bytes")


def take(browser: Browser, url: str, size: tuple[int, int, int], scheme: str, pictures: list[bytes]) -> Page:
    """The page with the last picture's answer."""
    width, height, scale = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=scale,
        is_mobile=size == PHONE,
        has_touch=size == PHONE,
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#measure:not([disabled])")
    files = [{"name": f"{place}.jpg", "mimeType": "image/jpeg", "buffer": data} for place, data in enumerate(pictures)]
    page.set_input_files("#pick", files)  # type: ignore[arg-type]
    page.wait_for_selector("#answered:not([hidden])")
    for _ in range(6):  # until nothing is cold, and the bars have come to rest
        page.wait_for_timeout(700)
        page.click("#tray button >> nth=0")
    page.wait_for_timeout(1500)
    page.evaluate("scrollTo(0, 0)")
    return page


def measure(page: Page, count: int) -> None:
    """The benchmark of what is chosen, which is then the page's ``count``-th."""
    page.wait_for_selector("#measure:not([disabled])")
    page.click("#measure")
    page.wait_for_function(
        "count => document.querySelectorAll('#rows tr').length === count", arg=count, timeout=120_000
    )
    page.wait_for_timeout(500)


def main(model: Path, folder: Path) -> None:
    """Writes the pictures."""
    program = find_browser()
    scenes: dict[str, Callable[[], str]] = {"grapes": grapes, "banana": banana, "orange": orange, "apple": apple}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        site = Path(place) / "site"
        edgekit.export(model, "browser", site, progress=SILENT)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        pictures = {name: draw(browser, scene()) for name, scene in scenes.items()}
        with SiteServer(site, port=0) as server:
            server.start()
            for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
                for scheme, last in (("light", "grapes"), ("dark", "apple")):
                    order = [data for other, data in pictures.items() if other != last] + [pictures[last]]
                    page = take(browser, server.url, size, scheme, order)
                    save(page.screenshot(), folder / f"browser-{name}-{scheme}.png")
                    if (name, scheme) == ("desktop", "light"):
                        measure(page, 1)
                        page.check("input[value$='.fp32.tflite']")
                        measure(page, 2)
                        save(page.locator("#measured").screenshot(), folder / "browser-benchmark.png")
                    page.context.close()
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else IMAGES)
