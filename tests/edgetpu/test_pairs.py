"""The mapper against what Google's compiler did to real models: every pair of the shared data, op by op."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgekit.edgetpu.log import parse_log
from edgekit.edgetpu.mapping import EDGETPU_OP, map_model
from edgekit.edgetpu.outcome import OpOutcome, count_ops
from edgekit.tflite.model import read_model

PAIRS = 13


@pytest.fixture(scope="session")
def pairs(shared_data: Path) -> list[dict[str, str]]:
    with open(shared_data / "edge-tpu" / "pairs.tsv", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) >= PAIRS
    return rows


def test_the_mapped_and_left_ops_are_the_compilers(pairs: list[dict[str, str]], shared_data: Path) -> None:
    wrong = {}
    for row in pairs:
        mapping = map_model((shared_data / row["source"]).read_bytes(), row["log_compiler"] or "16")
        source, left = Counter(json.loads(row["source_ops"])), Counter(json.loads(row["edgetpu_remaining_ops"]))
        found = count_ops(mapping.ops, mapped=True), count_ops(mapping.ops, mapped=False)
        if found != (dict(sorted((source - left).items())), dict(sorted(left.items()))) or mapping.refused:
            wrong[row["source"]] = found, mapping.refused
    assert not wrong


def test_the_reasons_are_the_logs(pairs: list[dict[str, str]], shared_data: Path) -> None:
    with_log = [row for row in pairs if row["log"]]
    assert len(with_log) >= 3
    for row in with_log:
        mapping = map_model((shared_data / row["source"]).read_bytes(), row["log_compiler"])
        log = parse_log((shared_data / row["log"]).read_text(), row["log"], json.loads(row["source_ops"]))
        assert log.version == row["log_compiler"]
        assert _table(mapping.ops) == _table(log.ops)


def test_the_very_ops_that_the_compiler_left_are_those_that_the_mapper_leaves(
    pairs: list[dict[str, str]], shared_data: Path
) -> None:
    """Not only as many: the same ones, told by the shapes and versions of what they work on."""
    for row in pairs:
        source = read_model(shared_data / row["source"])
        mapping = map_model(source.data, row["log_compiler"] or "16")
        left = [source.subgraphs[0].operators[fate.index] for fate in mapping.fates if fate.finding is not None]
        compiled = read_model(shared_data / row["edgetpu"])
        kept = [operator for operator in compiled.subgraphs[0].operators if operator.custom_code != EDGETPU_OP]
        assert [_trace(source, operator) for operator in left] == [_trace(compiled, operator) for operator in kept]


def test_compiled_files_say_so(pairs: list[dict[str, str]], shared_data: Path) -> None:
    for row in pairs:
        mapping = map_model((shared_data / row["edgetpu"]).read_bytes())
        assert mapping.compiled
        assert count_ops(mapping.ops, mapped=True) == {f"CUSTOM:{EDGETPU_OP}": int(row["n_edgetpu_custom_op"])}
        left = count_ops(mapping.ops, mapped=False)
        assert left == dict(sorted(json.loads(row["edgetpu_remaining_ops"]).items()))


def test_other_models_get_a_plausible_mapping(shared_data: Path) -> None:
    """No crash; a float model is left alone, and an 8-bit one of plain layers is mapped."""
    mapped = {}
    for path in sorted(shared_data.rglob("*.tflite")):
        mapping = map_model(path.read_bytes())
        counts = Counter(operator.name for operator in read_model(path).subgraphs[0].operators)
        assert sum(counts.values()) == mapping.mapped + mapping.left
        assert json.loads(json.dumps(mapping.to_dict(), allow_nan=False))["ops"]
        mapped[path.relative_to(shared_data).as_posix()] = (mapping.mapped, mapping.left)
    assert mapped["mlperf-tiny/visual_wake_words/trained_models/vww_96_int8.tflite"] == (31, 0)
    assert mapped["mlperf-tiny/visual_wake_words/trained_models/vww_96_float.tflite"] == (0, 31)
    assert mapped["mlperf-tiny/keyword_spotting/trained_models/kws_ref_model.tflite"] == (13, 0)
    assert mapped["tflite-zoo/tflite-support/mobilenet_v1_0.25_224_quant.tflite"] == (31, 0)
    assert mapped["edge-tpu/test_data/tf2_mobilenet_v2_1.0_224_ptq.tflite"] == (68, 0)


def _table(ops: tuple[OpOutcome, ...]) -> set[tuple[Any, ...]]:
    return {(outcome.op, outcome.count, outcome.mapped, outcome.reason) for outcome in ops}


def _trace(model: Any, operator: Any) -> tuple[Any, ...]:
    tensors = model.subgraphs[0].tensors
    shapes = [(tensors[index].shape, tensors[index].dtype) for index in (*operator.inputs, *operator.outputs)]
    return operator.name, tuple(shapes)
