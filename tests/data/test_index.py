"""The index of known files: round trip, damage, and mistrust."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edgekit.data.index import Known, index_file, is_racy, load_index, save_index

ENTRIES = {
    b"rose one.jpg": Known((10, 1_600_000_000_000_000_001, -5, 2**64 - 1), hashlib.sha256(b"1").digest(), True),
    "näh/\udce9.png".encode("utf-8", "surrogateescape"): Known((0, 0, 0, 0), bytes(32), False),
}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = index_file(tmp_path / "index", "/photos/rose")
    save_index(path, ENTRIES, "decoder 1")
    assert load_index(path, "decoder 1") == ENTRIES
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_an_empty_index_is_one(tmp_path: Path) -> None:
    save_index(tmp_path / "i.idx", {}, "d")
    assert load_index(tmp_path / "i.idx", "d") == {}


def test_another_decoder_knows_contents_but_not_what_can_be_decoded(tmp_path: Path) -> None:
    save_index(tmp_path / "i.idx", ENTRIES, "decoder 1")
    loaded = load_index(tmp_path / "i.idx", "decoder 2")
    assert [known.digest for known in loaded.values()] == [known.digest for known in ENTRIES.values()]
    assert not any(known.readable for known in loaded.values())


@pytest.mark.parametrize("keep", [0, 5, 16, 40, 60, 100])
def test_a_torn_index_is_empty(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "i.idx"
    save_index(path, ENTRIES, "d")
    path.write_bytes(path.read_bytes()[:keep])
    assert load_index(path, "d") == {}


def test_a_changed_byte_empties_the_index(tmp_path: Path) -> None:
    path = tmp_path / "i.idx"
    save_index(path, ENTRIES, "d")
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    assert load_index(path, "d") == {}


def test_a_missing_index_is_empty(tmp_path: Path) -> None:
    assert load_index(tmp_path / "none.idx", "d") == {}


def test_files_changed_around_the_reading_are_mistrusted() -> None:
    second = 1_000_000_000
    start, end = 100 * second, 110 * second
    assert is_racy((1, 105 * second, 0, 0), start, end)
    assert is_racy((1, 99 * second, 0, 0), start, end)
    assert not is_racy((1, 97 * second, 0, 0), start, end)
    assert not is_racy((1, 200 * second, 0, 0), start, end)  # a wrong clock, not a fresh file
