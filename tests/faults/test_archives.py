"""Archives: damaged, made to do harm, or packed oddly."""

from __future__ import annotations

import io
import shutil
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from edgekit.data import CachePolicy, unpack
from edgekit.errors import DataError
from tests.faults.pictures import cut, png
from tests.faults.table import Bench, Make, Row, as_table, fails, pets, run_row, works
from tests.faults.ways import labels_of, opening, photos, training, warned


def zipped(files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of these members, by default of sound class folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in (pets() if files is None else files).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes] | None = None, mode: str = "w", *special: tarfile.TarInfo) -> bytes:
    """Likewise a tar, with further members that have no content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in (pets() if files is None else files).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in special:
            archive.addfile(info)
    return buffer.getvalue()


def entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def file(name: str, data: bytes | Callable[[], bytes]) -> Make:
    def build(bench: Bench) -> Path:
        return bench.write({name: data() if callable(data) else data}, "archives") / name

    return build


def _patched(data: bytes, change: Callable[[bytearray, int], None]) -> bytes:
    """A zip of which something is changed in each local header and each central entry."""
    changed = bytearray(data)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(magic)
        while place >= 0:
            change(changed, place + offset)
            place = changed.find(magic, place + 4)
    return bytes(changed)


def encrypted() -> bytes:
    """Flag bit 0 says so."""
    return _patched(zipped(), lambda data, flags: data.__setitem__(flags, data[flags] | 1))


def packed_by(method: int) -> bytes:
    """A zip that claims another compression."""
    return _patched(zipped(), lambda data, flags: struct.pack_into("<H", data, flags + 2, method))


def _linked_zip() -> bytes:
    buffer = io.BytesIO(zipped())
    with zipfile.ZipFile(buffer, "a") as archive:
        info = zipfile.ZipInfo("cat/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def _spoilt_member() -> bytes:
    data = bytearray(zipped())
    data[data.index(b"IHDR") + 6] ^= 1
    return bytes(data)


def _bomb(bench: Bench) -> Path:
    bench.patch.setattr(unpack, "HARMLESS_BYTES", 2**16)  # 500 MB, which take seconds to write
    return file("pets.zip", zipped({**pets(), "cat/big.bmp": bytes(2**23)}, zipfile.ZIP_DEFLATED))(bench)


def _folder_named_zip(bench: Bench) -> Path:
    return bench.write(pets(), "pets.zip")


def _real_archive(bench: Bench) -> Path:
    """Real photos, packed by Python's own tool, in a folder of their own."""
    root = bench.tmp / "packed"
    for kind, chosen in (("daisy", bench.flowers[:2]), ("daisies", bench.flowers[2:])):
        (root / "flowers" / kind).mkdir(parents=True)
        for photo in chosen:
            shutil.copy(photo, root / "flowers" / kind)
    return Path(shutil.make_archive(str(bench.tmp / "flowers"), "gztar", root))


BROKEN = (
    fails("archive-missing", lambda bench: bench.tmp / "gone.zip", training(), DataError, "gone.zip does not exist",
          "Check the path"),
    fails("archive-empty", file("pets.zip", b""), training(), DataError, r"pets.zip cannot be unpacked \(",
          "Check the file, or pack it again"),
    fails("html-named-zip", file("pets.zip", b"<html>"), training(), DataError, r"pets.zip cannot be unpacked \(.*zip",
          "Check the file"),
    fails("zip-cut", file("pets.zip", cut(zipped(), 0.6)), training(), DataError, r"pets.zip cannot be unpacked",
          "Check the file"),
    fails("rar-named-zip", file("pets.zip", b"Rar!\x1a\x07\x01\0"), training(), DataError,
          "pets.zip cannot be unpacked", "Check the file"),
    fails("tar-cut-between-members", file("pets.tar", tarred()[: 8 * 512]), training(), DataError,
          r"pets.tar cannot be unpacked \(it is cut short: its end is missing\)", "Check the file"),
    fails("tar-cut-in-a-header", file("pets.tar", tarred()[: 8 * 512 + 100]), training(), DataError,
          r"pets.tar cannot be unpacked \(", "Check the file"),
    fails("tar-cut-in-a-member", file("pets.tar", tarred()[: 9 * 512 + 9]), training(), DataError,
          r"pets.tar cannot be unpacked \(", "Check the file"),
    fails("tar-gz-cut", file("pets.tar.gz", cut(tarred(mode="w:gz"), 0.7)), training(), DataError,
          "pets.tar.gz cannot be unpacked", "Check the file"),
    fails("gzip-that-is-no-tar", file("pets.tgz", cut(tarred(mode="w:gz"), 0.02)), training(), DataError,
          "pets.tgz cannot be unpacked", "Check the file"),
    fails("tar-of-another-compression", file("pets.tar.xz", b"\xfd7zXZ\0" + bytes(50)), training(), DataError,
          r"pets.tar.xz cannot be unpacked \(file could not be opened successfully\)", "Check the file"),
    fails("zip-encrypted", file("pets.zip", encrypted), training(), DataError, r"pets.zip .*\(it is encrypted\)",
          "Check the file, or pack it again"),
    fails("zip-of-unknown-compression", file("pets.zip", packed_by(97)), training(), DataError,
          "pets.zip cannot be unpacked .*compression", "pack it again"),
    fails("zip-with-a-spoilt-member", file("pets.zip", _spoilt_member), training(), DataError, "cat/0.png", "pack it"),
    fails("zip-without-photos", file("pets.zip", zipped({"a.txt": b""})), training(), DataError,
          "pets.zip has no images in it", "Pack a folder"),
    fails("zip-without-anything", file("pets.zip", zipped({})), training(), DataError, "pets.zip has no images",
          "Pack"),
    fails("zip-in-a-zip", file("pets.zip", zipped({"pets.zip": zipped()})), training(), DataError,
          "pets.zip has no images", "Pack a folder"),
    fails("zip-of-one-class", file("pets.zip", zipped({"cat/a.png": png(), "cat/b.png": png((1, 1, 1))})), training(),
          DataError, "pets.zip.* has (one class only|2 images but no class)", "at least two|Put each"),
    fails("zip-of-photos-without-classes", file("pets.zip", zipped({"a.png": png(), "b.png": png()})), training(),
          DataError, "pets.zip.* has 2 images but no class folders", "Put each"),
    fails("zip-with-a-cut-photo", file("pets.zip", zipped({**pets(), "cat/odd.png": cut(png(), 0.5)})), training(),
          DataError, r"pets.zip:cat/odd.png \(truncated", "Remove them"),
    fails("zip-with-wrong-names-of-classes", file("pets.zip", zipped({**pets(), "labels.csv": b"label,name\ncow,C\n"})),
          training(), DataError, "pets.zip:labels.csv, line 2 describes 'cow'", "The classes: cat, dog"),
)  # fmt: skip

