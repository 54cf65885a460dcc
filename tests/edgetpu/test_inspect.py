"""``edgekit inspect --edgetpu``: the text, the document, and files that are no such model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgekit.cli.main import cli
from edgekit.edgetpu import reasons
from tests.cli.test_json_documents import Checker, read_tables
from tests.edgetpu.models import Op, T, bias, build, weights


def inspect(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["inspect", "--edgetpu", *map(str, arguments)])


def document(*arguments: object) -> Any:
    result = inspect(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def long_softmax(tmp_path: Path) -> Path:
    """A dense layer of 20,000 answers and their softmax."""
    tensors = [T((1, 16)), weights(20_000, 16), bias(20_000), T((1, 20_000)), T((1, 20_000))]
    path = tmp_path / "long.tflite"
    path.write_bytes(build(tensors, [Op("FULLY_CONNECTED", [0, 1, 2], [3]), Op("SOFTMAX", [3], [4])], [0], [4]))
    return path


def test_the_document_has_an_entry_for_each_op_and_outcome(long_softmax: Path) -> None:
    found = document(long_softmax)
    assert found["ops"] == [
        {"op": "FULLY_CONNECTED", "count": 1, "mapped": True, "reason": None, "fix": None},
        {
            "op": "SOFTMAX",
            "count": 1,
            "mapped": False,
            "reason": reasons.LIMITATION,
            "fix": "Its axis is 20,000 long, the limit is 16,000. Give it one row of at most 16,000 numbers, or leave "
            "it out and apply it to the model's answer on the CPU.",
        },
    ]
    assert (found["mapped"], found["left"], found["compiled"], found["refused"]) == (1, 1, False, None)
    assert found["parameter_bytes"] == 20_032 * (16 + 8)


def test_the_text_is_the_table_and_the_fix(long_softmax: Path) -> None:
    text = inspect(long_softmax).output
    assert "SOFTMAX runs on the CPU: its axis is 20,000 long, the limit is 16,000." in text
    assert [line.split() for line in text.splitlines() if line.endswith(reasons.MAPPED)] == [
        ["FULLY_CONNECTED", "1", "Mapped", "to", "Edge", "TPU"]
    ]
    assert "1 of 2 ops, the rest runs on the CPU" in text


def test_every_field_is_documented(long_softmax: Path, shared_data: Path, repository: Path) -> None:
    tables = read_tables((repository / "docs" / "json.md").read_text(encoding="utf-8"))
    compiled = shared_data / "edge-tpu/test_data/movenet_single_pose_lightning_ptq_edgetpu.tflite"
    for path in (long_softmax, compiled):
        checker = Checker(tables)
        checker.check_object(document(path), "edge-tpu-mapping", "edge-tpu-mapping")
        assert checker.problems == []


def test_a_compiled_file_says_so(shared_data: Path) -> None:
    text = inspect(shared_data / "edge-tpu/test_data/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite").output
    assert "compiled already" in text
    assert "CUSTOM:edgetpu-custom-op" in text


def test_a_float_model_is_told_why(shared_data: Path) -> None:
    text = inspect(shared_data / "mlperf-tiny/visual_wake_words/trained_models/vww_96_float.tflite").output
    assert "Nothing runs on the Edge TPU: the model computes in float32" in text
    assert "0 of 31 ops" in text


def test_what_would_be_streamed_is_said(tmp_path: Path) -> None:
    tensors = [T((1, 4096)), weights(4096, 4096), T((1, 4096))]
    path = tmp_path / "large.tflite"
    path.write_bytes(build(tensors, [Op("FULLY_CONNECTED", [0, 1], [2])], [0], [2]))
    assert "16.8 MB are sent in every call" in inspect(path).output
    assert document(path)["streamed_bytes"] == 4096 * (4096 + 8)


def test_a_refused_file_says_so_first(tmp_path: Path) -> None:
    path = tmp_path / "new.tflite"
    tensors = [T((1, 8, 8, 4)), weights(4, 3, 3, 4), bias(4), T((1, 8, 8, 4))]
    path.write_bytes(build(tensors, [Op("CONV_2D", [0, 1, 2], [3], 7)], [0], [3]))
    text = inspect(path).output
    assert "Didn't find op for builtin opcode 'CONV_2D' version '7'" in text
    assert text.index("refused") < text.index("Operator")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.tflite", b"", "is empty (0 bytes)"),
        ("x.keras", b"PK\x03\x04" + bytes(40), "it is a zip archive"),
        ("x.tflite", b"\x1c\0\0\0TFL3" + b"\xff" * 30, "is not a sound TFLite model"),
        ("x.tflite", None, "x.tflite"),
    ],
)
def test_a_foreign_or_damaged_file_is_a_sentence(tmp_path: Path, name: str, data: bytes | None, said: str) -> None:
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    result = subprocess.run(
        [sys.executable, "-m", "edgekit", "inspect", "--edgetpu", path], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_names_from_the_file_cannot_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(build([T((1, 4)), T((1, 4))], [Op("CUSTOM:a\x1b[2Jb\nc", [0], [1])], [0], [1]))
    assert "\x1b" not in inspect(path).output
    assert document(path)["ops"][0]["op"] == "CUSTOM:a\x1b[2Jb\nc"


def test_older_compilers_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(build([T((1, 4), "uint8"), T((1, 4))], [Op("QUANTIZE", [0], [1])], [0], [1]))
    assert document(path)["mapped"] == 1
    assert document(path, "--edgetpu-compiler", 1)["ops"][0]["mapped"] is False
    assert document(path, "--edgetpu-runtime", 12)["runtime"] == 12
    wrong = CliRunner().invoke(cli, ["inspect", str(path), "--edgetpu-compiler", "15"])
    assert wrong.exit_code == 2


def test_it_needs_no_interpreter_and_no_numpy(long_softmax: Path) -> None:
    """What runs everywhere imports nothing that is not everywhere."""
    code = (
        "import sys\nfrom edgekit.report.edgetpu import inspect_edgetpu\nfrom pathlib import Path\n"
        f"print(len(inspect_edgetpu(Path({str(long_softmax)!r}))[1]['ops']))\n"
        "heavy = {'numpy', 'PIL', 'ai_edge_litert', 'tensorflow', 'tflite_runtime'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.strip()) == (0, "2"), result.stderr
