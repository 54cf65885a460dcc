"""The frame of the command line: help, errors, exit codes, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.cli.main import COMMANDS, cli
from edgekit.version import __version__
from tests.cli.conftest import Run


def test_help_lists_every_command_and_an_example(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    assert all(f"  {name}" in result.out for name in COMMANDS)
    assert "edgekit train flowers/ -o flowers.keras" in result.out


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "completion"])
def test_every_command_has_json_and_examples(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.code == 0
    assert "--json" in result.out
    assert "Examples:" in result.out


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    for name, line in COMMANDS.items():
        command = cli.get_command(None, name)  # type: ignore[arg-type]  # the group does not look at it
        assert command is not None
        assert command.help
        assert line


def test_version(run: Run) -> None:
    assert __version__ in run("--version").out


def test_an_unknown_command_names_the_close_one(run: Run) -> None:
    result = run("trian")
    assert result.code == 2
    assert "Did you mean 'train'?" in result.err


def test_wrong_usage_ends_with_2_and_a_document(run: Run) -> None:
    result = run("train", "--epochs", "none", "--json")
    assert result.code == 2
    assert result.document["error"]["kind"] == "usage"


def test_doctor_takes_one_device(run: Run) -> None:
    result = run("doctor", "--on", "pi@a,pi@b")
    assert result.code == 2
    assert "doctor looks at one device at a time: name one, without a comma. Got: 'pi@a,pi@b'." in result.err


def test_an_ssh_command_that_is_none_is_no_defect(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_SSH_COMMAND", 'a "b')
    result = run("doctor", "--on", "pi@a", "--json")
    assert result.code == 1
    assert json.loads(result.out)["error"]["kind"] == "target"
    assert "EDGEKIT_SSH_COMMAND is no command line" in result.err


def test_a_failure_ends_with_1_and_a_document(run: Run, tmp_path: Path) -> None:
    result = run("train", tmp_path / "nowhere", "-o", tmp_path / "x.keras", "--json")
    assert result.code == 1
    assert "nowhere" in result.document["error"]["message"]
    assert "Traceback" not in result.err
    assert not (tmp_path / "x.keras").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.code == 0
    assert "_EDGEKIT_COMPLETE" in result.out


def test_completion_answers_with_the_commands() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("edgekit")],
        env={"_EDGEKIT_COMPLETE": "bash_complete", "COMP_WORDS": "edgekit ex", "COMP_CWORD": "1", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
    )
    assert "plain,export" in result.stdout.splitlines()


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    edgekit = Path(sys.executable).with_name("edgekit")
    result = subprocess.run(f"'{edgekit}' doctor --json | head -c 1", shell=True, capture_output=True, text=True)
    assert "Traceback" not in result.stderr


def test_json_of_a_failure_is_one_line(run: Run, tmp_path: Path) -> None:
    result = run("inspect", tmp_path / "nothing.tflite", "--json")
    assert result.code == 1
    assert set(json.loads(result.out)) == {"error"}


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_any_encoding_of_the_terminal_will_do(shared_data: Path, encoding: str) -> None:
    model = shared_data / "tflite-zoo" / "tflite-support" / "mobilenet_v1_0.25_224_quant.tflite"
    result = subprocess.run(
        [sys.executable, "-m", "edgekit", "inspect", str(model), "--no-run"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr
    assert b"CONV_2D" in result.stdout


@pytest.mark.parametrize("classes", ["", "a,b,", ","])
def test_classes_without_a_name_are_wrong_usage(run: Run, tmp_path: Path, classes: str) -> None:
    assert run("train", tmp_path, "-o", tmp_path.parent / "x.keras", "--classes", classes).code == 2
