"""The page without a network, on other hosts, after an update, and where the site is damaged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.page_site import expected_bars, jpegs, make_site, serve_folder, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Serve = Callable[..., str]

SHARE = """async ([data]) => {
  const bytes = Uint8Array.from(data);
  const form = new FormData();
  form.append("photo", new File([bytes], "shared.jpg", { type: "image/jpeg" }));
  const answer = await fetch("share", { method: "POST", body: form });
  return [answer.redirected, new URL(answer.url).search];
}"""


@pytest.fixture
def site(built_page: Path, tmp_path: Path) -> Path:
    """A copy to do harm to."""
    assert built_page.is_dir()
    whole = make_site()
    copy = shutil.copytree(whole, tmp_path / "site", ignore=shutil.ignore_patterns("wasm"))
    # Of 20 MB, which no test writes to, names are enough.
    shutil.copytree(whole / "wasm", copy / "wasm", copy_function=os.link)
    return copy


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context(locale="en-GB") as opened:
        yield opened


@pytest.fixture
def photo(shared_data: Path) -> Path:
    return jpegs(shared_data, 4)[2]


def wait_until_kept(page: object) -> None:
    page.wait_for_function("() => document.querySelector('#offline').textContent !== ''")  # type: ignore[attr-defined]


def test_after_the_first_visit_no_server_is_needed(context: BrowserContext, site: Path, photo: Path) -> None:
    with serve_folder(site) as server:
        first = visit(context, server.url)
        wait_until_kept(first.page)
        first.page.close()
        url = server.url
    again = visit(context, url)
    again.page.set_input_files("#pick", photo)
    again.shows(expected_bars(site, photo))
    assert again.page.is_hidden("#problem")


DAMAGE = """async () => {
  const names = (await caches.keys()).filter((name) => name.startsWith("edgekit-site "));
  let damaged = 0;
  for (const cache of await Promise.all(names.map((name) => caches.open(name)))) {
    for (const key of await cache.keys()) {
      if (!/[0-9a-f]{64}$/.test(key.url)) continue;
      await cache.put(key, new Response("alert('not what was exported')"));
      damaged += 1;
    }
  }
  return damaged;
}"""


def test_what_somebody_else_wrote_into_the_cache_is_never_served(context: BrowserContext, site: Path) -> None:
    with serve_folder(site) as server:
        first = visit(context, server.url)
        wait_until_kept(first.page)
        assert first.page.evaluate(DAMAGE) > 5
        first.page.reload()
        first.wait_until_loaded()
        assert first.page.is_hidden("#problem")
        assert first.complaints == []


LEFT = """async () => [
  (await navigator.serviceWorker.getRegistrations()).length,
  (await caches.keys()).length,
]"""


class Files(SimpleHTTPRequestHandler):
    """As ``python -m http.server``. Each request has a connection of its own, so that none outlives its server."""

    def end_headers(self) -> None:
        """Lets browsers keep it, too: with ``Last-Modified`` alone they do so the longer, the older it is."""
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class OnePage(Files):
    """Sends its page whatever it is asked for, as servers of single-page apps do."""

    def translate_path(self, path: str) -> str:
        return super().translate_path("/index.html")


class Locked(Files):
    """Sends everybody to its door-keeper first."""

    def do_GET(self) -> None:
        if self.path == "/login":
            self.path = "/index.html"
            super().do_GET()
            return
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", "/login")
        self.send_header("Content-Length", "0")
        self.end_headers()


class Broken(Files):
    """Is there, and has nothing to say."""

    def do_GET(self) -> None:
        self.send_error(HTTPStatus.BAD_GATEWAY)


@contextmanager
def serving(kind: type[Files], folder: Path, port: int = 0) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(kind, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def kept(context: BrowserContext, site: Path) -> tuple[Page, int]:
    """A page that works offline, and the port of its server, which has gone."""
    with serving(Files, site) as port:
        visited = visit(context, f"http://127.0.0.1:{port}/")
        wait_until_kept(visited.page)
        visited.page.goto("about:blank")
    return visited.page, port


@pytest.mark.parametrize("kind", [Files, OnePage, Locked])
def test_another_program_at_the_same_address_is_not_hidden(
    kept: tuple[Page, int], tmp_path: Path, kind: type[Files]
) -> None:
    page, port = kept
    (tmp_path / "index.html").write_text("<!doctype html><title>Other</title><p>Another program")
    with serving(kind, tmp_path, port):
        for _ in range(3):
            page.goto(f"http://127.0.0.1:{port}/")
            assert page.inner_text("p") == "Another program"
        # Nothing of the site is left, neither its worker nor its files.
        assert page.evaluate(LEFT) == [0, 0]


def test_a_server_in_trouble_does_not_take_the_page_away(kept: tuple[Page, int], site: Path) -> None:
    page, port = kept
    for kind in (Broken, Files):
        with serving(kind, site, port):
            page.goto(f"http://127.0.0.1:{port}/")
            page.wait_for_selector("#measure:not([disabled]), #problem:not([hidden])")
            assert page.is_hidden("#problem")
            assert page.evaluate(LEFT) == [1, 2]


def test_a_new_version_of_the_site_is_there_at_the_next_visit(context: BrowserContext, site: Path) -> None:
    with serve_folder(site) as server:
        first = visit(context, server.url)
        wait_until_kept(first.page)
        page = (site / "index.html").read_text(encoding="utf-8").replace("Show it a picture", "Show me something")
        replace(site, "index.html", page)
        first.page.reload()
        first.wait_until_loaded()
        assert "Show me something" in first.page.inner_text("#view")


def test_threads_are_there_at_the_second_visit_to_a_host_without_the_headers(
    context: BrowserContext, serve: Serve, site: Path
) -> None:
    names = ("Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy", "Cross-Origin-Resource-Policy")
    visited = visit(context, serve(site, headers=dict.fromkeys(names, "")))
    assert visited.page.evaluate("crossOriginIsolated") is False
    wait_until_kept(visited.page)
    visited.page.reload()
    visited.wait_until_loaded()
    assert visited.page.evaluate("crossOriginIsolated") is True
    assert visited.complaints == []


def test_a_photo_shared_by_another_app_is_recognised(context: BrowserContext, site: Path, photo: Path) -> None:
    with serve_folder(site) as server:
        visited = visit(context, server.url)
        wait_until_kept(visited.page)
        assert visited.page.evaluate(SHARE, [list(photo.read_bytes())]) == [True, "?shared"]
        visited.page.goto(f"{server.url}?shared#engine=wasm")
        visited.shows(expected_bars(site, photo))
        assert "shared" not in visited.page.url


def test_a_damaged_model_says_so(context: BrowserContext, site: Path) -> None:
    (shard,) = (site / "models" / "things.fp32.tfjs").glob("*.bin")
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with serve_folder(site) as server:
        visited = visit(context, server.url)
        assert shard.name in visited.problem()
        assert visited.page.is_disabled("#measure")
        # The other model is whole, and choosing it helps.
        visited.page.check("input[value='things.fp32.tflite']")
        visited.page.wait_for_selector("#measure:not([disabled])")
        assert visited.page.is_hidden("#problem")


def test_missing_webassembly_says_so(context: BrowserContext, site: Path) -> None:
    shutil.rmtree(site / "wasm")
    with serve_folder(site) as server:
        visited = visit(context, server.url)
        message = visited.problem()
        assert "/wasm/" in message, "it names the file"
        assert "Error:" not in message
        assert "undefined" not in message


@pytest.mark.parametrize("content", [None, "no json", '{"schema": 1, "name": "empty", "models": []}'])
def test_a_manifest_that_is_none_says_so(context: BrowserContext, site: Path, content: str | None) -> None:
    (site / "manifest.json").unlink()
    if content is not None:
        (site / "manifest.json").write_text(content, encoding="utf-8")
    with serve_folder(site) as server:
        message = visit(context, server.url).problem()
        assert "manifest.json" in message or "edgekit export" in message


def replace(site: Path, name: str, text: str) -> None:
    """A file with its line in the manifest, as an export writes both."""
    (site / name).write_text(text, encoding="utf-8")
    manifest = json.loads((site / "manifest.json").read_text(encoding="utf-8"))
    for listed in manifest["app"]:
        if listed["path"] == name:
            data = (site / name).read_bytes()
            listed.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    (site / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
