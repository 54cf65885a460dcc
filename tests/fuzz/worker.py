"""A program that loads damaged files, one after the other: ``python -m tests.fuzz.worker FOLDER START STEP STOP``.

Writes a line of JSON before each mutant and one after it. If this process ends in between, the mutant
has taken its program down.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.models import sound_models
from tests.fuzz.mutations import find_fields, mutate
from tests.fuzz.outcome import use


def main() -> None:
    """Does the mutants START, START + STEP, ... below STOP."""
    shared_data, (start, step, stop) = Path(sys.argv[1]), map(int, sys.argv[2:5])
    models = sound_models(shared_data)
    names = sorted(models)
    fields = {name: find_fields(data) for name, data in models.items()}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EDGEKIT_CACHE"] = str(Path(folder) / "cache")
        path = Path(folder) / "mutant.tflite"
        for number in range(start, stop, step):
            name = names[number % len(names)]
            kind, mutant = mutate(models[name], fields[name], number // len(names), number)
            path.write_bytes(mutant)
            _say({"begun": number, "file": name, "kind": kind})
            _say(asdict(use(path, number, name, kind)))


def _say(document: dict[str, object]) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    main()
