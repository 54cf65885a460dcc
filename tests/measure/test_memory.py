"""Memory of a process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from edgekit.measure.memory import current_memory, peak_memory, read_status


def test_the_peak_grows_with_what_is_touched():
    before = peak_memory()
    assert before is not None
    size = before + (64 << 20)
    assert np.ones(size, np.uint8).sum() == size
    after = peak_memory()
    assert after is not None
    assert after >= size


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss differs")
def test_the_parents_peak_is_not_inherited(repository):
    ballast = np.ones(400 << 20, np.uint8)  # this process is large, its child is not
    program = "from edgekit.measure.memory import peak_memory; print(peak_memory())"
    done = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    assert int(done.stdout) < ballast.nbytes / 2


def test_status_is_read(tmp_path):
    path = tmp_path / "status"
    path.write_text("Name:\tpython\nVmPeak:\t  200 kB\nVmHWM:\t   96 kB\nVmRSS:\t x kB\n")
    assert read_status(path, "VmHWM") == 96 * 1024
    assert read_status(path, "VmRSS") is None
    assert read_status(path, "VmSwap") is None
    assert read_status(tmp_path / "absent", "VmHWM") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells without a library")
def test_current_memory_is_below_the_peak():
    now, peak = current_memory(), peak_memory()
    assert now is not None
    assert peak is not None
    assert 0 < now <= peak
