"""Holding back chatter without losing anything else."""

from __future__ import annotations

import os

import pytest

from edgekit.runtime.engines.stderr import without_chatter


def test_only_chatter_is_dropped(capfd):
    with without_chatter():
        os.write(2, b"INFO: Created a delegate\nERROR: something is wrong\n")
    os.write(2, b"INFO: later\n")
    assert capfd.readouterr().err == "ERROR: something is wrong\nINFO: later\n"


def test_standard_error_comes_back_after_an_exception(capfd):
    with pytest.raises(ValueError, match="inside"), without_chatter():
        raise ValueError("inside")
    os.write(2, b"visible")
    assert capfd.readouterr().err == "visible"
