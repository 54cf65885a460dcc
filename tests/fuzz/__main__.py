"""``make fuzz``: 10,000 damaged models, each of which must end within 10 s in a model or a sentence.

The journal in ``.cache/fuzz.jsonl`` lets a run that was stopped go on. Fewer mutants: ``make fuzz FUZZ=500``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.fuzz.run import REPOSITORY, run
from tests.fuzz.table import find_failures, outcome_table


def main() -> int:
    """Prints the tables; returns 1 where a mutant ended in anything else."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    shared_data = Path(os.environ.get("EDGEKIT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    journal = REPOSITORY / ".cache" / "fuzz.jsonl"
    journal.parent.mkdir(exist_ok=True)
    outcomes = run(shared_data, journal, count, programs=os.cpu_count() or 1)
    print(outcome_table(outcomes))
    failures = find_failures(outcomes)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
