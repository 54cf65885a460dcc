"""The page in a real Chromium, served as ``edgekit serve`` does: photos, camera, keyboard, screen reader, policy."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.browser.conftest import FLAGS, SOFTWARE_GPU
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


@dataclass(frozen=True)
class Camera:
    """A browser whose camera shows one photo, and Python's best class for that."""

    browser: Browser
    best: str


@pytest.fixture(scope="module")
def camera(
    chromium: Browser, chromium_path: str, site: Path, photo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Camera]:
    folder = tmp_path_factory.mktemp("camera")
    frame, film = folder / "frame.jpg", folder / "camera.mjpeg"
    Image.open(photo).resize((640, 480)).save(frame, quality=95)
    film.write_bytes(frame.read_bytes() * 3)
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    source = f"--use-file-for-fake-video-capture={film}"
    args = [*FLAGS, *SOFTWARE_GPU, *fake, source]
    browser = chromium.browser_type.launch(executable_path=chromium_path, args=args)
    yield Camera(browser, expected_bars(site, frame)[0][0])
    browser.close()


def give(visited: Visit, kind: str, photo: Path) -> None:
    """Drops or pastes a photo."""
    data = base64.b64encode(photo.read_bytes()).decode()
    visited.page.evaluate(GIVE_FILE, [kind, data, photo.name, "image/jpeg"])


@pytest.mark.parametrize("engine", ["wasm", "webgl", "webgpu", "cpu", "litert-wasm", "litert-webgpu"])
def test_photos_pasted_ones_and_the_camera_get_pythons_answer_in_every_engine(
    camera: Camera, url: str, site: Path, shared_data: Path, engine: str
) -> None:
    for visited in opened(camera.browser, url, engine, permissions=["camera"]):
        tab = visited.page
        assert tab.is_hidden("#problem"), tab.inner_text("#problem-text")
        *picked, pasted = jpegs(shared_data, 3)
        for photo in picked:
            tab.set_input_files("#pick", photo)
            visited.shows(expected_bars(site, photo))
        assert tab.inner_text("#seen-size") == "56 × 56, colour"
        give(visited, "paste", pasted)
        visited.shows(expected_bars(site, pasted))
        assert tab.eval_on_selector_all("#tray li", "all => all.length") == 3
        tab.click("#camera")
        tab.wait_for_function("() => document.querySelector('#live-text').textContent.includes(' a second, ')")
        tab.wait_for_function("name => document.querySelector('#winner').textContent === name", arg=camera.best)
        assert tab.is_checked(f"input[value='{engine}']")
        assert visited.complaints == []


def test_a_photo_can_be_dropped_and_pasted(page: Visit, site: Path, shared_data: Path) -> None:
    for kind, photo in zip(("drop", "paste"), jpegs(shared_data, 2), strict=True):
        give(page, kind, photo)
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
    page.page.wait_for_selector("#view[data-state=empty]")
    page.page.set_input_files("#pick", photo)
    page.page.wait_for_selector("#problem", state="hidden")


def test_the_camera_is_announced_and_a_picture_of_it_kept(camera: Camera, url: str) -> None:
    for visited in opened(camera.browser, url, permissions=["camera"]):
        tab = visited.page
        tab.click("#camera")
        # It is said once it stands, not with each frame.
        tab.wait_for_function("name => document.querySelector('#status').textContent.startsWith(name)", arg=camera.best)
        visited.check_accessibility()
        tab.click("#keep")
        tab.wait_for_selector("#view[data-state=photo]")
        tab.wait_for_function("() => document.querySelector('#video').srcObject === null")
        assert tab.inner_text("#winner") == camera.best
        assert visited.complaints == []


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


