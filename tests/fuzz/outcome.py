"""What becomes of one damaged file: the whole way that a program goes with it, in this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import EdgeKitError
from edgekit.runtime import load
from edgekit.runtime.trial import zeros

RUNS = "runs"
DEFECT = "an error that is no sentence"
DIED = "the program died"

REASONS: Sequence[tuple[str, str]] = (
    ("TFLite model (", "refused by the reader, without a trial"),
    ("crashes the interpreter", "crashes the interpreter, in the trial"),
    ("did not finish one run", "hangs, in the trial"),
    ("asks for more memory", "takes too much memory, in the trial"),
    ("memory runs out", "takes too much memory, in the trial"),
    ("cannot be run", "refused by the interpreter, in the trial"),
)
"""A part of the sentence to the outcome that it stands for; the first that fits."""

OUTCOMES = (RUNS, *dict.fromkeys(outcome for _, outcome in REASONS), "refused for its metadata", DEFECT, DIED)


@dataclass(frozen=True)
class Outcome:
    """Of one file.

    Attributes:
        number: of the mutant.
        file: that was damaged.
        kind: of damage.
        outcome: one of :data:`OUTCOMES`.
        seconds: from opening the file to the end, by the wall clock.
        sentence: the error's; empty for a model that runs.
    """

    number: int
    file: str
    kind: str
    outcome: str
    seconds: float
    sentence: str = ""


def use(path: Path, number: int, file: str, kind: str) -> Outcome:
    """Loads a file, runs it once on zeros if it is a model, and lets go of it."""
    start = time.perf_counter()
    sentence = ""
    try:
        with load(path) as model:
            model.predict({info.name: zeros(info) for info in model.engine.inputs})
        outcome = RUNS
    except EdgeKitError as error:
        sentence = str(error)
        outcome = classify_sentence(sentence)
    except Exception as error:
        sentence = f"{type(error).__name__}: {error}"
        outcome = DEFECT
    return Outcome(number, file, kind, outcome, time.perf_counter() - start, sentence)


def classify_sentence(sentence: str) -> str:
    """Which outcome an error's sentence stands for."""
    if not sentence.endswith(".") or "\n" in sentence:
        return DEFECT
    return next((outcome for part, outcome in REASONS if part in sentence), "refused for its metadata")
