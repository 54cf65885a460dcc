"""Runs mutants in programs of their own, and keeps every outcome in a file, so that a long run can go on later."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.outcome import DIED, Outcome

REPOSITORY = Path(__file__).resolve().parents[2]

_BATCH = 400
"""Mutants of one program: what a model that runs may leak then ends with it."""


def run(shared_data: Path, journal: Path, count: int, programs: int, every: int = 1) -> list[Outcome]:
    """The outcomes of the mutants below ``count``; those that stand in the journal are not run again.

    Args:
        shared_data: the folder of shared data.
        journal: a file with one outcome in each line; made where it is missing.
        count: of mutants.
        programs: how many run side by side; each starts one trial at a time.
        every: 1 for all of them, else each so many.
    """
    outcomes = {outcome.number: outcome for outcome in read_journal(journal) if outcome.number < count}
    lock = threading.Lock()
    torn = journal.exists() and not journal.read_bytes().endswith(b"\n")
    with journal.open("a", encoding="utf-8") as handle:
        handle.write("\n" if torn else "")

        def note(outcome: Outcome) -> None:
            with lock:
                outcomes[outcome.number] = outcome
                handle.write(json.dumps(asdict(outcome)) + "\n")
                handle.flush()

        def work(share: int) -> None:
            step = programs * every
            left = [number for number in range(share * every, count, step) if number not in outcomes]
            while left:
                together = 1  # up to the next one that is done already
                while together < min(_BATCH, len(left)) and left[together] == left[0] + together * step:
                    together += 1
                for outcome in _one_program(shared_data, left[0], step, left[together - 1] + 1):
                    note(outcome)
                left = [number for number in left if number not in outcomes]

        threads = [threading.Thread(target=work, args=(share,)) for share in range(programs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return [outcomes[number] for number in sorted(outcomes)]


def read_journal(journal: Path) -> Iterator[Outcome]:
    """The outcomes in a journal; the last line may be torn."""
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    for line in lines:
        try:
            yield Outcome(**json.loads(line))
        except (ValueError, TypeError):
            continue


def _one_program(shared_data: Path, start: int, step: int, stop: int) -> Iterator[Outcome]:
    """What one program says; if it dies, that is the outcome of the mutant that it had begun."""
    words = [str(shared_data), str(start), str(step), str(stop)]
    command = [sys.executable, "-m", "tests.fuzz.worker", *words]
    begun = None
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        for line in process.stdout:
            document = json.loads(line)
            if "begun" in document:
                begun = document
            else:
                begun = None
                yield Outcome(**document)
    if begun is not None:
        yield Outcome(begun["begun"], begun["file"], begun["kind"], DIED, 0.0, f"exit code {process.returncode}")
    elif process.returncode:
        raise RuntimeError(f"the program of the fuzz run ended with {process.returncode}")
