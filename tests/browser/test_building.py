"""Building at the first use, with the real Node and npm, of sources so small that it takes a second."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit import bundle
from edgekit.errors import EdgeKitError, OutputError
from edgekit.runtime.engines import node_process
from edgekit.web import building
from edgekit.web.page import find_page
from tests.cli.conftest import heed_interrupts
from tests.heard import Heard

BUILD = """\
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
const FILES = { node: "runner.cjs", lib: "index.js", engines: "index.js", page: "index.html" };
for (const [part, file] of Object.entries(FILES)) {
  const folder = `${import.meta.dirname}/dist/${part}`;
  const fresh = `${folder}.${process.pid}.new`;
  mkdirSync(fresh, { recursive: true });
  writeFileSync(`${fresh}/${file}`, "built");
  if (process.env.STOP_IN === part) await new Promise((resolve) => setTimeout(resolve, 60_000));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}
console.log("sizes");
"""
"""As the real one: each part is built under another name."""

ELSEWHERE = """\
import sys
from collections.abc import Callable
from pathlib import Path
from edgekit import bundle
bundle.SOURCES = Path(sys.argv[1])
from edgekit.web.building import main
sys.exit(main())
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's ``targets/browser`` that needs no packages."""
    folder = tmp_path / "browser"
    for part in ("src", "page"):
        (folder / part).mkdir(parents=True)
    package = {"name": "small", "version": "0.1.0", "private": True, "type": "module"}
    lock = {**package, "lockfileVersion": 3, "requires": True, "packages": {"": package}}
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    (folder / ".npmrc").write_text("audit=false\nupdate-notifier=false\n")
    (folder / "build.ts").write_text(BUILD)
    (folder / "src" / "index.ts").write_text("export {};\n")
    monkeypatch.setattr(bundle, "SOURCES", folder)
    return folder


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the Node of the extra."""
    monkeypatch.setattr(node_process, "find_spec", lambda name: None)


def parts(sources: Path) -> set[str]:
    return {path.name for path in (sources / "dist").iterdir() if not path.name.startswith(".")}


def test_the_first_use_builds_and_says_so_once(sources: Path) -> None:
    first, second = Heard(), Heard()
    page = find_page(first)
    assert (page / "index.html").read_text() == "built"
    assert page == sources / "dist" / "page"
    assert [line.split(" ")[0] for line in first.said] == ["Fetching", "Building"]
    assert find_page(second) == page
    assert not second.said
    assert parts(sources) == {"page", "node", "lib", "engines"}


def test_only_what_has_changed_is_built(sources: Path) -> None:
    assert building.build(Heard()) == "sizes\n"
    again, changed, gone = Heard(), Heard(), Heard()
    assert building.build(again) == ""
    assert not again.said
    (sources / "src" / "more.ts").write_text("export {};\n")
    assert building.build(changed) == "sizes\n"
    assert changed.said == ["Building the page for browsers ..."]
    (sources / "src" / "more.ts").unlink()
    building.build(gone)
    assert gone.said == changed.said


def test_variables_for_node_do_not_reach_it(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--require /nowhere.js")
    assert building.build(Heard()) == "sizes\n"


@pytest.mark.usefixtures("no_wheel")
def test_without_node_it_is_named(sources: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeKitError, match=r"Node\.js is missing.*Install Node\.js 22\.18 or newer.*make setup"):
        find_page()
    assert not (sources / "dist").exists()


@pytest.mark.usefixtures("sources", "no_wheel")
@pytest.mark.parametrize(
    ("printed", "sentence"),
    [("v18.0.0", r"is Node\.js v18\.0\.0; .* needs 22\.18 or newer"), ("", "is no working Node")],
)
def test_a_node_that_cannot_build_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str, sentence: str
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {printed}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EdgeKitError, match=sentence):
        find_page()


def test_without_a_network_npm_says_why(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = json.loads((sources / "package.json").read_text())
    package["devDependencies"] = {"left-pad": "1.3.0"}
    lock = json.loads((sources / "package-lock.json").read_text())
    lock["packages"] = {"": package, "node_modules/left-pad": {"version": "1.3.0", "dev": True}}
    (sources / "package.json").write_text(json.dumps(package))
    (sources / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # the port "discard", where nobody listens
    monkeypatch.setenv("npm_config_cache", str(sources.parent / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(EdgeKitError, match="Fetching the Node packages with npm failed") as caught:
        find_page()
    assert "connect ECONNREFUSED 127.0.0.1:9" in str(caught.value)
    assert "Is there a network?" in str(caught.value)
    assert not parts(sources)


def test_a_build_that_fails_says_what_it_said(sources: Path) -> None:
    (sources / "build.ts").write_text('import { x } from "./missing.ts";\n')
    with pytest.raises(EdgeKitError, match=r"Building the page for browsers failed(.|\n)*missing\.ts"):
        find_page()


def test_a_place_that_cannot_be_written_is_named(sources: Path) -> None:
    (sources / "dist").write_text("in the way")
    with pytest.raises(OutputError, match=r"cannot be built in this checkout.*in the way.*edgekit-browser"):
        find_page()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C reaches a group of processes there in another way")
def test_ctrl_c_leaves_nothing_half_built(sources: Path) -> None:
    process = _start(sources, STOP_IN="page")
    _wait_for(lambda: any(sources.glob("dist/page.*.new/index.html")))
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert parts(sources) == {"node", "lib", "engines"}
    listener = Heard()
    assert (find_page(listener) / "index.html").is_file()
    assert listener.said == ["Building the page for browsers ..."]


def test_of_two_processes_one_builds(sources: Path) -> None:
    (sources / "build.ts").write_text(BUILD.replace("60_000", "1000"))
    both = [_start(sources, STOP_IN="page") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum("Building the page" in output for output in outputs) == 1
    assert sum("Another process builds the page for browsers." in output for output in outputs) == 1
    assert parts(sources) == {"page", "node", "lib", "engines"}


def _start(sources: Path, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, str(sources)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )


def _wait_for(done: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)
