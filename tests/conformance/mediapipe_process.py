"""MediaPipe Tasks in a process and an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.conformance.environment import install

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements" / "mediapipe.txt"


def install_mediapipe() -> Path:
    """The folder of MediaPipe's packages; installed where it is not there yet (470 MB)."""
    return install(REQUIREMENTS, REPOSITORY / ".cache")


class MediaPipe:
    """Its image classifier, as an object; see ``mediapipe_worker.py``.

    Args:
        packages: from :func:`install_mediapipe`.
    """

    def __init__(self, packages: Path) -> None:
        worker = Path(__file__).with_name("mediapipe_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(worker)],  # -S: nothing of EdgeKit's environment
            env={"PYTHONPATH": str(packages), "PATH": "/usr/bin:/bin", "GLOG_minloglevel": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def load(self, model: Path, top: int = 5) -> float:
        """Seconds that it took.

        Raises:
            ValueError: MediaPipe does not take the model; the message is its own.
        """
        answer = self._ask("load", str(model), top)
        if isinstance(answer, str):
            raise ValueError(answer)
        return float(answer)

    def take(self, pixels: NDArray[np.uint8]) -> None:
        """The photo of the next calls, (h, w, 3)."""
        with tempfile.NamedTemporaryFile(suffix=".npy") as file:
            np.save(file, pixels)
            file.flush()
            self._ask("photo", file.name)

    def classify(self) -> list[tuple[int, str, float]]:
        """Index, name and score of the best classes, best first."""
        return [(index, name, score) for index, name, score in self._ask("classify")]

    def time(self, calls: int) -> list[int]:
        """Nanoseconds of each call."""
        return list(self._ask("time", calls))

    def peak_memory(self) -> int:
        """Bytes."""
        return int(self._ask("memory"))

    def _ask(self, *command: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"MediaPipe's process ended with {self._process.wait(10)} at {command}"
        return json.loads(answer)

    def __enter__(self) -> MediaPipe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
