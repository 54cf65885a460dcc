from __future__ import annotations

import io
import zipfile

from edgekit.tflite.archive import MAX_BYTES, append_archive, archive_start, read_archive

MODEL = b"\x1c\0\0\0TFL3" + bytes(100)


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_what_is_appended_is_read() -> None:
    files = {"labels.txt": b"a\nb\n", "labels_de.txt": "Ä\n".encode()}
    data = append_archive(MODEL, files)
    assert data.startswith(MODEL)
    assert read_archive(bytes(data)) == files
    assert archive_start(bytes(data)) == len(MODEL)


def test_the_same_files_give_the_same_bytes() -> None:
    assert append_archive(MODEL, {"a": b"1"}) == append_archive(MODEL, {"a": b"1"})


def test_members_are_stored() -> None:
    with zipfile.ZipFile(io.BytesIO(append_archive(MODEL, {"a": b"1" * 100}))) as archive:
        assert [member.compress_type for member in archive.infolist()] == [zipfile.ZIP_STORED]


def test_a_file_without_a_zip_has_no_files() -> None:
    assert read_archive(MODEL) == {}
    assert archive_start(MODEL) == len(MODEL)


def test_compressed_members_of_others_are_read() -> None:
    assert read_archive(MODEL + _zip({"labels.txt": b"a\n" * 50}, zipfile.ZIP_DEFLATED)) == {"labels.txt": b"a\n" * 50}


def test_a_zip_bomb_is_left_out() -> None:
    bomb = _zip({"bomb.txt": bytes(MAX_BYTES + 1), "labels.txt": b"a\n"}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert read_archive(MODEL + bomb) == {"labels.txt": b"a\n"}


def test_a_bomb_that_lies_about_its_size_is_not_read() -> None:
    bomb = bytearray(_zip({"bomb.txt": bytes(MAX_BYTES + 1)}, zipfile.ZIP_DEFLATED))
    directory = bomb.rindex(b"PK\x01\x02")
    bomb[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    assert all(len(content) <= 10 for content in read_archive(MODEL + bytes(bomb)).values())


def test_many_small_bombs_share_one_limit() -> None:
    bomb = _zip({f"{index}.txt": bytes(MAX_BYTES // 2) for index in range(8)}, zipfile.ZIP_DEFLATED)
    assert sum(len(content) for content in read_archive(MODEL + bomb).values()) <= MAX_BYTES


def test_an_archive_with_too_many_members_is_not_read() -> None:
    many = _zip({f"{index:060}.txt": b"" for index in range(12_000)})
    assert read_archive(MODEL + many) == {}


def test_damaged_archives_have_no_files() -> None:
    data = bytes(append_archive(MODEL, {"labels.txt": b"a\nb\n"}))
    for position in range(len(MODEL), len(data)):
        for value in (0, 255):
            damaged = bytearray(data)
            damaged[position] = value
            assert set(read_archive(bytes(damaged)).values()) <= {b"a\nb\n", b""}
