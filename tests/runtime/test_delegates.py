"""Delegates: a real library, compiled here, in the real interpreter."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import UnsupportedModelError, UsageError
from edgekit.runtime import load
from edgekit.runtime.engines import delegates
from edgekit.runtime.engines.delegates import KnownDelegate, describe_shares, find_delegate, register_delegate
from edgekit.runtime.engines.litert_kernels import Node
from tests.conftest import missing

SOURCE = Path(__file__).with_name("delegate.c")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The delegate of ``delegate.c``."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        missing("no C compiler to make a delegate with")
    path = tmp_path_factory.mktemp("delegate") / "libtest.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", path, SOURCE], check=True)
    return path


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()


def test_the_delegate_is_offered_the_model(tiny: Any, library: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with load(tiny.fp32, delegate=library, delegate_options={"log": str(log), "speed": 3}) as model:
        np.testing.assert_allclose(model.predict(tiny.images), tiny.probabilities, atol=1e-5)
        kernels = model.engine.info.kernels
        assert model.engine.info.simulated is None
    said = lines(log)
    assert said[0] == "created with 2"
    assert re.fullmatch(r"offered [1-9]\d*", said[-2])
    assert said[-1] == "destroyed 0"
    assert kernels.startswith("libtest.so (0 of ")


@pytest.mark.parametrize("name", ["fp32", "bare"])
def test_any_file_is_tried_with_the_delegate(tiny: Any, library: Path, tmp_path: Path, name: str) -> None:
    """One of EdgeKit's own, too: it has never run with this one."""
    log = tmp_path / "log"
    options = {"log": str(log)}
    path = getattr(tiny, name)
    load(path, delegate=str(library), delegate_options=options).close()
    # Made once to see whether it can be, then for the trial in its own process, then for the program.
    assert sum(line.startswith("created") for line in lines(log)) == 3
    assert sum(line.startswith("offered") for line in lines(log)) == 2
    log.unlink()
    load(path, delegate=str(library), delegate_options=options).close()
    assert sum(line.startswith("created") for line in lines(log)) == 1  # remembered


@pytest.mark.parametrize("name", ["fp32", "bare"])
def test_a_delegate_that_crashes_does_so_in_the_trial(tiny: Any, library: Path, name: str) -> None:
    with pytest.raises(UnsupportedModelError, match=r"crashes the interpreter \(signal 11.*delegate libtest\.so"):
        load(getattr(tiny, name), delegate=library, delegate_options={"refuse": "crash"})
    load(getattr(tiny, name)).close()  # without it all is well


@pytest.mark.parametrize("name", ["fp32", "bare"])
def test_a_model_that_the_delegate_refuses(tiny: Any, library: Path, name: str) -> None:
    with pytest.raises(
        UnsupportedModelError, match=r"cannot be run: ai-edge-litert \S+ with the delegate libtest\.so refuses it"
    ):
        load(getattr(tiny, name), delegate=library, delegate_options={"refuse": "model"})


@pytest.mark.parametrize("name", ["fp32", "bare"])
def test_a_delegate_without_its_device(tiny: Any, library: Path, name: str) -> None:
    sentence = r"The delegate libtest\.so cannot be used here: no such device is connected\."
    with pytest.raises(UnsupportedModelError, match=sentence):
        load(getattr(tiny, name), delegate=library, delegate_options={"refuse": "create"})


def test_libraries_that_are_none(tiny: Any, tmp_path: Path, library: Path) -> None:
    text = tmp_path / "text.so"
    text.write_text("no library")
    with pytest.raises(UsageError, match=r"text\.so cannot be loaded: .*Is it complete, and made for this system"):
        load(tiny.fp32, delegate=text)
    source = tmp_path / "other.c"
    source.write_text("int other;")
    subprocess.run([shutil.which("gcc") or "cc", "-shared", "-o", tmp_path / "other.so", source], check=True)
    with pytest.raises(UsageError, match=r"other\.so is a library, but none of a delegate: .*tflite_plugin_create"):
        load(tiny.fp32, delegate=tmp_path / "other.so")
    with pytest.raises(UsageError, match=r"The delegate library libnowhere\.so\.1 cannot be loaded"):
        load(tiny.bare, delegate="libnowhere.so.1")


