"""The golden vectors in a real browser: its JavaScript makes the bytes that Pillow makes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.browser.conftest import Serve

PAGE = """
async () => {
    const { createPrepare } = await import("./prepare.js");
    const { cases } = await (await fetch("vectors.json")).json();
    const decode = (text) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
    return cases.map(({ name, mode, fill, color, source, target, expected }) => {
        const format = { width: target.width, height: target.height, color, resize: mode, fill };
        const { width, height, channels, pixels } = source;
        const found = createPrepare(format)({ width, height, channels, data: decode(pixels) });
        const wanted = decode(expected);
        return [name, found.length === wanted.length && found.every((value, place) => value === wanted[place])];
    });
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, repository: Path, node: Path, serve: Serve) -> str:
    """A page with the library's resize and the vectors."""
    folder = tmp_path_factory.mktemp("golden")
    browser = repository / "targets" / "browser"
    words = ["node_modules/esbuild/bin/esbuild", "src/core/prepare.ts", "--bundle", "--format=esm"]
    subprocess.run([node, *words, f"--outfile={folder / 'prepare.js'}"], cwd=browser, check=True, capture_output=True)
    (folder / "vectors.json").write_bytes((repository / "tests/golden/vectors.json").read_bytes())
    (folder / "index.html").write_text('<!doctype html><link rel="icon" href="data:,"><title>Vectors</title>')
    return serve(folder)


def test_every_vector_is_made_bit_for_bit(chromium: Browser, site: str, repository: Path) -> None:
    page = chromium.new_page()
    page.goto(site)
    found = dict(page.evaluate(PAGE))
    page.close()
    cases = json.loads((repository / "tests/golden/vectors.json").read_text(encoding="utf-8"))["cases"]
    assert found.keys() == {case["name"] for case in cases}
    assert [name for name, equal in found.items() if not equal] == []
