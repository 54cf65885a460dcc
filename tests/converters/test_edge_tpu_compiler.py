"""Running the Edge TPU's compiler: with what the real one wrote for real models, recorded, and its ways to fail."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import edgekit
from edgekit.artifact import Artifact, Check
from edgekit.converters.edge_tpu_compile import compile_beside, judge
from edgekit.edgetpu.compiler import PROGRAM, Compiled, compile_model, find_compiler, how_to_compile, where_it_runs
from edgekit.errors import ConversionError, NotRunHereError
from edgekit.spec import ImageFormat, image_classifier
from edgekit.tflite.digest import carries_own_digest
from edgekit.tflite.spec_io import read_spec
from tests.cli.conftest import heed_interrupts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the compiler runs on Linux only")

LOG = "edge-tpu/compiler-logs/hanchanghun/dummy_edgetpu.log"
BIRDS = "edge-tpu/compiler-logs/hanchanghun/mobilenet_v2_1.0_224_inat_bird_quant.tflite"
SECONDS = 60.0

# google-coral/edgetpu, issue 631: what compiler 16 prints of a grouped convolution.
REFUSAL = """ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version of this builtin might be \
supported. Are you using an old TFLite binary with a newer model?

ERROR: Registration failed.

Invalid model: model.tflite
Model could not be parsed"""


@pytest.fixture
def recorded(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts the stand-in on the PATH; called with ``version`` and what else its file has."""
    place = tmp_path / "bin"
    place.mkdir()
    script = place / PROGRAM
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent / "replay_compiler.py"}" "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REPLAY", str(tmp_path / "replay.json"))
    models = {}
    for row in pairs(shared_data):
        source, made, log = (shared_data / row[name] if row[name] else None for name in ("source", "edgetpu", "log"))
        assert source is not None
        models[digest(source)] = [str(made), str(log) if log else None]

    def use(version: str = "16.0.384591198", **more: Any) -> None:
        (tmp_path / "replay.json").write_text(json.dumps({"version": version, "models": models, **more}))

    use()
    return use


def pairs(shared_data: Path) -> Iterator[dict[str, str]]:
    with (shared_data / "edge-tpu" / "pairs.tsv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_real_models_and_logs_are_kept_whole_and_predicted(
    shared_data: Path, out: Path, recorded: Callable[..., None]
) -> None:
    judged = 0
    for row in pairs(shared_data):
        if not row["log"]:
            continue
        recorded(row["log_compiler"])
        source, log = shared_data / row["source"], shared_data / row["log"]
        compiled = compile_model(source, out)
        (model,) = compiled.models
        assert model.name == f"{source.stem}_edgetpu.tflite"
        assert model.read_bytes() == (shared_data / row["edgetpu"]).read_bytes()
        assert compiled.logs == (log.read_text(),)
        assert compiled.version == int(row["log_compiler"].split(".")[0])
        done, verdict = judge(source.read_bytes(), compiled)
        total = sum(json.loads(row["source_ops"]).values())
        assert done == f"Compiled by version {compiled.version}: {total} of {total} ops run on the Edge TPU."
        assert verdict == "That is what was predicted."
        judged += 1
    assert judged == 3


def test_a_wrong_prediction_is_told(shared_data: Path) -> None:
    text = (shared_data / LOG).read_text()
    other = text.replace(
        "DEPTHWISE_CONV_2D              1          Mapped to Edge TPU",
        "DEPTHWISE_CONV_2D              1          More than one subgraph is not supported",
    )
    assert other != text
    source = (shared_data / LOG).with_name("dummy.tflite").read_bytes()
    notes = judge(source, Compiled((), 16, text, (other,), PROGRAM))
    assert notes[0] == "Compiled by version 16: 2 of 3 ops run on the Edge TPU."
    assert notes[1] == "DEPTHWISE_CONV_2D (1) on the CPU: More than one subgraph is not supported."
    assert notes[2].startswith(
        "The prediction was wrong: DEPTHWISE_CONV_2D: predicted 1 'Mapped to Edge TPU'; the compiler says 1 'More than"
    )


