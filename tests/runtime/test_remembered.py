"""What is remembered of trials, and who may have said so."""

from __future__ import annotations

import os
import stat

import pytest

from edgekit.runtime.remembered import is_remembered, remember

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")

ENGINE = "engine-1.0-machine"
DIGEST = "5e" * 32


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def marker(cache):
    (found,) = (cache / "tried" / ENGINE).iterdir()
    return found


def test_these_bytes_on_this_engine_and_no_others(cache):
    assert not is_remembered(DIGEST, ENGINE)
    remember(DIGEST, ENGINE, {"name": "name"})
    assert is_remembered(DIGEST, ENGINE)
    assert not is_remembered("5f" * 32, ENGINE)
    assert not is_remembered(DIGEST, "engine-2.0-machine")


def test_the_folder_is_nobody_elses_whatever_the_umask(cache):
    before = os.umask(0)
    try:
        remember(DIGEST, ENGINE, {"name": "name"})
    finally:
        os.umask(before)
    for folder in (cache / "tried", cache / "tried" / ENGINE):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
@pytest.mark.parametrize("place", ["tried", f"tried/{ENGINE}"])
def test_a_folder_that_others_may_write_to_is_not_believed(cache, place, mode):
    remember(DIGEST, ENGINE, {"name": "name"})
    (cache / place).chmod(mode)
    assert not is_remembered(DIGEST, ENGINE)
    remember("a0" * 32, ENGINE, {"name": "name"})
    (cache / place).chmod(0o700)
    assert is_remembered(DIGEST, ENGINE)
    assert not is_remembered("a0" * 32, ENGINE)


def test_a_link_in_the_place_of_the_file_is_not_believed(cache, tmp_path):
    remember(DIGEST, ENGINE, {"name": "name"})
    file = marker(cache)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert not is_remembered(DIGEST, ENGINE)


@pytest.mark.parametrize("place", ["tried", f"tried/{ENGINE}"])
def test_a_link_in_the_place_of_a_folder_is_not_believed(cache, tmp_path, place):
    remember(DIGEST, ENGINE, {"name": "name"})
    (cache / place).rename(tmp_path / "elsewhere")
    (cache / place).symlink_to(tmp_path / "elsewhere")
    assert not is_remembered(DIGEST, ENGINE)


def test_a_folder_in_the_place_of_the_file_is_not_believed(cache):
    remember(DIGEST, ENGINE, {"name": "name"})
    file = marker(cache)
    file.unlink()
    file.mkdir()
    assert not is_remembered(DIGEST, ENGINE)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_what_another_user_put_there_is_not_believed(cache):
    remember(DIGEST, ENGINE, {"name": "name"})
    os.chown(marker(cache), 65534, 65534)
    assert not is_remembered(DIGEST, ENGINE)
    os.chown(marker(cache), 0, 0)
    assert is_remembered(DIGEST, ENGINE)
    os.chown(cache / "tried", 65534, 65534)
    assert not is_remembered(DIGEST, ENGINE)


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGEKIT_CACHE", str(tmp_path / "file" / "cache"))
    remember(DIGEST, ENGINE, {"name": "name"})
    assert not is_remembered(DIGEST, ENGINE)
