"""What the Edge TPU's compiler does when it fails, as users report it, and what is said to that."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.artifact import Artifact, Check
from edgekit.converters.edge_tpu_compile import compile_beside
from edgekit.edgetpu.compiler import PROGRAM, compile_model, how_to_compile
from edgekit.edgetpu.failures import advice, last_words, read_printed
from edgekit.errors import ConversionError
from edgekit.spec import ImageFormat, image_classifier

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the compiler runs on Linux only")

PAIR = "edge-tpu/compiler-logs/hanchanghun/mobilenet_v2_1.0_224_inat_bird_quant"
VERSION = "Edge TPU Compiler version 16.0.384591198\n"

# google-coral/edgetpu, issue 439.
LARGE = f"""{VERSION}Started a compilation timeout timer of 180 seconds.
ERROR: Restored original execution plan after delegate application failure.
Compilation failed: Compilation failed due to large activation tensors in model.
Compilation child process completed within timeout period.
Compilation failed! \n"""

SEARCH = "--option edgetpu.search_delegate=true (edgetpu_compiler --search_delegate)"

# What it does with the folder $out and the model $model; it asks for its version first.
WRITES = """#!/bin/sh
case "$1" in --version) echo "Edge TPU Compiler version 16.0.384591198"; exit 0;; esac
for model; do :; done
while [ $# -gt 1 ]; do [ "$1" = --out_dir ] && out=$2; shift; done
made="$out/$(basename "$model" .tflite)_edgetpu.tflite"
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program on the PATH."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")

    def write(text: str) -> None:
        (place / PROGRAM).write_text(text)
        (place / PROGRAM).chmod(stat.S_IRWXU)

    return write


@pytest.fixture
def birds(shared_data: Path, tmp_path: Path) -> Artifact:
    """A model as if the converter had written it."""
    path = tmp_path / "dist" / "birds.int8_for_edgetpu.tflite"
    path.parent.mkdir()
    shutil.copyfile(shared_data / f"{PAIR}.tflite", path)
    spec = image_classifier("birds", [f"bird {n}" for n in range(965)], ImageFormat(224, 224))
    return Artifact.at(path, "edgetpu", "int8", spec)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        (f"cat <<'END'\n{LARGE}END\nexit 1", r"large activation tensors in model\. What its layers hand on .* or let"),
        ("echo 'Internal compiler error. Aborting!'; kill -6 $$", r"a defect of the compiler\. Try it again, or let"),
        ("echo 'loc(\"a\"): error: op is not supported on DarwiNN'; exit 1", "error: op is not supported on DarwiNN$"),
        ("echo Edge TPU Compiler version 15.0.340273435", "its version, and nothing else. Version 15 ends so where"),
        ("exit 0", r"birds\.int8\.tflite: it said nothing\.$"),
        ('mkdir "$made"', "compiled nothing of"),
        (': > "$made"', r"wrote birds\.int8_edgetpu\.tflite, which is empty\. It said: it said nothing\.$"),
        ('head -c 3000 "$model" > "$made"', "which is damaged"),
        ('cp "$model" "$made"; echo 0 ops', r"left all of birds\.int8\.tflite to the CPU.* It said: 0 ops$"),
        ('head -c 5000000 /dev/zero | tr "\\0" x; exit 1', r"\(exit code 1\): x{300}\.\.\.$"),
        ("printf 'ERROR: \\033]0;x\\007\\n'; exit 1", r"ERROR: \\x1b\]0;x\\x07$"),
    ],
)
def test_a_failure_spares_the_model_before_it(
    birds: Artifact, script: Callable[[str], None], does: str, said: str
) -> None:
    script(WRITES + does)
    before = birds.path.read_bytes()
    (made,) = compile_beside(birds, Check(), 1, None)
    assert made.error is not None
    with pytest.raises(AssertionError if made.error is None else ConversionError, match=said):
        raise ConversionError(made.error)
    assert birds.path.read_bytes() == before
    assert [path.name for path in birds.path.parent.iterdir()] == [birds.path.name]


def test_a_folder_in_the_place_of_the_compiled_file_is_a_result_too(
    birds: Artifact, script: Callable[[str], None], shared_data: Path
) -> None:
    script(f'{WRITES}cp "{shared_data / PAIR}_edgetpu.tflite" "$made"')
    birds.path.with_name("birds.int8_edgetpu.tflite").mkdir()
    with pytest.raises(IsADirectoryError):
        birds.path.with_name("birds.int8_edgetpu.tflite").read_bytes()
    (made,) = compile_beside(birds, Check(), 1, None)
    assert made.error is not None
    assert made.error.startswith("It could not be compiled here: ")


def test_one_that_does_not_start_leaves_nothing(birds: Artifact, script: Callable[[str], None], tmp_path: Path) -> None:
    script("\x7fELF")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ConversionError, match="cannot be started"):
        compile_model(birds.path, out)
    assert list(out.iterdir()) == []


def test_searching_is_asked_for_and_then_no_advice(
    birds: Artifact, script: Callable[[str], None], capfd: pytest.CaptureFixture[str], shared_data: Path
) -> None:
    script(f'{WRITES}cat <<"END"\n{LARGE}END\nexit 1')
    (made,) = compile_beside(birds, Check(), 1, None, search_delegate=True)
    assert made.error is not None
    assert made.error.endswith("train with smaller photos or fewer channels.")
    arguments = birds.path.parent.parent / "arguments"
    copied = f'cp "{shared_data / PAIR}_edgetpu.tflite" "$made"'
    script(WRITES.replace("for model", f'echo "$@" > "{arguments}"\nfor model') + copied)
    (made,) = compile_beside(birds, Check(), 1, None, search_delegate=True)
    assert made.error is None
    assert "--timeout_sec 600 --search_delegate --out_dir " in arguments.read_text()
    assert "edgetpu_compiler --timeout_sec 600 --search_delegate birds.int8.tflite" in capfd.readouterr().out
    assert how_to_compile("m.tflite", search_delegate=True).endswith("edgetpu_compiler --search_delegate m.tflite")


def test_advice_names_the_option() -> None:
    assert SEARCH in advice(LARGE)
    assert SEARCH in advice("Compilation timeout. This is usually caused by large activations.")
    assert SEARCH in advice("Internal compiler error. Aborting!")
    assert SEARCH not in advice("Internal compiler error. Aborting!", search_delegate=True)
    assert advice("Invalid model: m.tflite\nModel not quantized") == ""
    # It counts down in every compilation.
    assert advice("Started a compilation timeout timer of 180 seconds.\nERROR: Atan") == ""
    assert last_words("Invalid model: m.tflite\nModel not quantized") == "Invalid model: m.tflite Model not quantized"


def test_of_very_much_the_middle_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "printed.txt"
    file.write_bytes(b"first\n" + b"x" * (3 << 20) + b"\nlast")
    text = read_printed(file)
    assert text.startswith("first\n")
    assert text.endswith("\nlast")
    assert len(text) < (1 << 20) + 100
    assert "[2,097,163 bytes are left out here]" in text
    file.write_text("short")
    assert read_printed(file) == "short"
