"""The library's and the page's own tests, which run in Node: the golden vectors among them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.conftest import missing


def test_vitest_passes(repository: Path, node: Path) -> None:
    folder = repository / "targets" / "browser"
    vitest = folder / "node_modules" / "vitest" / "vitest.mjs"
    if not vitest.is_file():
        missing("the Node packages of targets/browser are not installed; run make setup")
    done = subprocess.run(
        [node, vitest, "run", "--no-color"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    passed = re.search(r"Tests\s+(\d+) passed", done.stdout)
    assert passed, done.stdout
    assert int(passed[1]) > 150, "tests have gone missing"
