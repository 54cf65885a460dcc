"""This process with those that it has started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edgekit.measure.memory import family_peak, peak_memory
from edgekit.measure.processes import family, family_time

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells without a library")

BALLAST = 64 << 20
BURNING = 0.3

CHILD = f"""
import time
ballast = b"x" * {BALLAST}
while time.process_time() < {BURNING}:
    pass
print("ready", flush=True)
input()
"""

PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(child.stdout.readline().strip(), child.pid, flush=True)
input()
child.communicate("\\n")
"""


@contextmanager
def grandchild() -> Iterator[tuple[int, int]]:
    """The ids of a child and of its own child, which has taken time and memory."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        word, found = process.stdout.readline().split()
        assert word == "ready"
        yield process.pid, int(found)
        process.communicate("\n")


def test_the_family_is_all_that_descends_and_runs() -> None:
    alone = family()
    assert alone[0] == os.getpid()
    with grandchild() as (child, below):
        assert set(family()) - set(alone) == {child, below}
        assert subprocess.run(["true"], check=True).returncode == 0  # one that has ended is none of it
    assert set(family()) == set(alone)


def test_the_time_is_that_of_all_and_stays() -> None:
    before = family_time()
    with grandchild():
        running = family_time()
    assert running - before >= BURNING * 0.9  # the system counts in steps of 10 ms
    assert family_time() - before >= BURNING * 0.9


def test_the_memory_is_that_of_all() -> None:
    own = peak_memory()
    assert own is not None
    alone = family_peak()
    with grandchild():
        together = family_peak()
    assert together.processes == alone.processes + 2
    assert together.size_bytes is not None
    assert together.size_bytes >= own + BALLAST
