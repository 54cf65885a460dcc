"""What a model answers to prepared photos, in a clean process: ``python -m edgekit.measure.answers_worker``.

The same on this machine and on a device, so that their answers can be compared. A job comes as JSON on
standard input, the answers go as JSON to standard output; float32 values keep all their bits in it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.child import ChildResult, Reply
from edgekit.errors import EdgeKitError
from edgekit.measure.workers import read_reply, run_worker
from edgekit.runtime.engines.base import EngineInfo
from edgekit.runtime.loading import load

START_SECONDS = 120.0
SECONDS_PER_PHOTO = 10.0
"""A limit, no estimate: an emulated processor takes about one for a small network."""


@dataclass(frozen=True)
class AnswersJob:
    """What to answer.

    Attributes:
        path: of a classifier of photos.
        pixels: of a ``.npy`` file, (n, h, w, c) uint8.
        threads: for the engine, ``None`` for its default.
        delegate: arguments of :func:`edgekit.load` for one; empty for none.
    """

    path: str
    pixels: str
    threads: int | None = None
    delegate: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @staticmethod
    def seconds(photos: int) -> float:
        """How long it may take."""
        return START_SECONDS + SECONDS_PER_PHOTO * photos


@dataclass(frozen=True)
class PhotoAnswers:
    """Answers, and what gave them.

    Attributes:
        engine: what ran.
        probabilities: (n, labels) float32.
    """

    engine: EngineInfo
    probabilities: NDArray[np.float32]


def answer_in_child(job: AnswersJob, photos: int) -> PhotoAnswers:
    """Runs the job in a process of its own on this machine.

    Raises:
        TargetError: the model does not run, crashed or was too slow.
    """
    name, limit = Path(job.path).name, job.seconds(photos)
    return read_answers(run_worker("edgekit.measure.answers_worker", job.to_dict(), limit, name), name, limit)


def read_answers(child: ChildResult, name: str, limit: float) -> PhotoAnswers:
    """What the end of a worker means.

    Raises:
        TargetError: there are no answers; the message says why.
    """
    too_slow = f"did not answer all photos within {limit:.0f} s. Give fewer with --photos."
    reply = read_reply(child, "probabilities", name, too_slow=too_slow, doing="answered photos")
    return PhotoAnswers(EngineInfo(**reply["engine"]), np.asarray(reply["probabilities"], np.float32))


def main() -> None:
    """Reads the job, writes the answers or the error."""
    reply = Reply()
    job = AnswersJob(**json.loads(sys.stdin.buffer.read()))
    try:
        # No trial: this process is the one that may crash.
        with load(job.path, threads=job.threads, trust=True, **job.delegate) as predictor:
            probabilities = predictor.predict(np.load(job.pixels, mmap_mode="r"))
            document: dict[str, Any] = {
                "engine": asdict(predictor.engine.info),
                "probabilities": probabilities.tolist(),
            }
    except EdgeKitError as error:
        document = {"error": str(error)}
    reply.send(document)


if __name__ == "__main__":
    main()
