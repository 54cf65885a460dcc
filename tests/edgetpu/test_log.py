"""Logs of every version of the compiler, whole, cut off and foreign."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.edgetpu import reasons
from edgekit.edgetpu.log import CompilerLog, parse_log, parse_logs
from edgekit.errors import ConversionError

ROWS = """\
Operator                       Count      Status

CONV_2D                        35         Mapped to Edge TPU
SOFTMAX                        1          Operation is otherwise supported, but not mapped due to some unspecified limitation
CUSTOM                         1          Operation is working on an unsupported data type
QUANTIZE                       2          More than one subgraph is not supported
LEAKY_RELU                     3          Operation not supported
RESIZE_NEAREST_NEIGHBOR        4          Operation version not supported
RESHAPE                        5          Tensor has unsupported rank (up to 3 innermost dimensions mapped)
CONV_2D                        6          Filter, bias, or other param is not constant at compile-time
"""  # noqa: E501 (as it is printed)

COUNTS = {
    "CONV_2D": 41,
    "SOFTMAX": 1,
    "CUSTOM:TFLite_Detection_PostProcess": 1,
    "QUANTIZE": 2,
    "LEAKY_RELU": 3,
    "RESIZE_NEAREST_NEIGHBOR": 4,
    "RESHAPE": 5,
}

VERSIONS = ("1.0.249710469", "2.0.267685300", "2.1.302470888", "14.1.317412892", "15.0.340273435", "16.0.384591198")


def written(version: str) -> str:
    """The operation log beside the output: the same in all versions."""
    return f"Edge TPU Compiler version {version}\nInput: net.tflite\nOutput: net_edgetpu.tflite\n\n{ROWS}"


def printed(version: str, table: bool = True) -> str:
    """What the compiler prints, with ``-s`` or without."""
    major = int(version.split(".")[0])
    old = version.startswith(("1.", "2.0"))
    lines = [f"Edge TPU Compiler version {version}"]
    lines += ["Started a compilation timeout timer of 180 seconds."] if major >= 16 else []
    lines += ["", "Model compiled successfully in 1753 ms.", "", "Input model: net.tflite", "Input size: 3.92MiB"]
    lines += ["Output model: net_edgetpu.tflite", "Output size: 4.12MiB"]
    if old:
        lines += ["On-chip memory available for caching model parameters: 6.91MiB"]
    lines += ["On-chip memory used for caching model parameters: 3.50MiB"]
    if not old:
        lines += ["On-chip memory remaining for caching model parameters: 3.41MiB"]
    lines += ["Off-chip memory used for streaming uncached model parameters: 64.00KiB"]
    lines += ["Number of Edge TPU subgraphs: 1", "Total number of operations: 57", "Operation log: net_edgetpu.log", ""]
    lines += ["Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the "]
    lines += ["Number of operations that will run on Edge TPU: 35", "Number of operations that will run on CPU: 22"]
    lines += ["", ROWS.rstrip("\n")] if table else ["See the operation log file for individual operation details."]
    lines += ["Compilation child process completed within timeout period."] if major >= 16 else []
    lines += ["Compilation succeeded! "] if major >= 16 else []
    return "\n".join(lines) + "\n"


def check_table(log: CompilerLog) -> None:
    assert [(row.op, row.count, row.mapped) for row in log.ops][:2] == [("CONV_2D", 35, True), ("SOFTMAX", 1, False)]
    assert len(log.ops) == 8
    assert {row.reason for row in log.ops if not row.mapped} == set(reasons.REASONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_gives_the_same_table(version: str) -> None:
    log = parse_log(written(version), counts=COUNTS)
    check_table(log)
    assert (log.version, log.input, log.output) == (version, "net.tflite", "net_edgetpu.tflite")
    assert log.compiler == version.split(".")[0]
    assert log.on_chip_used is None
    assert json.loads(json.dumps(log.to_dict()))["ops"][1]["reason"] == reasons.LIMITATION


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_printed_has_the_memory_as_well(version: str, newline: str) -> None:
    log = parse_log(printed(version).replace("\n", newline), counts=COUNTS)
    check_table(log)
    assert log.on_chip_used == round(3.5 * 2**20)
    assert log.on_chip_remaining == pytest.approx(3.41 * 2**20, abs=2)
    assert (log.streamed, log.subgraphs, log.total) == (64 * 1024, 1, 57)
    assert log.error is None
    bare = parse_log(printed(version, table=False))
    assert (bare.ops, bare.total) == ((), 57)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cut_log_says_so_or_is_found_out_by_the_model(version: str) -> None:
    for text in (written(version), printed(version)):
        end = text.index("RESHAPE ") + text[text.index("RESHAPE ") :].index("CONV_2D ") + 42 + len(reasons.PARAMETER)
        whole = parse_log(text)
        for length in range(end):
            try:
                found = parse_log(text[:length])
            except ConversionError as error:
                assert "Run edgetpu_compiler again" in str(error)  # noqa: PT017
                continue
            # What ends between two rows looks whole; so does what ends where the compiler does without ``-s``.
            whole_rows = text[:length].rstrip().endswith(tuple(reasons_and_mapped()))
            assert found == whole or whole_rows or text[:length].rstrip().endswith("net_edgetpu.log")
            if found.ops and found != whole:
                with pytest.raises(ConversionError, match="cut off, or that of another model"):
                    parse_log(text[:length], counts=COUNTS)


def reasons_and_mapped() -> list[str]:
    return [reasons.MAPPED, *reasons.REASONS]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("Edge TPU Compiler vers", "before the version's end"),
        ("WARNING: something else entirely\n", "does not begin with"),
        (ROWS, "does not begin with"),
        ("Edge TPU Compiler version 16.0.384591198\n", "has no table"),
        ("Edge TPU Compiler version 16.0.384591198\n\nOperator    Count   Status\n\n", "no rows"),
        (
            "Edge TPU Compiler version 16.0.1\nOperator Count Status\n\nCONV_2D 2 Mapped to Ed",
            "'CONV_2D 2 Mapped to Ed'",
        ),
        ("Edge TPU Compiler version 16.0.1\nOperator Count Status\n\nCONV_2D  2", "'CONV_2D  2'"),
    ],
)
def test_foreign_and_cut_logs_are_sentences(text: str, said: str) -> None:
    with pytest.raises(ConversionError, match=r"^net\.log is ") as caught:
        parse_log(text, "net.log")
    assert said in str(caught.value)


def test_numbers_that_contradict_each_other_are_a_cut() -> None:
    with pytest.raises(ConversionError, match="announces 58 operations, and its table has 57"):
        parse_log(printed(VERSIONS[-1]).replace("operations: 57", "operations: 58"))
    with pytest.raises(ConversionError, match="announces 36 operations on the Edge TPU"):
        parse_log(printed(VERSIONS[-1]).replace("run on Edge TPU: 35", "run on Edge TPU: 36"))


def test_a_log_of_another_model_is_found_out() -> None:
    with pytest.raises(ConversionError, match="it has 41 CONV_2D, and the model has 40"):
        parse_log(written(VERSIONS[-1]), counts={**COUNTS, "CONV_2D": 40})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version of this builtin might be "
            "supported.\n\nERROR: Registration failed.\n\nCompilation failed!\n",
            "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'",
        ),
        (
            "Started a compilation timeout timer of 180 seconds.\n"
            "ERROR: Restored original execution plan after delegate application failure.\n"
            "Compilation failed: Compilation failed due to large activation tensors in model.\n"
            "Compilation child process completed within timeout period.\nCompilation failed! \n",
            "Compilation failed: Compilation failed due to large activation tensors in model.",
        ),
        ("\nInternal compiler error. Aborting! \n", "Internal compiler error. Aborting!"),
        ("Compilation failed!\n", "Compilation failed!"),
        ("Invalid model: m.tflite\nModel not quantized\n", "Invalid model: m.tflite Model not quantized"),
        ("Invalid model: m.tflite\nModel could not be parsed\n", "Model could not be parsed"),
        (
            "Compilation timeout. This is usually caused by large activations.\n",
            "Compilation timeout. This is usually caused by large activations",
        ),
        (
            "loc(\"stem/Slice_21\"): error: 'tfl.strided_slice' op is not supported on DarwiNN. See the operation "
            'detail:\n\t%9 = "tfl.strided_slice"(%7)\n',
            "error: 'tfl.strided_slice' op is not supported on DarwiNN",
        ),
    ],
)
def test_a_failed_compilation_is_no_cut_log(text: str, said: str) -> None:
    log = parse_log(f"Edge TPU Compiler version 16.0.384591198\n{text}")
    assert log.ops == ()
    assert log.error is not None
    assert said in log.error


@pytest.mark.parametrize("count", ["9" * 5000, "9" * 10, "\u0663", "-1"])
def test_a_count_that_is_none_is_a_damaged_row(count: str) -> None:
    text = f"Edge TPU Compiler version 16.0.384591198\nOperator Count Status\n\nADD  {count}  Mapped to Edge TPU\n"
    with pytest.raises(ConversionError, match=r"^The log is cut off or damaged: a row of its table is 'ADD"):
        parse_log(text)
    with pytest.raises(ConversionError) as caught:
        parse_log(text)
    assert len(str(caught.value)) < 300


def test_a_failure_of_any_length_is_bounded() -> None:
    for text in ("ERROR: " + "x" * 1_000_000, "".join(f"ERROR: tensor {index}\n" for index in range(10_000))):
        log = parse_log(f"Edge TPU Compiler version 16.0.384591198\n{text}\nCompilation failed!\n")
        assert log.error is not None
        assert log.error.startswith("ERROR: ")
        assert len(log.error) < 5000


@pytest.mark.parametrize("size", ["9" * 400 + "MiB", "nanMiB", "1e9MiB", "1.2.3MiB", "\u0663MiB"])
def test_figures_that_are_none_are_not_known(size: str) -> None:
    text = printed("16.0.384591198").replace("3.50MiB", size)
    assert parse_log(text).on_chip_used is None
    text = printed("16.0.384591198").replace(
        "Total number of operations: 57", "Total number of operations: " + "9" * 5000
    )
    assert parse_log(text).total is None


def test_a_version_in_other_digits_is_none() -> None:
    with pytest.raises(ConversionError, match="before the version's end"):
        parse_log(written("\u0661\u0666.0"))


@pytest.mark.parametrize("mark", ["> ", ">", "> > ", "    "])
def test_a_log_that_was_pasted_as_a_quotation_is_read(mark: str) -> None:
    for whole in (written("16.0.384591198"), printed("16.0.384591198")):
        quoted = "".join(mark + line for line in whole.splitlines(keepends=True))
        assert parse_log(quoted) == parse_log(whole)


@pytest.mark.parametrize("reason", reasons.EARLY_REASONS)
def test_what_only_compiler_2_said_is_known(reason: str) -> None:
    text = written("2.0.267685300").replace("Operation not supported", reason)
    assert reason in {row.reason for row in parse_log(text).ops}
    with pytest.raises(ConversionError, match="cut off"):
        parse_log(text[: text.index(reason) + len(reason) - 8])


def test_a_status_that_nobody_has_seen_yet_is_taken_as_it_is() -> None:
    text = written("2.0.267685300").replace("Operation not supported", reasons.IMPRECISE)
    assert reasons.IMPRECISE in {row.reason for row in parse_log(text).ops}
    text = written("17.0.1").replace("Operation not supported", "Operation is too new for words")
    assert "Operation is too new for words" in {row.reason for row in parse_log(text).ops}


def test_segments_and_several_runs_are_logs_of_their_own() -> None:
    whole = printed("16.0.384591198")
    second = whole[whole.index("Input model:") :].replace("net", "other")
    both = parse_logs(whole.replace("Compilation succeeded! \n", "") + second)
    assert [log.input for log in both] == ["net.tflite", "other.tflite"]
    assert [len(log.ops) for log in both] == [8, 8]
    runs = parse_logs(written("15.0.340273435") + written("16.0.384591198"))
    assert [log.compiler for log in runs] == ["15", "16"]
    assert parse_log(written("15.0.340273435") + written("16.0.384591198")).compiler == "16"


@given(st.text(max_size=300), st.integers(0, 3000), st.integers(0, 50))
def test_any_text_is_a_log_or_one_of_our_errors(text: str, place: int, taken: int) -> None:
    whole = printed("16.0.384591198")
    for mutant in (text, whole[:place] + text + whole[place + taken :]):
        try:
            parse_logs(mutant)
        except ConversionError as error:
            assert str(error).startswith("The log is ")  # noqa: PT017


def test_recorded_logs(shared_data: Path) -> None:
    found = sorted((shared_data / "edge-tpu" / "compiler-logs").rglob("*.log"))
    assert len(found) >= 3
    for path in found:
        log = parse_log(path.read_text(), path.name)
        assert log.ops
        assert all(row.mapped for row in log.ops)
        assert log.output.endswith(path.name.replace(".log", ".tflite"))
