"""Results are written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgekit.errors import OutputError
from edgekit.files import (
    atomic_write,
    check_writable,
    make_directory,
    output_error,
    refuse_existing,
    remove,
    temporary_beside,
    write_text,
)


def _write_file(path: Path) -> None:
    path.write_text("new")


def _write_folder(path: Path) -> None:
    (path / "inside").mkdir(parents=True)
    (path / "inside" / "weights.bin").write_text("new")


def _old_folder(path: Path) -> None:
    path.mkdir()
    (path / "old.bin").write_text("old")


def _tree(folder: Path) -> dict[str, str]:
    """Every file below, hidden ones too."""
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


each_kind = pytest.mark.parametrize("write", [_write_file, _write_folder], ids=["file", "folder"])
NEW: dict[Callable[[Path], None], dict[str, str]] = {
    _write_file: {"model": "new"},
    _write_folder: {"model/inside/weights.bin": "new"},
}


@each_kind
def test_writes_what_was_not_there(write: Callable[[Path], None], tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a" / "model") as temporary:
        assert temporary.parent == tmp_path / "a", "beside, so that one rename does it"
        write(temporary)
        assert not (tmp_path / "a" / "model").exists()
    assert _tree(tmp_path / "a") == NEW[write]


@each_kind
def test_replaces_an_older_one_whole(write: Callable[[Path], None], tmp_path: Path) -> None:
    if write is _write_file:
        (tmp_path / "model").write_text("old")
    else:
        _old_folder(tmp_path / "model")
    with atomic_write(tmp_path / "model") as temporary:
        write(temporary)
    assert _tree(tmp_path) == NEW[write]


def test_folder_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("old")
    with atomic_write(tmp_path / "model") as temporary:
        _write_folder(temporary)
    assert _tree(tmp_path) == NEW[_write_folder]


def test_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    _old_folder(tmp_path / "model")
    with (
        pytest.raises(OutputError, match="a folder with this name is in the way"),
        atomic_write(tmp_path / "model") as t,
    ):
        _write_file(t)
    assert _tree(tmp_path) == {"model/old.bin": "old"}


@each_kind
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError], ids=lambda e: e.__name__)
@pytest.mark.parametrize("old", [True, False], ids=["over an older one", "new"])
def test_exception_keeps_the_older_one(
    write: Callable[[Path], None], error: type[BaseException], old: bool, tmp_path: Path
) -> None:
    if old:
        _old_folder(tmp_path / "model")
    before = _tree(tmp_path)

    def act() -> None:
        with atomic_write(tmp_path / "model") as temporary:
            write(temporary)
            raise error

    with pytest.raises(error):
        act()
    assert _tree(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == old, "nothing temporary is left"


@pytest.mark.parametrize("failing", [1, 2], ids=["moving the older aside", "moving the new in"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, PermissionError], ids=lambda e: e.__name__)
def test_folder_swap_that_is_interrupted_keeps_the_older_one(
    failing: int, error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _old_folder(tmp_path / "model")
    rename, calls = Path.rename, []

    def interrupted(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) != failing:
            return rename(self, target)
        if error is KeyboardInterrupt:  # comes just after the system call
            rename(self, target)
        raise error

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(error), atomic_write(tmp_path / "model") as temporary:
        _write_folder(temporary)
    finished = error is KeyboardInterrupt and failing == 2
    shown = {name: text for name, text in _tree(tmp_path).items() if not name.startswith(".old.")}
    assert shown == (NEW[_write_folder] if finished else {"model/old.bin": "old"})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_full_disk_keeps_the_older_one(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("old")

    def act() -> None:
        with atomic_write(tmp_path / "model") as temporary:
            temporary.write_text("new")
            with Path("/dev/full").open("wb", buffering=0) as full:
                full.write(b"x")  # the kernel's own ENOSPC

    with pytest.raises(OutputError, match=r"Cannot write .*model: the disk is full\. Free some space"):
        act()
    assert _tree(tmp_path) == {"model": "old"}


def test_limit_on_the_size_of_files_keeps_the_older_one(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match="larger than the file system"):
            write_text(tmp_path / "model", "new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _tree(tmp_path) == {"model": "old"}


@each_kind
def test_kill_in_the_middle_keeps_the_older_one(write: Callable[[Path], None], tmp_path: Path) -> None:
    if write is _write_file:
        (tmp_path / "model").write_text("old")
    else:
        _old_folder(tmp_path / "model")
    before = _tree(tmp_path)
    script = f"""
