"""Archives of folders: unpacked once, safely."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.data import CachePolicy, DataOptions, open_dataset, open_labelled, unpack
from edgekit.data.sources import list_source
from edgekit.errors import DataError, EdgeKitError
from edgekit.spec import ImageFormat

FORMAT = ImageFormat(8, 6)


@pytest.fixture
def options(policy: CachePolicy) -> DataOptions:
    return DataOptions(cache=policy)


def photo(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


FOUR = {f"{name}/{index}.png": photo(index + 10 * place) for place, name in enumerate("ab") for index in range(4)}


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, members: dict[str, bytes], *links: tarfile.TarInfo) -> Path:
    kind = {".gz": "gz", ".tgz": "gz", ".bz2": "bz2", ".xz": "xz"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{kind}") as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for link in links:
            archive.addfile(link)
    return path


def link(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpacked(tmp_path: Path) -> set[str]:
    root = tmp_path / "cache" / "archives"
    return {
        str(path.relative_to(root / path.relative_to(root).parts[0]))
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] != "index"
    }


@pytest.mark.parametrize("name", ["p.zip", "p.tar", "p.tar.gz", "p.tgz", "p.tar.bz2", "p.tar.xz", "P.ZIP"])
def test_every_kind_is_the_same_as_the_folder(tmp_path: Path, options: DataOptions, name: str) -> None:
    for file, data in FOUR.items():
        target = tmp_path / "folder" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    write = write_zip if name.lower().endswith("zip") else write_tar
    archive = write(tmp_path / name, FOUR)
    dataset = open_dataset(archive, FORMAT, options)
    assert dataset.digest == open_dataset(tmp_path / "folder", FORMAT, options).digest
    assert dataset.train.files[0].startswith(f"{archive}:a/")
    assert dataset.report.source == str(archive)


@pytest.mark.parametrize(
    ("prefix", "parts"), [("", False), ("flowers/", False), ("./", False), ("", True), ("flowers/", True)]
)
def test_layouts(tmp_path: Path, options: DataOptions, prefix: str, parts: bool) -> None:
    members = {
        f"{prefix}{('val/' if name.startswith(('a/3', 'b/3')) else 'train/') if parts else ''}{name}": data
        for name, data in FOUR.items()
    }
    members |= {f"__MACOSX/{prefix}a/._0.png": b"x", f"{prefix}.DS_Store": b"x", f"{prefix}notes.txt": b"x"}
    dataset = open_dataset(write_zip(tmp_path / "p.zip", members), FORMAT, options)
    assert dataset.class_names == ("a", "b")
    assert dataset.report.split == ("folders" if parts else "share")
    assert dataset.report.ignored == {".txt": 1}
    assert not any("notes" in name or "MACOSX" in name for name in unpacked(tmp_path))


def test_the_second_run_neither_unpacks_nor_reads(tmp_path: Path, options: DataOptions, new_listener: Any) -> None:
    archive = write_zip(tmp_path / "p.zip", {**FOUR, "notes.txt": b"x"})
    first, second, moved = new_listener(), new_listener(), new_listener()
    before = open_dataset(archive, FORMAT, options, first)
    assert [task.description for task in first.tasks] == ["Unpacking p.zip", "Reading photos"]
    (task,) = first.tasks[:1]
    assert sum(task.steps) == task.total == archive.stat().st_size
    after = open_dataset(archive, FORMAT, options, second)
    assert second.tasks == []
    assert (after.digest, after.report.ignored) == (before.digest, {".txt": 1})
    open_dataset(archive.rename(tmp_path / "q.zip"), FORMAT, options, moved)
    assert moved.tasks == []
    assert len(list((tmp_path / "cache" / "archives").glob("[0-9a-f]*"))) == 1


def test_another_content_is_unpacked_anew(tmp_path: Path, options: DataOptions) -> None:
    archive = write_zip(tmp_path / "p.zip", FOUR)
    before = open_dataset(archive, FORMAT, options)
    write_zip(archive, {**FOUR, "a/new.png": photo(99)})
    assert len(open_dataset(archive, FORMAT, options).train) == len(before.train) + 1


def test_without_a_cache_nothing_stays(tmp_path: Path, options: DataOptions) -> None:
    archive = write_zip(tmp_path / "p.zip", FOUR)
    policy = CachePolicy(enabled=False, directory=tmp_path / "cache")
    dataset = open_dataset(archive, FORMAT, DataOptions(cache=policy))
    assert dataset.digest == open_dataset(archive, FORMAT, options).digest
    assert dataset.train.images.take(np.arange(len(dataset.train))).any()
    assert not list((tmp_path / "cache" / "archives").glob(".tmp*"))


def test_labels_in_the_archive_and_their_mistakes(tmp_path: Path, options: DataOptions) -> None:
    good = {**{f"top/{name}": data for name, data in FOUR.items()}, "top/labels.csv": b"label,name:de\na,Anton\n"}
    dataset = open_dataset(write_zip(tmp_path / "p.zip", good), FORMAT, options)
    assert dict(dataset.class_labels[0].names) == {"de": "Anton"}
    assert dataset.report.ignored == {}
    wrong = {**good, "top/labels.csv": b"label,name\nx,y\n"}
    with pytest.raises(DataError, match=r"q\.zip:top/labels\.csv, line 2 describes 'x'"):
        open_dataset(write_zip(tmp_path / "q.zip", wrong), FORMAT, options)


def test_unreadable_members_are_named_as_such(tmp_path: Path, options: DataOptions) -> None:
    archive = write_zip(tmp_path / "p.zip", {**FOUR, "a/broken.jpg": b"no photo"})
    with pytest.raises(DataError, match=r"p\.zip:a/broken\.jpg \(no known image format\)"):
        open_dataset(archive, FORMAT, options)


def test_a_model_is_judged_on_an_archive(tmp_path: Path, policy: CachePolicy) -> None:
    archive = write_tar(
        tmp_path / "p.tar.gz", {f"{'val' if '3' in name else 'train'}/{name}": FOUR[name] for name in FOUR}
    )
    assert len(open_labelled(archive, FORMAT, ("a", "b", "c"), cache=policy)) == 2
    assert len(open_labelled(archive, FORMAT, ("b", "a"), part="train", cache=policy)) == 6
    with pytest.raises(DataError, match=r"p\.tar\.gz:val has the class a, but the model has no such label"):
        open_labelled(archive, FORMAT, ("b",), cache=policy)


def test_an_archive_is_the_validation_part(tmp_path: Path, options: DataOptions) -> None:
    held_out = write_zip(tmp_path / "v.zip", {"a/0.png": photo(70), "b/0.png": photo(71)})
    archive = write_zip(tmp_path / "p.zip", FOUR)
    dataset = open_dataset(archive, FORMAT, DataOptions(validation=held_out, cache=options.cache))
    assert (len(dataset.train), len(dataset.validation)) == (8, 2)


@pytest.mark.parametrize(
    "name",
    ["../evil.png", "/evil.png", "a/../../evil.png", "C:\\evil.png", "c:/evil.png", "..\\evil.png", "a\\..\\..\\e.png"],
)
@pytest.mark.parametrize("kind", ["p.zip", "p.tar"])
def test_no_member_leaves_the_target(tmp_path: Path, options: DataOptions, name: str, kind: str) -> None:
    write = write_zip if kind == "p.zip" else write_tar
    before = set(tmp_path.parent.rglob("*evil*"))
    with pytest.raises(DataError, match=r"leads out of the archive"):
        list_source(write(tmp_path / kind, {**FOUR, name: photo(1)}), options)
    assert set(tmp_path.parent.rglob("*evil*")) == before
    assert unpacked(tmp_path) == set()


def test_links_and_devices_are_not_made(tmp_path: Path, options: DataOptions) -> None:
    (tmp_path / "secret.png").write_bytes(photo(5))
    links = [
        link("a/soft.png", tarfile.SYMTYPE, str(tmp_path / "secret.png")),
        link("a/hard.png", tarfile.LNKTYPE, "a/0.png"),
        link("a/device.png", tarfile.CHRTYPE),
        link("a/pipe.png", tarfile.FIFOTYPE),
        link("c", tarfile.SYMTYPE, "/etc"),
    ]
    listing = list_source(write_tar(tmp_path / "p.tar", FOUR, *links), options)
    assert (len(listing.records), listing.ignored) == (8, {"(link)": 5})
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for name, data in FOUR.items():
            archive.writestr(name, data)
        soft = zipfile.ZipInfo("a/soft.png")
        soft.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(soft, str(tmp_path / "secret.png"))
    listing = list_source(tmp_path / "p.zip", options)
    assert (len(listing.records), listing.ignored) == (8, {"(link)": 1})
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_symlink()]


@pytest.mark.parametrize("kind", ["p.zip", "p.tar.gz"])
def test_bombs_are_refused_and_leave_nothing(
    tmp_path: Path, options: DataOptions, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "HARMLESS_BYTES", 2**20)  # the real one takes seconds to write
    bomb = {**FOUR, "a/bomb.bmp": bytes(64 * 2**20)}
    if kind == "p.zip":
        with zipfile.ZipFile(tmp_path / kind, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in bomb.items():
                archive.writestr(name, data)
    else:
        write_tar(tmp_path / kind, bomb)
    with pytest.raises(DataError, match=r"bomb\.bmp unpacks to more than 200 times the archive's size"):
        list_source(tmp_path / kind, options)
    assert unpacked(tmp_path) == set()


def test_more_than_the_disk_holds_is_refused(
    tmp_path: Path, options: DataOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(unpack.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DataError, match=r"p\.zip does not fit on the disk: 0\.0 GB are left"):
        list_source(write_zip(tmp_path / "p.zip", FOUR), options)
    assert unpacked(tmp_path) == set()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be unpacked"),
        (b"this is text, not an archive", "cannot be unpacked"),
        (None, "has no images in it"),
    ],
)
@pytest.mark.parametrize("name", ["p.zip", "p.tar", "p.tar.gz", "p.tar.xz"])
def test_what_is_no_archive_of_photos(
    tmp_path: Path, options: DataOptions, name: str, data: bytes | None, message: str
) -> None:
    if data is None:
        (write_zip if name == "p.zip" else write_tar)(tmp_path / name, {"a/notes.txt": b"x"})
    else:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        list_source(tmp_path / name, options)
    assert name in str(caught.value)


def test_an_encrypted_archive_is_named_as_such(tmp_path: Path, options: DataOptions) -> None:
    path = write_zip(tmp_path / "p.zip", FOUR)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 1)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"p\.zip cannot be unpacked \(it is encrypted\)"):
        list_source(path, options)


def test_a_member_that_is_a_file_and_a_folder(tmp_path: Path, options: DataOptions) -> None:
    members = {**FOUR, "a/x.png": photo(1), "a/x.png/y.png": photo(2)}
    with pytest.raises(DataError, match=r"p\.zip:a/x\.png/y\.png is both a file and a folder"):
        list_source(write_zip(tmp_path / "p.zip", members), options)


def test_missing_archives_and_pipes(tmp_path: Path, options: DataOptions) -> None:
    with pytest.raises(DataError, match=r"gone\.zip does not exist"):
        list_source(tmp_path / "gone.zip", options)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.zip")
        with pytest.raises(DataError, match=r"pipe\.zip is no regular file"):
            list_source(tmp_path / "pipe.zip", options)


def test_letters_of_zips_from_macos(tmp_path: Path, options: DataOptions) -> None:
    """Its names are UTF-8 without the flag that says so."""
    path = write_zip(tmp_path / "p.zip", {f"Bäume/{name}": FOUR[name] for name in FOUR} | {"Röse/0.png": photo(50)})
    data = path.read_bytes()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = data.split(signature)
        data = signature.join(
            [
                parts[0],
                *(part[: offset - 3] + bytes([part[offset - 3] & ~8]) + part[offset - 2 :] for part in parts[1:]),
            ]
        )
    path.write_bytes(data)
    assert list_source(path, options).class_names == ("Bäume", "Röse")


@pytest.mark.parametrize("kind", ["p.zip", "p.tar", "p.tar.gz"])
def test_no_damage_is_a_traceback(tmp_path: Path, options: DataOptions, kind: str) -> None:
    whole = (write_zip if kind == "p.zip" else write_tar)(tmp_path / kind, FOUR).read_bytes()
    random = np.random.default_rng(0)
    for _ in range(40):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 4):
            data[place] = random.integers(0, 256)
        (tmp_path / kind).write_bytes(data[: random.integers(1, len(data) + 1)] if random.random() < 0.3 else data)
        with contextlib.suppress(EdgeKitError):
            list_source(tmp_path / kind, options)
    assert not list((tmp_path / "cache" / "archives").glob(".tmp*"))


def test_old_archives_make_room(tmp_path: Path) -> None:
    options = DataOptions(cache=CachePolicy(directory=tmp_path / "cache", limit_bytes=4000))
    for number in range(3):
        members = {
            f"{name}/{i}.png": photo(100 * number + 10 * place + i) for place, name in enumerate("ab") for i in range(4)
        }
        list_source(write_zip(tmp_path / f"{number}.zip", members), options)
        folders = list((tmp_path / "cache" / "archives").glob("[0-9a-f]" * 32))
        assert len(folders) == min(number + 1, 2)
        for folder in folders:
            os.utime(folder / ".unpacked", (1_600_000_000 + number,) * 2)