def test_streamed_parameters_are_told(shared_data: Path) -> None:
    text = (shared_data / LOG).read_text()
    printed = (
        "Edge TPU Compiler version 16.0.384591198\n\nModel compiled successfully in 328 ms.\n\nInput model: x.tflite\n"
        "Input size: 40.09KiB\nOutput model: x_edgetpu.tflite\nOutput size: 52.63KiB\n"
        "On-chip memory used for caching model parameters: 1.84MiB\n"
        "On-chip memory remaining for caching model parameters: 256.75KiB\n"
        "Off-chip memory used for streaming uncached model parameters: 5.64MiB\nNumber of Edge TPU subgraphs: 1\n"
        "Total number of operations: 3\nOperation log: x_edgetpu.log\n"
        "See the operation log file for individual operation details.\n"
        "Compilation child process completed within timeout period.\nCompilation succeeded!\n"
    )
    source = (shared_data / LOG).with_name("dummy.tflite").read_bytes()
    notes = judge(source, Compiled((), 16, printed, (text,), PROGRAM))
    assert "5.64 MiB of parameters do not fit on the chip and are sent in every call." in notes


@pytest.mark.parametrize("rows", [-1, 0, 1])
def test_a_log_that_was_cut_is_no_prediction_come_true(shared_data: Path, rows: int) -> None:
    lines = (shared_data / LOG).read_text().splitlines(keepends=True)
    text = "".join(lines[: lines.index("\n", 4) + 1 + rows] if rows >= 0 else lines[:0])
    source = (shared_data / LOG).with_name("dummy.tflite").read_bytes()
    (note,) = judge(source, Compiled((), 16, text, (text,), PROGRAM))
    assert note.startswith("Compiled, but nobody knows what is on the Edge TPU.")


def test_without_a_table_nobody_knows(shared_data: Path) -> None:
    source = (shared_data / LOG).with_name("dummy.tflite").read_bytes()
    (note,) = judge(source, Compiled((), 16, "", (), PROGRAM))
    assert "wrote no table" in note


def test_its_options_are_those_of_its_version(shared_data: Path, out: Path, recorded: Callable[..., None]) -> None:
    source = (shared_data / LOG).with_name("dummy.tflite")
    compiled = compile_model(source, out, min_runtime_version=13, seconds=77)
    assert f"Arguments: --timeout_sec 77 --min_runtime_version 13 --out_dir {out}" in compiled.printed
    assert compiled.command == f"{PROGRAM} --timeout_sec 77 --min_runtime_version 13 dummy.tflite"
    recorded("15.0.340273435")
    assert "--timeout_sec" not in compile_model(source, out).printed


def test_segments_are_files_of_their_own(shared_data: Path, out: Path, recorded: Callable[..., None]) -> None:
    compiled = compile_model((shared_data / LOG).with_name("dummy.tflite"), out, num_segments=2)
    assert [model.name for model in compiled.models] == [f"dummy_segment_{n}_of_2_edgetpu.tflite" for n in (0, 1)]
    assert len(compiled.logs) == 2


def test_what_it_refuses_is_said_in_its_words(shared_data: Path, out: Path, recorded: Callable[..., None]) -> None:
    recorded(says=REFUSAL)
    with pytest.raises(ConversionError, match=r"compiled nothing of dummy\.tflite \(exit code 1\)") as refused:
        compile_model((shared_data / LOG).with_name("dummy.tflite"), out)
    assert "Registration failed. Invalid model: model.tflite Model could not be parsed" in str(refused.value)


