"""The reference converter's packages, in a folder of their own beside EdgeKit's environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path


def install(requirements: Path, cache: Path) -> Path:
    """Installs the pins, without what they depend on, into a folder that is made once."""
    content = requirements.read_bytes() + sys.version.encode()
    folder = cache / f"{requirements.stem}-{hashlib.sha256(content).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.prefix, "bin")), os.environ.get("PATH", "")]))
    assert uv is not None, "there is no uv; run make setup"
    unfinished = cache / f"{folder.name}.{os.getpid()}"
    where = ["--python", sys.executable, "--target", str(unfinished)]
    pins = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)]
    subprocess.run([uv, "pip", "install", "--quiet", *where, *pins], check=True, timeout=300)
    unfinished.rename(folder)
    return folder


def convert(packages: Path, saved_model: Path, out: Path, precision: str) -> None:
    """Converts with the reference converter, at its best.

    With oneDNN, TensorFlow's optimizer makes ``_FusedHardswish`` and ``_FusedBatchNormEx``, which TF.js has not.
    """
    script = Path(__file__).with_name("reference.py")
    arguments = [str(saved_model), str(out), *(["float16"] if precision == "fp16" else [])]
    settings = {"PYTHONPATH": str(packages), "CUDA_VISIBLE_DEVICES": "-1", "TF_ENABLE_ONEDNN_OPTS": "0"}
    environment = {**os.environ, **settings}
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
