"""A virtual environment with JAX and without TensorFlow, and programs in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY, missing


@dataclass(frozen=True)
class Done:
    """A program that has ended."""

    returncode: int
    output: str


def make_environment(requirements: Path, cache: Path) -> Path:
    """The Python of an environment with these pins, made once; skips the test where that fails."""
    content = requirements.read_bytes() + sys.version.encode()
    folder = cache / f"{requirements.stem}-{hashlib.sha256(content).hexdigest()[:12]}"
    python = Path("Scripts", "python.exe") if sys.platform == "win32" else Path("bin", "python")
    if (folder / "complete").exists():
        return folder / python
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.prefix, "bin")), os.environ.get("PATH", "")]))
    if uv is None:
        missing("the environment for JAX cannot be made: there is no uv")
        raise AssertionError  # missing() does not return
    shutil.rmtree(folder, ignore_errors=True)
    pins = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(folder)],
        ["pip", "install", "--quiet", "--python", str(folder / python), *pins],
    ):
        done = subprocess.run([uv, *command], capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            missing(f"the environment for JAX cannot be made: {done.stderr.strip()}")
    (folder / "complete").touch()
    return folder / python


def start(
    python: Path, arguments: Sequence[str], backend: str = "jax", devices: int = 1, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Starts a program on EdgeKit's source with so many virtual devices."""
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "KERAS_", "SLURM_"))},
        "PYTHONPATH": str(REPOSITORY),
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
        **(env or {}),
    }
    return subprocess.Popen(
        [str(python), *arguments], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(process: subprocess.Popen[str], timeout: float = 180) -> Done:
    """Waits for its end."""
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        output += f"\nkilled after {timeout} s"
    return Done(process.returncode, output)


def free_port() -> int:
    """A port of this host that nobody uses."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
