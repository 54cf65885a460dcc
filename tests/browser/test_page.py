"""The page in a real Chromium, served as ``edgekit serve`` does: photos, camera, keyboard, screen reader, policy."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.browser.conftest import FLAGS
from tests.browser.page_site import Visit, expected_bars, jpegs, make_site, serve_folder, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GIVE_FILE = """([kind, data, name, type]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true };
  if (kind === "paste") document.dispatchEvent(new ClipboardEvent(kind, { ...options, clipboardData: transfer }));
  else for (const one of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(one, { ...options, dataTransfer: transfer }));
  }
}"""


@pytest.fixture(scope="module")
def site(built_page: Path) -> Path:
    assert built_page.is_dir()
    return make_site()


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    # Below a path, as on most hosts.
    with serve_folder(site.parent) as server:
        yield f"{server.url}{site.name}/"


@pytest.fixture(scope="module")
def photo(shared_data: Path) -> Path:
    return jpegs(shared_data, 4)[1]


def opened(browser: Browser, url: str, engine: str = "wasm", **options: Any) -> Iterator[Visit]:
    context = browser.new_context(locale="en-GB", **options)
    yield visit(context, url, engine)
    context.close()


@pytest.fixture
def page(chromium: Browser, url: str) -> Iterator[Visit]:
    yield from opened(chromium, url)


@pytest.mark.parametrize("engine", ["wasm", "litert-wasm"])
def test_a_picked_photo_gets_pythons_answer(
    chromium: Browser, url: str, site: Path, shared_data: Path, engine: str
) -> None:
    for visited in opened(chromium, url, engine):
        for photo in jpegs(shared_data, 3):
            visited.page.set_input_files("#pick", photo)
            visited.shows(expected_bars(site, photo))
        assert visited.page.inner_text("#seen-size") == "56 × 56, colour"
        assert visited.page.eval_on_selector_all("#tray li", "all => all.length") == 3
        assert visited.complaints == []


def test_a_photo_can_be_dropped_and_pasted(page: Visit, site: Path, shared_data: Path) -> None:
    for kind, photo in zip(("drop", "paste"), jpegs(shared_data, 2), strict=True):
        data = base64.b64encode(photo.read_bytes()).decode()
        page.page.evaluate(GIVE_FILE, [kind, data, photo.name, "image/jpeg"])
        page.page.wait_for_function(
            "count => document.querySelector('#tray').childElementCount === count", arg=1 + (kind == "paste")
        )
        page.shows(expected_bars(site, photo))
        assert page.page.is_hidden("#drop")


def test_what_is_no_photo_is_refused_by_name(page: Visit, photo: Path) -> None:
    page.page.evaluate(GIVE_FILE, ["drop", "", "list.pdf", "application/pdf"])
    assert "list.pdf is not a photo" in page.problem()
    broken = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8 no more"}
    page.page.set_input_files("#pick", [broken])
    page.page.wait_for_function("() => document.querySelector('#problem-text').textContent.includes('broken.jpg')")
    page.page.set_input_files("#pick", photo)
    page.page.wait_for_selector("#problem", state="hidden")


def test_the_camera_is_recognised_live_and_a_picture_kept(
    chromium: Browser, chromium_path: str, url: str, site: Path, photo: Path, tmp_path: Path
) -> None:
    frame = io.BytesIO()
    Image.open(photo).resize((640, 480)).save(frame, "JPEG", quality=95)
    (tmp_path / "frame.jpg").write_bytes(frame.getvalue())
    (tmp_path / "camera.mjpeg").write_bytes(frame.getvalue() * 3)
    best, _ = expected_bars(site, tmp_path / "frame.jpg")[0]
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    source = f"--use-file-for-fake-video-capture={tmp_path / 'camera.mjpeg'}"
    browser = chromium.browser_type.launch(executable_path=chromium_path, args=[*FLAGS, *fake, source])
    try:
        for visited in opened(browser, url, permissions=["camera"]):
            tab = visited.page
            tab.click("#camera")
            tab.wait_for_function("() => document.querySelector('#live-text').textContent.includes(' a second, ')")
            tab.wait_for_function("name => document.querySelector('#winner').textContent === name", arg=best)
            # It is said once it stands, not with each frame.
            tab.wait_for_function("name => document.querySelector('#status').textContent.startsWith(name)", arg=best)
            visited.check_accessibility()
            tab.click("#keep")
            tab.wait_for_selector("#view[data-state=photo]")
            tab.wait_for_function("() => document.querySelector('#video').srcObject === null")
            assert tab.inner_text("#winner") == best
            assert visited.complaints == []
    finally:
        browser.close()


def test_a_forbidden_camera_is_explained(page: Visit) -> None:
    page.page.click("#camera")
    assert "camera" in page.problem()
    assert page.page.is_visible("#camera"), "the buttons come back"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    chromium: Browser, url: str, photo: Path, scheme: Any, width: int
) -> None:
    for visited in opened(chromium, url, viewport={"width": width, "height": 740}, color_scheme=scheme):
        visited.check_accessibility()
        visited.page.set_input_files("#pick", [photo, photo])
        visited.page.wait_for_selector("#tray:not([hidden])")
        visited.page.wait_for_selector("#answered:not([hidden])")
        visited.check_accessibility()
        assert visited.page.evaluate("document.documentElement.scrollWidth") == width


def test_it_works_with_the_keyboard_alone(page: Visit) -> None:
    tab = page.page
    tab.focus("#pick")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "camera"
    tab.focus("input[name=engine]:checked")
    tab.keyboard.press("ArrowUp")  # from WebAssembly to the fastest
    tab.wait_for_function("() => !location.hash.includes('engine')")
    page.wait_until_loaded()
    assert tab.evaluate("document.activeElement.name") == "engine", "the focus stays"
    assert "TensorFlow.js on" in tab.inner_text("#why")


def test_model_and_engine_are_switched_and_stay_in_the_address(page: Visit, site: Path, photo: Path) -> None:
    tab = page.page
    tab.set_input_files("#pick", photo)
    page.shows(expected_bars(site, photo))
    tab.check("input[value='things.fp32.tflite']")
    tab.wait_for_selector("input[value='litert-wasm']")
    page.wait_until_loaded()
    assert "LiteRT.js" in tab.inner_text("#why")
    page.shows(expected_bars(site, photo))
    tab.check("input[value='litert-wasm']")
    tab.reload()
    page.wait_until_loaded()
    assert tab.is_checked("input[value='litert-wasm']")
    assert tab.is_checked("input[value='things.fp32.tflite']")


def test_measuring_shows_percentiles_and_a_histogram_and_copies_json(page: Visit) -> None:
    tab = page.page
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.focus("#measure")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#measured:not([hidden])")
    tab.click("#copy")
    tab.wait_for_function("() => document.querySelector('#copy').innerText.includes('Copied')")
    (copied,) = json.loads(tab.evaluate("navigator.clipboard.readText()"))
    assert copied["model"]["id"] == "things.fp32.tfjs"
    assert copied["engine"]["name"] == "wasm"
    assert len(copied["durations"]) == copied["latency"]["runs"] >= 1
    assert float(tab.inner_text("#median")) == pytest.approx(copied["latency"]["p50"], rel=0.1, abs=0.006)
    counted = f"Histogram of {copied['latency']['runs']} runs"
    assert (tab.get_attribute("#histogram svg", "aria-label") or "").startswith(counted)
    page.check_accessibility()


def test_nothing_leaves_the_origin_and_the_policy_holds(chromium: Browser, url: str, photo: Path) -> None:
    # Without the service worker, whose own requests would be seen by nobody here.
    for visited in opened(chromium, url, engine="", service_workers="block"):
        visited.page.set_input_files("#pick", photo)
        visited.page.wait_for_selector("#answered:not([hidden])")
        assert any(one.endswith(".wasm") for one in visited.requests)
        assert any("/models/" in one for one in visited.requests)
        assert [one for one in visited.requests if not one.startswith((visited.origin, f"blob:{url[:20]}"))] == []
        assert visited.complaints == []
        script = "try { eval('1'); 'allowed' } catch (error) { error.name }"
        assert (
            visited.page.context.new_cdp_session(visited.page).send(
                "Runtime.evaluate", {"expression": script, "allowUnsafeEvalBlockedByCSP": False}
            )["result"]["value"]
            == "EvalError"
        )
