"""How busy others are."""

from __future__ import annotations

import os

import pytest

from edgekit.measure.load_meter import LoadSample, other_load, sample_load


@pytest.mark.parametrize(
    ("busy", "own", "expected"),
    [(0.0, 0.0, 0.0), (1.0, 1.0, 0.0), (2.0, 1.0, 0.25), (4.0, 0.0, 1.0), (0.9, 1.0, 0.0), (9.0, 0.0, 1.0)],
)
def test_the_share_of_others(busy, own, expected):
    before = LoadSample(100.0, 10.0, 50.0, cores=2)
    after = LoadSample(100.0 + busy, 10.0 + own, 52.0, cores=2)
    assert other_load(before, after) == expected


def test_unknown_stays_unknown():
    sample = LoadSample(1.0, 1.0, 1.0, 1)
    assert other_load(None, sample) is None
    assert other_load(sample, None) is None
    assert other_load(sample, sample) is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="reads Linux's files")
def test_proc_stat_is_read_without_idle_and_guests(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu  100 20 30 9999 888 4 5 6 777 77\ncpu0 1 2 3\n")
    sample = sample_load(tmp_path)
    assert sample is not None or len(os.sched_getaffinity(0)) != os.cpu_count()
    if sample:
        assert sample.all_busy == pytest.approx(165 / os.sysconf("SC_CLK_TCK"))
    assert sample_load(tmp_path / "absent") is None