@pytest.mark.parametrize("width", [360, 1280])
def test_names_of_any_length_stay_on_the_screen(chromium: Browser, url: str, photo: Path, width: int) -> None:
    for visited in opened(chromium, url, viewport={"width": width, "height": 740}):
        write = "([where, text]) => document.querySelectorAll(where).forEach(one => (one.textContent = text))"
        for text in ("x" * 200, "a name of many words " * 12, "أزهار التوليب البرية في الجبال العالية " * 4):
            for where in ("#name", "#classes li"):
                visited.page.evaluate(write, [where, text])
            assert visited.page.evaluate("document.documentElement.scrollWidth") == width
        visited.page.set_input_files("#pick", [photo, photo])
        visited.page.wait_for_selector("#tray:not([hidden])")
        for text in ("x" * 200, "a name of many words " * 12):
            visited.page.evaluate(write, ["#winner, #bars .name, #tray span, #problem-text", text])
            assert visited.page.evaluate("document.documentElement.scrollWidth") == width


def test_a_site_without_its_manifest_says_so_and_offers_nothing(chromium: Browser, site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "site", ignore=shutil.ignore_patterns("manifest.json", "models"))
    with serve_folder(tmp_path / "site") as server:
        for visited in opened(chromium, server.url):
            assert "manifest.json cannot be fetched" in visited.problem()
            assert "the whole folder" in visited.problem()
            assert visited.page.is_hidden("#pick")
            assert visited.page.is_hidden("#measure")
            visited.check_accessibility()


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


def test_a_link_to_another_choice_is_followed_in_an_open_tab(page: Visit, site: Path, photo: Path) -> None:
    tab = page.page
    tab.set_input_files("#pick", photo)
    tab.evaluate("location.hash = 'model=things.fp32.tflite&engine=litert-wasm'")
    tab.wait_for_selector("input[value='litert-wasm']:checked")
    page.wait_until_loaded()
    assert "LiteRT.js" in tab.inner_text("#why")
    page.shows(expected_bars(site, photo))


def test_no_photo_has_the_answer_to_another_where_a_model_cannot_be_loaded(
    chromium: Browser, url: str, site: Path, shared_data: Path
) -> None:
    first, second = jpegs(shared_data, 2)
    for visited in opened(chromium, url, service_workers="block"):
        tab = visited.page
        tab.set_input_files("#pick", first)
        visited.shows(expected_bars(site, first))
        tab.context.route("**/*.tflite", lambda route: route.fulfill(body=b"no model"))
        tab.check("input[value='things.fp32.tflite']")
        tab.wait_for_selector("#problem", state="visible")
        told = visited.problem()
        assert told
        assert told in tab.inner_text("#why")
        assert tab.is_hidden("#answered")
        tab.set_input_files("#pick", second)
        tab.wait_for_function("name => document.querySelector('#photo').alt === name", arg=second.name)
        assert tab.is_hidden("#answered")
        assert visited.problem() == told
        tab.check("input[value='things.fp32.tfjs']")
        visited.shows(expected_bars(site, second))
        assert tab.is_hidden("#problem")


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


@pytest.mark.parametrize("engine", ["webgl", "litert-webgpu"])
def test_without_its_graphics_processor_the_page_goes_on_and_says_so(
    chromium: Browser, chromium_path: str, url: str, site: Path, shared_data: Path, engine: str
) -> None:
    first, second = jpegs(shared_data, 2)
    browser = chromium.browser_type.launch(executable_path=chromium_path, args=[*FLAGS, *SOFTWARE_GPU])
    try:
        for visited in opened(browser, url, engine):
            tab = visited.page
            assert tab.is_hidden("#problem"), tab.inner_text("#problem-text")
            tab.set_input_files("#pick", first)
            visited.shows(expected_bars(site, first))
            with contextlib.suppress(Exception):  # it answers no more
                browser.new_browser_cdp_session().send("Browser.crashGpuProcess")
            tab.set_input_files("#pick", second)
            assert "has lost the graphics processor" in visited.problem()
            visited.shows(expected_bars(site, second))
            stand_in = "wasm" if engine == "webgl" else "litert-wasm"
            assert tab.is_checked(f"input[value='{stand_in}']")
            assert "on WebAssembly runs the model instead" in visited.problem()
            assert f"engine={engine}" in tab.url, "the next visit may find all well again"
            tab.click("#measure")
            tab.wait_for_selector("#measured:not([hidden])")
    finally:
        browser.close()
