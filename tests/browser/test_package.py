"""The npm package in somebody else's project: packed, installed without a network, type-checked, built by Vite, run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import edgekit
from edgekit.version import __version__
from tests.browser.page_site import make_site, serve_folder
from tests.conftest import REPOSITORY, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PACKAGE = REPOSITORY / "targets" / "browser"

PROGRAM = """
import { EdgeKitError, load, type Benchmark, type Classification, type Model } from "edgekit";

const out = document.querySelector("output")!;
try {
  const engine = new URLSearchParams(location.search).get("engine") === "wasm" ? "wasm" : "litert-wasm";
  const model: Model = await load("site/manifest.json", { engine, onProgress: (loaded: number) => void loaded });
  const seen: Classification | null = await model.classify(new ImageData(56, 56), { top: 3 });
  const answer = await model.predict({ [model.inputs[0]!.name]: new Uint8Array(56 * 56 * 3) });
  const measured: Benchmark = await model.benchmark({ warmup_seconds: 0, min_seconds: 0, min_runs: 3, max_seconds: 1 });
  model.dispose();
  const best = seen?.predictions[0];
  out.textContent = JSON.stringify([best?.name, best?.probability, Object.keys(answer), measured.latency.runs]);
} catch (error) {
  out.textContent = JSON.stringify(error instanceof EdgeKitError ? error.message : String(error));
}
"""

PROJECT = {
    "package.json": '{ "name": "somebody-else", "private": true, "type": "module" }',
    "index.html": '<!doctype html><title>x</title><output></output><script type="module" src="./main.ts"></script>',
    "main.ts": PROGRAM,
    "tsconfig.json": json.dumps(
        {"compilerOptions": {"strict": True, "target": "es2022", "module": "esnext", "noEmit": True}}
        | {"include": ["main.ts", "vite.config.ts"]}
    ),
    "vite.config.ts": 'import edgekit from "edgekit/vite";\n\nexport default { base: "./", plugins: [edgekit()] };\n',
}


def run(node: Path, folder: Path, *command: str | Path) -> str:
    """What a command of Node prints."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])}
    done = subprocess.run(
        [node, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def npm(node: Path) -> Path:
    found = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not found.is_file():
        missing(f"{found} is missing: npm of the extra 'tfjs'")
    return found


@pytest.fixture(scope="module")
def project(built_library: Path, node: Path, npm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the package, TypeScript and Vite, and nothing of this repository."""
    assert built_library.is_dir()
    folder = tmp_path_factory.mktemp("somebody-else")
    for name, text in PROJECT.items():
        (folder / name).write_text(text)
    packed = json.loads(run(node, PACKAGE, npm, "pack", "--json", "--pack-destination", folder))[0]
    assert packed["version"] == __version__
    run(node, folder, npm, "install", "--offline", "--no-audit", f"./{packed['filename']}")
    for tool in ("vite", "typescript"):
        (folder / "node_modules" / tool).symlink_to(PACKAGE / "node_modules" / tool)
    return folder


@pytest.fixture(scope="module")
def url(project: Path, node: Path) -> Iterator[str]:
    """The project as Vite builds it, with a site's models beside it."""
    run(node, project, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    shutil.copytree(make_site(), project / "dist" / "site")
    with serve_folder(project / "dist") as server:
        yield server.url


def test_the_package_brings_only_what_is_built(project: Path) -> None:
    folder = project / "node_modules" / "edgekit"
    assert sorted(path.name for path in folder.iterdir()) == ["dist", "package.json"]
    about = json.loads((folder / "package.json").read_text())
    assert about["version"] == __version__
    assert about["private"], "the name on the registry is not ours"
    assert "dependencies" not in about
    assert (folder / "dist" / "lib" / "licenses" / "edgekit.txt").read_text() == (REPOSITORY / "LICENSE").read_text()
    declared = {path.name for path in (folder / "dist" / "lib" / "types").rglob("*.d.ts")}
    assert "api.d.ts" in declared
    assert "connection.d.ts" not in declared, "what is behind the library is nobody's"


@pytest.mark.parametrize("resolution", ["bundler", "nodenext"])
def test_a_strict_program_has_its_types(project: Path, node: Path, resolution: str) -> None:
    module = "esnext" if resolution == "bundler" else resolution
    compiler = "node_modules/typescript/bin/tsc"
    run(node, project, compiler, "--project", ".", "--module", module, "--moduleResolution", resolution)


@pytest.mark.parametrize("engine", ["wasm", "litert-wasm"])
def test_what_vite_builds_finds_its_worker_and_its_webassembly(chromium: Browser, url: str, engine: str) -> None:
    page = chromium.new_page()
    page.goto(f"{url}?engine={engine}")
    page.wait_for_function("() => document.querySelector('output').textContent", timeout=60_000)
    name, probability, outputs, runs = json.loads(page.inner_text("output"))
    page.close()
    with edgekit.load(make_site() / "models" / "things.fp32.tflite") as model:
        best = model.classify(np.full((56, 56, 3), 255, np.uint8))[0]  # transparent pixels lie on white
    assert (name, len(outputs)) == (best.name, 1)
    assert probability == pytest.approx(best.probability, abs=1e-4)
    assert runs >= 3