import os, signal, sys
from pathlib import Path
from edgekit.files import atomic_write
with atomic_write(sys.argv[1]) as temporary:
    file = temporary / "weights.bin" if {write is _write_folder} else temporary
    file.parent.mkdir(exist_ok=True)
    with file.open("wb") as handle:
        handle.write(b"half of the new")
        handle.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "model")], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    after = _tree(tmp_path)
    assert {name: text for name, text in after.items() if ".tmp." not in name} == before
    assert len(after) == len(before) + 1, "the half is there, but under a hidden name of its own"
    with atomic_write(tmp_path / "model") as temporary:
        write(temporary)
    assert {name: text for name, text in _tree(tmp_path).items() if ".tmp." not in name} == NEW[write]


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "model") as first, atomic_write(tmp_path / "model") as second:
        first.write_text("first")
        second.write_text("second")
    assert _tree(tmp_path) == {"model": "first"}, "the one that ends last wins, whole"


def test_error_in_reading_another_file_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    (tmp_path / "source").touch()
    with pytest.raises(NotADirectoryError), atomic_write(tmp_path / "model"):
        (tmp_path / "source" / "inside").read_text()


def test_programming_error_shows_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "model"):
        pass  # nothing was written


def test_temporary_name(tmp_path: Path) -> None:
    path = tmp_path / "flowers.int8.tflite"
    first, second = temporary_beside(path), temporary_beside(path)
    assert first != second
    assert first.parent == tmp_path
    assert first.name.startswith(".")
    assert first.suffixes[-2:] == [".int8", ".tflite"], "some libraries choose the format by the suffix"


def test_write_text_is_utf8(tmp_path: Path) -> None:
    write_text(tmp_path / "spec.json", "Röschen 玫瑰\n")
    assert (tmp_path / "spec.json").read_bytes() == "Röschen 玫瑰\n".encode()


# --- Places -----------------------------------------------------------------------------------------


def test_refuse_existing(tmp_path: Path) -> None:
    path = tmp_path / "flowers.keras"
    refuse_existing(path, force=False)
    path.touch()
    refuse_existing(path, force=True)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for there in (path, tmp_path, tmp_path / "dangling"):
        with pytest.raises(
            OutputError, match=re.escape(f"{there} exists already. Pass --force (in Python: force=True) to replace it")
        ):
            refuse_existing(there, force=False)


def test_check_writable_leaves_nothing_but_the_folder(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b" / "model.keras")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b"]


def test_folder_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(OutputError, match="a file with this name is in the way"):
        make_directory(tmp_path / "taken")
    for act in (check_writable, make_directory, lambda path: write_text(path, "x")):
        with pytest.raises(OutputError, match=r"Cannot write .*taken.*: a (part of the path is a )?file"):
            act(tmp_path / "taken" / "dist" / "model")


def test_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the name is too long"):
        check_writable(tmp_path / ("a" * 255))


def test_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    # As another user, for root may write everywhere.
    script = """
import os, sys
from pathlib import Path
from edgekit.errors import OutputError
from edgekit.files import check_writable, write_text
if os.geteuid() == 0:
    os.seteuid(65534)
for act in (check_writable, lambda path: write_text(path, "x")):
    try:
        act(Path(sys.argv[1]) / "model.keras")
    except OutputError as error:
        print(error)
"""
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    done = subprocess.run([sys.executable, "-c", script, str(locked)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all(line.startswith("Cannot write ") and "permission denied. Choose a folder" in line for line in lines)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EDQUOT, errno.ENOSPC, errno.EACCES, errno.EIO])
def test_reason_names_the_path_and_the_cause(code: int) -> None:
    message = str(output_error(Path("dist/model.keras"), OSError(code, os.strerror(code))))
    assert message.startswith("Cannot write dist/model.keras: ")
    assert len(message) > len("Cannot write dist/model.keras: .")


def test_remove(tmp_path: Path) -> None:
    _old_folder(tmp_path / "kept")
    _old_folder(tmp_path / "folder")
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    for name in ("folder", "file", "link", "missing"):
        remove(tmp_path / name)
    assert _tree(tmp_path) == {"kept/old.bin": "old"}, "a link goes, what it points to stays"
