"""The house rules that no other tool holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("tensorflow", "keras", "matplotlib", "pandas", "jax", "onnxruntime", "coremltools", "cv2")

LIGHT_MODULES = (
    "edgekit",
    "edgekit.runtime",
    "edgekit.measure.latency",
    "edgekit.preprocess",
    "edgekit.artifact",
    "edgekit.targets",
    "edgekit.tflite",
    "edgekit.converters.base",
    "edgekit.cli.main",
    "edgekit.api.training",
    "edgekit.api.exporting",
)


def test_layers_hold(repository: Path) -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=repository, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_nothing_heavy_is_imported_until_it_is_used(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_help_imports_neither_numpy_nor_any_command() -> None:
    code = (
        "import sys, contextlib\n"
        "from edgekit.cli.main import cli\n"
        "with contextlib.suppress(SystemExit): cli(['--help'])\n"
        "own = ('edgekit.cli.main', 'edgekit.cli.shown')\n"
        "commands = [m for m in sys.modules if m.startswith('edgekit.cli.') and m not in own]\n"
        "loaded = commands + [m for m in sys.modules if m == 'numpy']\n"
        "print('LOADED', loaded)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" in result.stdout
    assert "train" in result.stdout


def test_links_are_in_place(repository: Path) -> None:
    for name in ("converters", "targets"):
        link = repository / "edgekit" / name
        assert link.is_symlink()
        assert link.readlink().as_posix() == f"../{name}"