@pytest.mark.parametrize(
    ("delegate", "options", "sentence"),
    [
        ("/nowhere/libx.so", None, "The delegate library /nowhere/libx.so does not exist."),
        ("/tmp", None, "The delegate library /tmp is a folder."),
        ("edge-gpu", None, "There is no delegate 'edge-gpu'. Give the path of its library."),
        ("", None, "delegate is the path of a library, or a name. Got: ''."),
        (7, None, "delegate is the path of a library, or a name. Got: 7"),
        ("libx.so", ["a"], "delegate_options is a mapping from names to values, or None. Got: a list"),
        ("libx.so", {1: "a"}, "A name in delegate_options is a string. Got: 1"),
        ("libx.so", {"a": []}, "delegate_options['a'] is a string or a number. Got: a list"),
    ],
)
def test_what_cannot_be_meant(tiny: Any, delegate: Any, options: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tiny.fp32, delegate=delegate, delegate_options=options)
    assert sentence in str(caught.value)


def test_options_without_a_delegate_and_other_files(tiny: Any, tmp_path: Path, library: Path) -> None:
    with pytest.raises(UsageError, match="give delegate, too"):
        load(tiny.fp32, delegate_options={})
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"Only \.tflite files run with a delegate\. Got: model\.onnx"):
        load(tmp_path / "model.onnx", delegate=library)


def test_registered_names(tiny: Any, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegates, "_KNOWN", {})
    register_delegate("test-npu", KnownDelegate({sys.platform: str(library)}, "Install the driver."))
    register_delegate("absent-npu", KnownDelegate({sys.platform: "libabsent.so"}, "Install the other driver."))
    register_delegate("other-npu", KnownDelegate({}, "It is for phones."))
    with pytest.raises(ValueError, match="there is a delegate 'test-npu' already"):
        register_delegate("test-npu", KnownDelegate({}, ""))
    with load(tiny.fp32, delegate="test-npu") as model:
        assert "test-npu (0 of" in model.engine.info.kernels
    with pytest.raises(UsageError, match=r"libabsent\.so cannot be loaded: .*\. Install the other driver\."):
        load(tiny.fp32, delegate="absent-npu")
    with pytest.raises(UsageError, match=r"not made for this system.*It is for phones\."):
        load(tiny.fp32, delegate="other-npu")
    with pytest.raises(UsageError, match="Names: test-npu, absent-npu, other-npu"):
        find_delegate("npu")


def test_a_trial_is_remembered_for_this_very_delegate(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / "libtest.so"
    copy.write_bytes(library.read_bytes())
    one = find_delegate(copy, {"a": 1})
    assert one.key() == find_delegate(copy, {"a": "1"}).key()
    assert one.key() != dataclasses.replace(one, options={}).key()
    before = one.key()
    copy.write_bytes(library.read_bytes() + b"\0")
    assert one.key() != before


def test_shares_of_the_operators() -> None:
    chain = [Node(f"OP{n}", (n,), (n + 1,)) for n in range(4)]
    own, others = Node("DELEGATE", (0,), (2,)), Node("DELEGATE", (2,), (3,))
    assert describe_shares([*chain, own], 4, 5, "npu") == "npu (2 of 4 operators), builtin"
    assert (
        describe_shares([*chain, own, others], 4, 5, "npu")
        == "npu (2 of 4 operators), XNNPACK (1 of 4 operators), builtin"
    )
    assert describe_shares([*chain, Node("DELEGATE", (0,), (4,))], 4, 5, "npu") == "npu (4 of 4 operators)"