HARMFUL = (
    fails("zip-slip", file("pets.zip", zipped({**pets(), "../../evil.png": png()})), training(), DataError,
          r"pets.zip:../../evil.png leads out of the archive", "Nothing of it was unpacked"),
    fails("zip-with-an-absolute-name", file("pets.zip", zipped({"/evil.png": png()})), training(), DataError,
          ":/evil.png leads out", "pack it again"),
    fails("zip-with-a-drive", file("pets.zip", zipped({"C:\\evil.png": png()})), training(), DataError,
          "evil.png leads out", "pack it again"),
    fails("zip-slip-of-windows", file("pets.zip", zipped({"cat\\..\\..\\evil.png": png()})), training(), DataError,
          "evil.png leads out", "pack it again"),
    fails("tar-slip", file("pets.tar", tarred({**pets(), "cat/../../evil.png": png()})), training(), DataError,
          "evil.png leads out", "pack it again"),
    fails("tar-with-an-absolute-name", file("pets.tar", tarred({"/etc/evil.png": png()})), training(), DataError,
          "/etc/evil.png leads out", "pack it again"),
    fails("zip-bomb", _bomb, training(), DataError, "pets.zip:cat/big.bmp unpacks to more than 200 times",
          "unpack it yourself"),
    fails("a-file-and-a-folder", file("pets.zip", zipped({"cat/a.png": png(), "cat/a.png/b.png": png()})), training(),
          DataError, "cat/a.png/b.png is both a file and a folder", "Pack the archive again"),
    works("tar-with-links-and-devices", file("pets.tar", tarred(None, "w", entry("cat/link.png", tarfile.SYMTYPE,
          "/etc/passwd"), entry("cat/hard.png", tarfile.LNKTYPE, "/etc/passwd"), entry("cat/null.png", tarfile.CHRTYPE),
          entry("dog/pipe.png", tarfile.FIFOTYPE))), opening(), warned("(link) 4")),
    works("zip-with-a-link", file("pets.zip", _linked_zip), opening(), warned("link")),
)  # fmt: skip


def _kept_apart(dataset, bench: Bench) -> None:  # type: ignore[no-untyped-def]
    photos(8, "cat", "dog", "Ünï")(dataset, bench)
    assert labels_of(dataset)["ä.png"] == ("Ünï",)


ODD = (
    works("archive-without-a-cache", file("pets.zip", zipped()), opening(cache=CachePolicy(enabled=False)), photos(6)),
    works("archive-of-one-folder", file("pets.zip", zipped({f"my pets/{n}": d for n, d in pets().items()})), opening(),
          photos(6)),
    works("archive-of-parts", file("pets.tar.gz", tarred({**{f"train/{n}": d for n, d in pets().items()},
          **{f"val/{n}": d + b"x" for n, d in pets().items()}}, "w:gz")), opening(), photos(12)),
    works("archive-with-macos-files", file("pets.zip", zipped({**pets(), "__MACOSX/cat/._0.png": b"x",
          "cat/.DS_Store": b""})), opening(), photos(6)),
    works("archive-with-other-letters", file("pets.zip", zipped({**pets(), "Ünï/ä.png": png(), "Ünï/b.png":
          png((1, 1, 1))})), opening(), _kept_apart),
    works("folder-named-zip", _folder_named_zip, opening(), photos(6)),
    works("real-photos-packed", _real_archive, opening(), photos(4, "daisies", "daisy")),
)  # fmt: skip

ROWS = (*BROKEN, *HARMFUL, *ODD)


@as_table(ROWS)
def test_archive(row: Row, bench: Bench) -> None:
    run_row(row, bench)
