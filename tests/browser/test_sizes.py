"""What a browser downloads stays small: the promises of docs/browser.md."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

PROMISES = {
    "library without an engine": 15_000,
    "library with its LiteRT.js side": 30_000,
    "TensorFlow.js: core, converter, wasm backend": 140_000,
}


@pytest.fixture(scope="module")
def parts(built_library: Path) -> dict[str, Any]:
    """What the build measured."""
    return {part["name"].strip(): part for part in json.loads((built_library.parent / "sizes.json").read_text())}


@pytest.mark.parametrize("name", PROMISES)
def test_a_part_is_as_small_as_promised(parts: dict[str, Any], built_library: Path, name: str) -> None:
    part = parts[name]
    assert part["limit"] == PROMISES[name]
    measured = sum(len(gzip.compress((built_library / file).read_bytes(), 9)) for file in part["files"])
    # Compressors differ by some bytes.
    assert measured == pytest.approx(part["gzip"], rel=0.01)
    assert measured <= PROMISES[name], f"{name}: {measured} bytes gzipped, in {part['files']}"


def test_what_is_loaded_at_first_names_no_engine(parts: dict[str, Any], built_library: Path) -> None:
    code = "".join((built_library / file).read_text() for file in parts["library without an engine"]["files"])
    for other in ("graphs", "litert", "wasm", "webgl", "webgpu", "cpu"):
        # A static import would be fetched with the library.
        assert not re.search(rf'(?:from|import)\s*["\']\./{other}-', code)
    assert re.search(r"import\(\s*[`\"']\./graphs-", code)


@pytest.mark.parametrize("name", ["lib", "page"])
def test_two_variants_of_litert_js_are_shipped_and_one_loader_each(built_library: Path, name: str) -> None:
    folder = built_library.parent / name / "wasm"
    shipped = {path.name for path in folder.iterdir()}
    assert {file for file in shipped if file.startswith("litert")} == {
        f"litert_wasm_{variant}_internal.{ending}" for variant in ("compat", "threaded") for ending in ("js", "wasm")
    }
    assert sum(path.stat().st_size for path in folder.iterdir()) < 21_000_000


def test_the_build_needs_no_network_and_no_text_as_code(built_library: Path) -> None:
    for file in built_library.rglob("*.js"):
        code = file.read_text()
        assert not re.search(r"(?<![\w.$])eval\(|new Function\(", code), file
        assert "cdn.jsdelivr" not in code, file
