"""Entries that unpackers give although the archive calls them something else: a folder, a link, an unknown type."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib

import py7zr
import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part
from tests.unit.documents import locked, makers, test_archives

PLANTED = "Zarquon Beeblebrox 5412880145605040"
CSV = f"name,card\n{PLANTED},5412\n".encode()


def read(content: bytes, *passwords: str) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget(), passwords=passwords)


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if PLANTED in t.text]


def reasons(documents: Documents) -> set[str]:
    return {u.why for u in documents.unscanned}


# ------------------------------------------------------------------------------------------------ tar


def tar(kind: bytes) -> bytes:
    info = tarfile.TarInfo("a.csv")
    info.type, info.size = kind, len(CSV)
    return info.tobuf(tarfile.USTAR_FORMAT) + CSV.ljust(512, b"\0") + bytes(1024)


@pytest.mark.parametrize(
    "kind", [b"0", b"\0", b"7", b"S", b"1", b"2", b"3", b"5", b"6", b"Z", b"A", b"D", b"M", b"V", b"X"]
)
def test_body_of_any_tar_entry_is_read(kind: bytes) -> None:  # fmt: skip
    assert places(read(tar(kind)))


def test_names_of_a_dumped_folder_are_names() -> None:
    info = tarfile.TarInfo("plans/")
    body = b"Ya.txt\0N" + PLANTED.encode() + b".txt\0\0"
    info.type, info.size = b"D", len(body)
    documents = read(info.tobuf(tarfile.GNU_FORMAT) + body.ljust(512, b"\0") + bytes(1024))
    assert places(documents) == ["attachment 1 > file names"]
    assert documents.unscanned == ()


@pytest.mark.parametrize("kind", [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_tar_entries_without_content_are_nothing(kind: bytes) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("plans")
        info.type, info.linkname = kind, "elsewhere"
        archive.addfile(info)
    documents = read(out.getvalue())
    assert documents.unscanned == ()
    assert [a.type for a in documents.attachments] == ["tar"]


# ------------------------------------------------------------------------------------------------ ZIP


def two_sizes(local: int, central: int, *, central_name: bytes = b"a.csv") -> bytes:
    """An entry, stored, whose two headers announce these sizes."""
    archive = locked.RawZip()
    archive.add(b"a.csv", CSV, len(CSV), zlib.crc32(CSV), method=0, central_name=central_name)
    content = bytearray(archive.close())
    at = content.index(b"PK\1\2")
    struct.pack_into("<II", content, 18, local, local)
    struct.pack_into("<II", content, at + 20, central, central)
    if not central:
        struct.pack_into("<I", content, at + 16, 0)
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        two_sizes(len(CSV), 0, central_name=b"documents1/"),
        two_sizes(len(CSV), 0),
        two_sizes(0, len(CSV)),
        two_sizes(len(CSV), len(CSV), central_name=b"documents1/"),
    ],
    ids=["folder in the directory", "empty in the directory", "empty in the header", "name of a folder"],
)
def test_file_that_one_header_calls_a_folder_is_read(content: bytes) -> None:
    assert places(read(content))


def test_headers_that_disagree_are_damage() -> None:
    assert reasons(read(two_sizes(len(CSV), 8))) == {"archive headers disagree on a size"}


def test_folder_of_an_archive_is_nothing() -> None:
    documents = read(makers.zipped({"plans/": b"", "plans/a.txt": b"words"}))
    assert documents.unscanned == ()
    assert len(documents.attachments) == 2


# ------------------------------------------------------------------------------------------------ 7z


def seven_zip_with_attribute(attribute: int) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writef(io.BytesIO(b"words"), "b.txt")
        archive.writef(io.BytesIO(CSV), "a.csv")
        archive.files.files_list[1]["attributes"] = attribute
    return out.getvalue()


@pytest.mark.parametrize("attribute", [0x10, 0x8000 | 0o040755 << 16, 0x8000 | 0o140755 << 16, 0x8000 | 0o120777 << 16])
def test_content_of_a_7z_entry_is_read_whatever_its_attributes(attribute: int) -> None:
    documents = read(seven_zip_with_attribute(attribute))
    assert places(documents)
    assert documents.unscanned == ()


def same_names() -> bytes:
    """One name twice: a clear file, and a locked one behind it."""
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writef(io.BytesIO(CSV), "a.csv")
    both = io.BytesIO(out.getvalue())
    with py7zr.SevenZipFile(both, "a", password=locked.PASSWORD) as archive:
        archive.writef(io.BytesIO(b"other words"), "a.csv")
    return both.getvalue()


def test_clear_file_with_the_name_of_a_locked_one_is_read() -> None:
    documents = read(same_names())
    assert places(documents)
    assert [(a.protection.scheme, a.protection.state) for a in documents.attachments[:2]] == [
        ("7z-mixed", Grade.NONE),
        ("7z-aes256", Grade.ADEQUATE),
    ]


def test_7z_of_several_files_of_one_name_gives_all() -> None:
    documents = read(locked.seven_zip([("a.csv", b"words"), ("a.csv", CSV), ("b/c.txt", b"x")]))
    assert places(documents)
    assert len(documents.attachments) == 4
    assert documents.unscanned == ()


# ------------------------------------------------------------------------------------------------ ISO


@pytest.mark.parametrize(
    "extra", [CSV * 3, makers.zipped({"a.csv": CSV}), bytes(range(1, 256)) * 3 + CSV * 2], ids=["text", "file", "words"]
)
def test_sectors_of_no_file_are_read(extra: bytes) -> None:
    clean = test_archives.iso().replace(CSV, b"x" * len(CSV))
    assert not places(read(clean))
    assert places(read(clean + extra.ljust(4096, b"\0")))


def test_image_without_anything_else_is_not_reported() -> None:
    assert read(test_archives.iso()).unscanned == ()


@pytest.mark.parametrize("name", [b"NSR02", b"NSR03"])
def test_second_file_system_is_reported(name: bytes) -> None:
    content = bytearray(test_archives.iso() + bytes(40 * 2048))
    content[40 * 2048 : 40 * 2048 + 7] = b"\0" + name + b"\1"
    assert reasons(read(bytes(content))) >= {"UDF file system is not read"}