def test_without_one_it_says_where_it_comes_from(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_compiler() is None
    with pytest.raises(ConversionError, match=r"x86-64\), then: edgetpu_compiler --num_segments 2 dummy\.tflite"):
        compile_model((shared_data / LOG).with_name("dummy.tflite"), tmp_path, num_segments=2)
    assert "https://coral.ai/docs/edgetpu/compiler/#download" in how_to_compile("m.tflite")


@pytest.mark.parametrize(
    ("system", "machine", "said"),
    [
        ("linux", "x86_64", "There is no edgetpu_compiler on the PATH"),
        ("linux", "aarch64", "x86-64 Linux only, not on this machine"),
        ("darwin", "x86_64", "x86-64 Linux only, not on this machine"),
        ("win32", "AMD64", "x86-64 Linux only, not on this machine"),
    ],
)
def test_where_it_runs(system: str, machine: str, said: str) -> None:
    assert said in where_it_runs(system, machine)


@pytest.fixture
def hanging(shared_data: Path, tmp_path: Path, recorded: Callable[..., None]) -> Path:
    """The stand-in compiles without end, in a process of its own, whose id comes to lie here."""
    recorded(child=str(tmp_path / "child"))
    return tmp_path / "child"


def test_one_that_takes_too_long_is_stopped_with_what_it_started(
    shared_data: Path, out: Path, hanging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgekit.edgetpu.compiler._GRACE_SECONDS", 3)
    with pytest.raises(ConversionError, match=r"took longer than 1 s for dummy\.tflite and was stopped"):
        compile_model((shared_data / LOG).with_name("dummy.tflite"), out, seconds=1)
    assert is_gone(hanging)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_whoever_started_it(shared_data: Path, out: Path, hanging: Path, end: signal.Signals) -> None:
    program = (
        "import sys; from pathlib import Path; from edgekit.edgetpu.compiler import compile_model\n"
        "compile_model(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    source = (shared_data / LOG).with_name("dummy.tflite")
    words = [sys.executable, "-c", program, str(source), str(out)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, preexec_fn=heed_interrupts) as process:
        wait_for(hanging.exists)
        wait_for(lambda: hanging.read_text() != "")
        assert not is_over(int(hanging.read_text()))
        process.send_signal(end)
        assert process.wait(SECONDS) != 0
    assert is_gone(hanging)


def is_gone(note: Path) -> bool:
    """Whether the process whose id is noted has ended."""
    wait_for(lambda: is_over(int(note.read_text())))
    return True


def is_over(process_id: int) -> bool:
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return True
    return fields[0] == "Z"  # ended, and its foster parent has not looked


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "still not so"
        time.sleep(0.05)


@pytest.fixture
def birds(shared_data: Path, tmp_path: Path) -> Artifact:
    """A model that the real compiler has compiled, as if the converter had written it."""
    path = tmp_path / "birds.int8_for_edgetpu.tflite"
    shutil.copyfile(shared_data / BIRDS, path)
    spec = image_classifier("birds", [f"bird {n}" for n in range(965)], ImageFormat(224, 224))
    return Artifact.at(path, "edgetpu", "int8", spec)


PROOF = Check("64 photos of train", "ai-edge-litert 2.3.0", {"agreement": 0.984})


def test_the_compiled_model_lies_beside_with_its_spec_and_is_not_called_verified(
    shared_data: Path, birds: Artifact, recorded: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    (made,) = compile_beside(birds, PROOF, 1, None)
    assert (made.file, made.error) == ("birds.int8_edgetpu.tflite", None)
    data = birds.path.with_name(made.file).read_bytes()
    written = (shared_data / BIRDS.replace(".tflite", "_edgetpu.tflite")).read_bytes()
    assert written in data
    assert read_spec(data, made.file) == birds.spec
    assert not made.check.verified
    assert made.check.reason is not None
    assert made.check.reason.startswith("Not run here: it needs an Edge TPU. birds.int8_for_edgetpu.tflite, of which")
    assert "the same top-1 on 98.4%" in made.check.reason
    assert made.check.notes[-1] == "That is what was predicted."
    log = (shared_data / BIRDS.replace(".tflite", "_edgetpu.log")).read_text()
    assert log in capfd.readouterr().out, "the compiler's log is to be kept whole"
    assert [path.name for path in birds.path.parent.glob("compiler-*")] == []


def test_segments_lie_beside(birds: Artifact, recorded: Callable[..., None]) -> None:
    made = compile_beside(birds, PROOF, 2, None)
    assert [one.file for one in made] == [f"birds.int8_segment_{n}_of_2_edgetpu.tflite" for n in (0, 1)]
    for one in made:
        assert carries_own_digest(birds.path.with_name(one.file).read_bytes())


@pytest.mark.parametrize("segments", [1, 2])
def test_what_needs_the_chip_is_not_run_here_and_no_failure(
    birds: Artifact, recorded: Callable[..., None], segments: int
) -> None:
    for one in compile_beside(birds, PROOF, segments, None):
        with pytest.raises(NotRunHereError, match="compiled for a Coral Edge TPU and runs only there"):
            edgekit.load(birds.path.with_name(one.file))


def test_a_failure_is_a_result(birds: Artifact, recorded: Callable[..., None]) -> None:
    recorded(says=REFUSAL)
    (made,) = compile_beside(birds, PROOF, 1, None)
    assert made.file == "birds.int8_edgetpu.tflite"
    assert made.error is not None
    assert "Registration failed" in made.error
    assert not birds.path.with_name(made.file).exists()


def test_an_unknown_compiler_is_no_prediction_gone_wrong(birds: Artifact, recorded: Callable[..., None]) -> None:
    recorded("17.0.1")
    (made,) = compile_beside(birds, PROOF, 1, None)
    assert made.check.notes[-1] == "Nothing was predicted for compiler 17, which EdgeKit does not know."


def test_without_a_compiler_there_is_nothing_beside(birds: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(birds.path.parent))
    assert compile_beside(birds, PROOF, 1, None) == ()
