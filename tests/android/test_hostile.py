"""A device that says whatever it likes: a sentence or a plain value, in bounded memory; nothing is run or removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import TargetError
from edgekit.remote.android.app import find_apps
from tests.android.checks import assert_fails
from tests.android.conftest import Open
from tests.android.handset import PACKAGE, Handset
from tests.android.test_phone import phone_of


def program(handset: Handset, name: str, text: str) -> None:
    """Puts a program in the place of one of the device's."""
    handset.write(f"/system/bin/{name}", f"#!/bin/sh\n{text}\n")
    handset.sandbox.path(f"/system/bin/{name}").chmod(0o755)


def test_output_without_end(handset: Handset, target: Open) -> None:
    program(handset, "getprop", "exec yes")
    with pytest.raises(TargetError, match="sends far more than it was asked for"):
        target(handset).describe()
    assert handset.left_over() == []


def test_output_that_is_no_text(handset: Handset, target: Open) -> None:
    for name in ("getprop", "dumpsys", "settings", "pm", "uname", "df"):
        program(handset, name, "head -c 50000 /dev/urandom")
    device = target(handset)
    found, look = device.describe(), device.look_at_phone()
    for text in (found.model, found.os, found.architecture):
        assert text.isprintable()
        assert len(text) <= 100
    assert (look.apps, look.free_bytes) == ((), None)


def test_packages_that_are_commands(handset: Handset) -> None:
    handset.install_app()
    words = (
        "$(touch${IFS}/sdcard/owned)",
        "`touch${IFS}/sdcard/owned`",
        ";reboot",
        "*",
        "-n",
        "a",
        "a.b;c",
        "\\033[2J",
    )
    lines = " ".join(f"'package:{word}'" for word in (*words, PACKAGE))
    program(handset, "pm", f"printf '%s\\n' {lines}")
    program(handset, "cmd", 'echo "$5"')
    assert find_apps(phone_of(handset)) == [PACKAGE]
    assert handset.left_over() == []


@pytest.mark.parametrize(
    ("mood", "words"),
    [("endless", "sends far more than it was asked for"), ("deep", "cannot be read: it is no JSON")],
)
def test_results_of_any_size_and_depth(
    handset: Handset, target: Open, hello: Path, monkeypatch: pytest.MonkeyPatch, mood: str, words: str
) -> None:
    monkeypatch.setattr("edgekit.remote.android.app._MOST_RESULT_BYTES", 1 << 20)
    handset.install_app(mood=mood)
    device = target(handset)
    assert_fails(device, hello, words)
    device.close()
    assert handset.left_over() == []


def test_an_app_that_names_another_file(handset: Handset, target: Open, flowers: list[Path]) -> None:
    """It would have the shell read, and remove, what the app itself may not."""
    handset.install_app(mood="elsewhere")
    device = target(handset)
    with pytest.raises(TargetError, match="which is none of its results"):
        device.answer(flowers[0], np.zeros((1, 128, 128, 3), np.uint8))
    device.close()
    assert handset.sandbox.path("/data/system/mood").exists()
    assert handset.left_over() == []
