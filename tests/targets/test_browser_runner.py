"""The Node runner's own tests, which speak its protocol from Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from edgekit.bundle import find_built
from edgekit.runtime.engines.node_process import find_node
from tests.conftest import missing


@pytest.fixture(scope="module")
def browser(repository: Path) -> Path:
    """The folder of the TypeScript."""
    if find_built("node") is None:
        missing("the Node runner has not been built; run make setup")
    return repository / "targets" / "browser"


def test_the_runner_passes_its_own_tests(browser: Path) -> None:
    node = find_node("Testing the runner")
    result = subprocess.run(
        [node, "--test", "tests/runner.test.ts"], cwd=browser, capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "pass 0" not in result.stdout


def test_no_registry_is_named_in_the_lock_file(browser: Path) -> None:
    packages = json.loads((browser / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert len(packages) > 20
    assert [name for name, about in packages.items() if "resolved" in about] == []
