"""Archives: files come out, names are text, and nothing between, before or behind them is overlooked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zlib

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part, Role, Unscanned
from tests.unit.documents import locked, makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
CSV = f"name,card\n{PLANTED},5412\n".encode()


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if PLANTED in t.text]


def tar(form: int = tarfile.PAX_FORMAT, name: str = "a.csv") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return out.getvalue()


def zstd(content: bytes) -> bytes:
    from backports import zstd as library

    return library.compress(content)


def iso() -> bytes:
    """An ISO 9660 image with one file in one folder."""

    def both(value: int, width: int) -> bytes:
        return value.to_bytes(width, "little") + value.to_bytes(width, "big")

    def record(name: bytes, sector: int, size: int, flags: int) -> bytes:
        body = b"\0" + both(sector, 4) + both(size, 4) + bytes(7) + bytes([flags, 0, 0]) + both(1, 2)
        body += bytes([len(name)]) + name + (b"" if len(name) % 2 else b"\0")
        return bytes([len(body) + 1]) + body

    root = record(b"\0", 18, 2048, 2)
    descriptor = (b"\1CD001\1" + bytes(149) + root).ljust(2048, b"\0")
    end = b"\xffCD001\1".ljust(2048, b"\0")
    folder = (record(b"\0", 18, 2048, 2) + record(b"\1", 18, 2048, 2) + record(b"SUB", 19, 2048, 2)).ljust(2048, b"\0")
    inner = record(b"ZARQUON.CSV;1", 20, len(CSV), 0).ljust(2048, b"\0")
    return bytes(16 * 2048) + descriptor + end + folder + inner + CSV.ljust(2048, b"\0")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (makers.zipped({"a.csv": CSV}), "zip"),
        (makers.zipped({"a.csv": CSV}, store=True), "zip"),
        (tar(tarfile.USTAR_FORMAT), "tar"),
        (tar(tarfile.GNU_FORMAT), "tar"),
        (tar(tarfile.PAX_FORMAT), "tar"),
        (tar(tarfile.GNU_FORMAT, "x" * 200), "tar"),
        (gzip.compress(CSV, mtime=0), "gz"),
        (gzip.compress(b"harmless\n", mtime=0) + gzip.compress(CSV, mtime=0), "gz"),
        (gzip.compress(tar(), mtime=0), "gz"),
        (bz2.compress(CSV), "bz2"),
        (bz2.compress(tar()), "bz2"),
        (lzma.compress(CSV), "xz"),
        (lzma.compress(CSV, format=lzma.FORMAT_ALONE), "lzma"),
        (zstd(CSV), "zst"),
        (zstd(tar()), "zst"),
        (locked.seven_zip([("a.csv", CSV)]), "7z"),
        (iso(), "iso"),
    ],
)
def test_file_comes_out(content: bytes, kind: str) -> None:
    documents = read(content)
    assert documents.attachments[0].type == kind
    assert places(documents)
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    ("method", "packed"), [(0, CSV), (8, locked.deflated(CSV)), (12, bz2.compress(CSV)), (93, zstd(CSV))]
)
def test_compression_methods_of_zip(method: int, packed: bytes) -> None:
    archive = locked.RawZip()
    archive.add(b"a", packed, len(CSV), zlib.crc32(CSV), method=method)
    assert places(read(archive.close()))


def test_lzma_in_zip() -> None:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", CSV)
    assert places(read(out.getvalue()))


def test_method_that_nothing_reads_is_reported() -> None:
    archive = locked.RawZip()
    archive.add(b"a", b"xxxx", 4, 0, method=98)
    assert read(archive.close()).unscanned == (Unscanned("attachment 1 > file 1", "compression method 98 is not read"),)


def test_wrong_checksum_is_damage() -> None:
    archive = locked.RawZip()
    archive.add(b"a", locked.deflated(CSV), len(CSV), 1)
    assert read(archive.close()).unscanned


def test_streamed_entry_without_sizes_in_its_header_is_read() -> None:
    class Sink:
        """Cannot seek, so that sizes come behind the data."""

        def __init__(self) -> None:
            self.data = bytearray()

        def write(self, data: bytes) -> int:
            self.data += data
            return len(data)

        def flush(self) -> None:
            pass

    import zipfile

    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        archive.writestr("a.csv", CSV)
    assert places(read(bytes(sink.data)))


@pytest.mark.parametrize(
    ("content", "role"),
    [
        (makers.zipped({f"{PLANTED}.txt": b"x"}), Role.FILENAME),
        (makers.zipped({f"{PLANTED}/": b"", "a": b"x"}), Role.FILENAME),
        (tar(name=f"{PLANTED}.txt"), Role.FILENAME),
        (locked.seven_zip([(f"{PLANTED}.txt", b"x")]), Role.FILENAME),
        (locked.zip_aes([(f"{PLANTED}.txt", b"x", True)]), Role.FILENAME),
        (locked.seven_zip([(f"{PLANTED}.txt", b"x")], "pw"), Role.FILENAME),
        (makers.zipped({"a": b"x"}, comment=PLANTED.encode()), Role.METADATA),
    ],
)
def test_names_and_comments_are_text(content: bytes, role: Role) -> None:
    assert role in {t.role for t in read(content).texts if PLANTED in t.text}


@pytest.mark.parametrize("encoding", ["utf-8", "cp437", "cp1252"])
def test_names_in_other_character_sets(encoding: str) -> None:
    archive = locked.RawZip()
    name = "Müller"
    archive.add(name.encode(encoding), locked.deflated(b"x"), 1, zlib.crc32(b"x"))
    assert name in next(t.text for t in read(archive.close()).texts if t.role is Role.FILENAME).splitlines()


def test_gzip_header_name_is_text() -> None:
    out = io.BytesIO()
    with gzip.GzipFile(PLANTED, "wb", fileobj=out) as stream:
        stream.write(b"x")
    assert places(read(out.getvalue())) == ["attachment 1 > file names"]


def test_unicode_extra_field_is_a_name() -> None:
    archive = locked.RawZip()
    archive.add(b"plan.txt", locked.deflated(b"x"), 1, zlib.crc32(b"x"))
    extra = struct.pack("<HHBI", 0x7075, 5 + len(PLANTED), 1, 0) + PLANTED.encode()
    entry = bytearray(archive.central[0])
    struct.pack_into("<H", entry, 30, len(extra))
    archive.central[0] = bytes(entry) + extra
    assert places(read(archive.close())) == ["attachment 1 > file names"]


def test_volume_of_several_is_reported() -> None:
    content = bytearray(makers.zipped({"a": b"x"}))
    at = content.rindex(b"PK\5\6")
    struct.pack_into("<HH", content, at + 4, 2, 0)
    assert read(bytes(content)).unscanned == (Unscanned("attachment 1", "archive is one volume of several"),)


def rar5(*, encrypted_headers: bool = False, method: int = 0, encrypted_file: bool = False) -> bytes:
    """A RAR 5 archive with one stored file, written by hand (RAR 5.0 technical note)."""

    def number(value: int) -> bytes:
        out = bytearray()
        while True:
            out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
            value >>= 7
            if not value:
                return bytes(out)

    def block(kind: int, body: bytes, extra: bytes = b"", data: bytes = b"") -> bytes:
        flags = (1 if extra else 0) | (2 if data else 0)
        head = number(kind) + number(flags) + (number(len(extra)) if extra else b"")
        head += (number(len(data)) if data else b"") + body + extra
        head = number(len(head)) + head
        return struct.pack("<I", zlib.crc32(head)) + head + data

    out = b"Rar!\x1a\x07\x01\0"
    if encrypted_headers:
        return out + block(4, number(0) + number(0) + b"\x0f" + bytes(16)) + random.Random(1).randbytes(256)
    lock = number(1) + number(0) + number(0) + b"\x0f" + bytes(32) if encrypted_file else b""
    extra = number(len(lock)) + lock if lock else b""
    name = b"a.csv"
    file = number(4) + number(len(CSV)) + number(0x20) + struct.pack("<I", zlib.crc32(CSV))
    file += number(method << 7) + number(0) + number(len(name)) + name
    data = random.Random(1).randbytes(len(CSV)) if encrypted_file else CSV
    return out + block(1, number(0)) + block(2, file, extra, data) + block(5, number(0))


def test_stored_file_in_rar_is_read() -> None:
    assert places(read(rar5()))


def test_compressed_file_in_rar_is_reported() -> None:
    assert read(rar5(method=3)).unscanned == (Unscanned("attachment 1 > file 1", "compressed RAR content is not read"),)


@pytest.mark.parametrize(
    ("content", "scheme", "state"),
    [
        (rar5(encrypted_file=True), "rar5-aes256", Grade.ADEQUATE),
        (rar5(encrypted_headers=True), "rar5-aes256-headers", Grade.STRONG),
    ],
)
def test_locked_rar_is_graded(content: bytes, scheme: str, state: Grade) -> None:
    protection = read(content).attachments[0].protection
    assert (protection.scheme, protection.state) == (scheme, state)
