"""Damaged models end in a model or a sentence: a share of ``make fuzz``, the same at every run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit.tflite.model import read_model
from tests.fuzz.models import sound_models
from tests.fuzz.mutations import find_fields, mutate
from tests.fuzz.outcome import DEFECT, DIED, OUTCOMES, RUNS, Outcome, classify_sentence
from tests.fuzz.run import read_journal, run
from tests.fuzz.table import find_failures, outcome_table

MUTANTS = 150
EVERY = 61  # of the long run's, so that all kinds of damage come up: it has 22 for each of 16 files in turn


def test_each_ends_in_a_model_or_a_sentence(shared_data: Path, tmp_path: Path) -> None:
    outcomes = run(shared_data, tmp_path / "journal", MUTANTS * EVERY, programs=os.cpu_count() or 1, every=EVERY)
    assert len(outcomes) == MUTANTS
    assert [one for one in outcomes if one.outcome in (DEFECT, DIED)] == []
    found = {one.outcome for one in outcomes}
    assert RUNS in found
    assert "refused by the reader, without a trial" in found
    assert "refused by the interpreter, in the trial" in found
    assert len({one.kind for one in outcomes}) > 15


def test_a_run_goes_on_where_it_was_stopped(shared_data: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = run(shared_data, journal, 4, programs=1)
    journal.write_text(journal.read_text() + '{"number": 4, "file": "torn')
    assert run(shared_data, journal, 5, programs=1)[:4] == first
    assert [one.number for one in read_journal(journal)] == [0, 1, 2, 3, 4]


def test_mutants_are_the_same_at_every_run_and_no_two_alike(shared_data: Path) -> None:
    data = sound_models(shared_data)["mobilenet_v1_0.25_224_quant.tflite"]
    fields = find_fields(data)
    assert len(fields) > 12
    mutants = [mutate(data, fields, turn, turn) for turn in range(44)]
    assert mutants == [mutate(data, fields, turn, turn) for turn in range(44)]
    assert len({mutant for _, mutant in mutants}) == len(mutants)
    assert data not in {mutant for _, mutant in mutants}
    sound = 0
    for kind, mutant in mutants:
        if kind == "options of an operator":
            read_model(mutant, "x")  # aimed at what no check of form finds
            sound += 1
    assert sound


@pytest.mark.parametrize(
    ("sentence", "outcome"),
    [
        ("x.tflite is not a sound TFLite model (offset 3). Download it.", "refused by the reader, without a trial"),
        ("x cannot be run: it crashes the interpreter (signal 11).", "crashes the interpreter, in the trial"),
        ("x cannot be run: ai-edge-litert 2.3.0 refuses it (so).", "refused by the interpreter, in the trial"),
        ("no full stop", DEFECT),
        ("Traceback\nat last.", DEFECT),
    ],
)
def test_sentences_and_their_outcomes(sentence: str, outcome: str) -> None:
    assert classify_sentence(sentence) == outcome
    assert outcome in OUTCOMES


def test_what_took_too_long_or_died_is_a_failure() -> None:
    good = Outcome(0, "x", "kind", RUNS, 9.9)
    bad = [
        Outcome(1, "x", "kind", RUNS, 10.1),
        Outcome(2, "x", "kind", DIED, 0.1),
        Outcome(3, "x", "kind", DEFECT, 0.1),
    ]
    assert find_failures([good, *bad]) == bad
    assert "| runs | 2 | 50.0% | 10.1 s |" in outcome_table([good, *bad])
