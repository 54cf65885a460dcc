"""Looking at files while something else runs."""

from __future__ import annotations

from pathlib import Path

from edgekit.measure.throttling import CHIP_FILES, Readings
from edgekit.measure.watching import Watching


def test_before_and_after(tmp_path: Path) -> None:
    heat = tmp_path / "sys/class/apex/apex_0/temp"
    heat.parent.mkdir(parents=True)
    heat.write_text("45300\n")
    with Watching(CHIP_FILES, tmp_path) as watching:
        heat.write_text("61000\n")
    assert watching.readings == Readings(chip_temperature_before=45.3, chip_temperature_max=61.0)


def test_a_machine_without_such_files(tmp_path: Path) -> None:
    with Watching(CHIP_FILES, tmp_path) as watching:
        pass
    assert watching.readings == Readings()
