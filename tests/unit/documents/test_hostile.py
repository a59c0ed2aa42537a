"""Bombs and hostile files end as not read, within the budget, and never as an exception or as "no text"."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from dlp_gateway.documents import odf_crypto
from dlp_gateway.documents.budget import Amounts, DocumentBudget, DocumentLimits
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part
from tests.unit.documents import locked, makers

MIB = 1 << 20
# Limits small enough to make each test quick; what is tested is that they hold.
SMALL = DocumentLimits(
    part=Amounts(16 * MIB, 300, 200, 50_000, 2_000_000, 50_000_000, 10.0),
    message=Amounts(32 * MIB, 600, 400, 100_000, 4_000_000, 100_000_000, 20.0),
    ratio_floor=MIB,
)


def read(content: bytes, limits: DocumentLimits = SMALL) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget(limits))


def zeros(size: int) -> bytes:
    """``size`` MiB of zeros as raw deflate."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(machine.compress(bytes(MIB)) for _ in range(size)) + machine.flush()


def flat_zip() -> bytes:
    archive = locked.RawZip()
    archive.add(b"a.txt", zeros(64), 64 * MIB, 0)
    return archive.close()


def lying_zip() -> bytes:
    archive = locked.RawZip()
    archive.add(b"a.txt", zeros(64), 12, 0)
    return archive.close()


def overlapping_zip() -> bytes:
    archive = locked.RawZip()
    packed = zeros(1)
    archive.add(b"a.txt", packed, MIB, zlib.crc32(bytes(MIB)))
    return archive.close(repeat=3000)


def many_entries() -> bytes:
    return makers.zipped({f"{n}.txt": b"x" for n in range(1000)})


def layered_zip() -> bytes:
    core = makers.zipped({"0": bytes(2 * MIB)})
    for _ in range(4):
        core = makers.zipped({f"{n}.zip": core for n in range(10)})
    return core


def deep_zip() -> bytes:
    core = b"words"
    for level in range(30):
        core = makers.zipped({f"{level}.zip": core})
    return core


def big_docx() -> bytes:
    body = "<w:p><w:r><w:t>" + "A" * (40 * MIB) + "</w:t></w:r></w:p>"
    return makers.zipped(makers.docx_members(body))


def entities_docx() -> bytes:
    entities = '<!ENTITY e0 "lol">' + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 12}">' for i in range(1, 10))
    document = f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><w:document xmlns:w="{makers.W}">&e9;</w:document>'
    return makers.zipped({**makers.docx_members(""), "word/document.xml": document})


def external_entity(kind: str) -> bytes:
    text = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname">]><{kind}>&x;</{kind}>'
    return text.encode()


def nested_xml() -> bytes:
    return b'<?xml version="1.0"?>' + b"<a>" * 100_000 + b"x" + b"</a>" * 100_000


def wide_sheet() -> bytes:
    row = "<row>" + "<c><v>1</v></c>" * 100_000 + "</row>"
    return makers.zipped(makers.xlsx_members({"a": (makers.sheet_xml(row), "")}))


def many_sheets() -> bytes:
    sheet = makers.sheet_xml(makers.inline_row(1, "a", "b"))
    return makers.zipped(makers.xlsx_members({f"s{n}": (sheet, "") for n in range(1000)}))


def repeated_ods_cells() -> bytes:
    cell = '<table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>'
    table = f"<table:table><table:table-row>{cell * 100}</table:table-row></table:table>"
    body = f"<office:body><office:text>{table}</office:text></office:body>"
    return makers.zipped(makers.odf_members("text", body))


def pdf_bomb() -> bytes:
    data = zlib.compress(b"BT " + b" " * (64 * MIB) + b" ET", 9)
    return makers.pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>",
        makers.pdf_stream(data, b"/Filter/FlateDecode"),
    )


def pdf_page_loop() -> bytes:
    return makers.pdf_objects(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 100000>>")


def pdf_many_pages() -> bytes:
    kids = b" ".join(b"3 0 R" for _ in range(1000))
    return makers.pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1000/Kids[" + kids + b"]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )


def huge_png() -> bytes:
    return makers.png(60_000, 60_000)


def deep_rtf() -> bytes:
    return b"{\\rtf1 " + b"{" * 100_000 + b"x" + b"}" * 100_000 + b"}"


def looping_compound_file() -> bytes:
    content = bytearray(makers.compound({"WordDocument": b"\xec\xa5" + bytes(9000)}))
    table = 512 + 512 * struct.unpack_from("<I", content, 76)[0]
    for index in range(18):
        struct.pack_into("<I", content, table + 4 * index, 0)
    return bytes(content)


def tar_bomb() -> bytes:
    return gzip.compress(bytes(64 * MIB), 9)


def tar_endless() -> bytes:
    header = bytearray(512)
    header[:5] = b"a.txt"
    header[124:136] = b"-0000000001\0"
    header[257:262] = b"ustar"
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:]))
    return bytes(header) + bytes(2048)


def seven_zip_bomb() -> bytes:
    return locked.seven_zip([("a.txt", bytes(64 * MIB))])


def json_nested() -> bytes:
    return b'{"a":' + b"[" * 150 + b'{"b":' * 120 + b"1" + b"}" * 120 + b"]" * 150 + b"}"


def pgp_nested() -> bytes:
    core = locked.pgp_literal(b"words")
    for _ in range(40):
        body = b"\1" + locked.deflated(core)
        core = b"\xc8\xff" + struct.pack(">I", len(body)) + body
    return core


HOSTILE: list[Callable[[], bytes]] = [
    flat_zip,
    lying_zip,
    overlapping_zip,
    many_entries,
    layered_zip,
    deep_zip,
    big_docx,
    entities_docx,
    lambda: external_entity("note"),
    lambda: external_entity("svg"),
    nested_xml,
    wide_sheet,
    many_sheets,
    repeated_ods_cells,
    pdf_bomb,
    pdf_page_loop,
    pdf_many_pages,
    huge_png,
    deep_rtf,
    looping_compound_file,
    tar_bomb,
    tar_endless,
    seven_zip_bomb,
    pgp_nested,
    lambda: lzma.compress(bytes(64 * MIB)),
    lambda: gzip.compress(makers.zipped({"a": bytes(64 * MIB)})),
    lambda: b"\x28\xb5\x2f\xfd" + bytes(40),
    lambda: makers.simple_pdf("x")[:200],
    lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000),
    lambda: b"\x78\x9f\x3e\x22" + bytes(40),
    lambda: b"7z\xbc\xaf\x27\x1c" + bytes(60),
    lambda: b"Rar!\x1a\x07\x01\0" + bytes(60),
    lambda: b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + bytes(60),
    lambda: b"-----BEGIN PGP MESSAGE-----\n\nwords without an end\n",
    lambda: bytes(range(256)) * 64,
    lambda: b"MSCF\0\0\0\0" + bytes(64),
]  # fmt: skip


@pytest.mark.parametrize("make", HOSTILE, ids=[f"{i}-{m.__name__}" for i, m in enumerate(HOSTILE)])
def test_hostile_file_is_reported_as_not_read(make: Callable[[], bytes]) -> None:
    documents = read(make())

    assert documents.unscanned
    assert all(u.where.startswith("attachment 1") and u.why for u in documents.unscanned)


@pytest.mark.parametrize("make", [flat_zip, lying_zip, layered_zip, big_docx, tar_bomb])
def test_memory_stays_near_the_budget(make: Callable[[], bytes]) -> None:
    content = make()
    tracemalloc.start()
    try:
        read(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * SMALL.part.bytes


def test_budget_holds_across_attachments_and_each_is_reported() -> None:
    part = makers.zipped({"a.txt": b"words " * 100_000})
    limits = DocumentLimits(message=Amounts(3 * MIB, 600, 400, 10**6, 10**7, 10**8, 20.0))
    parts = [Part(f"attachment {n}", part) for n in range(1, 11)]

    documents = read_parts(parts, budget=DocumentBudget(limits))

    assert {u.where for u in documents.unscanned} >= {f"attachment {n}" for n in range(6, 11)}
    assert any(t.where == "attachment 1 > file 1" for t in documents.texts)


@pytest.mark.parametrize("size", [999_999, 1_000_000, 1_000_001])
def test_text_at_the_limit_is_read_or_reported(size: int) -> None:
    limits = DocumentLimits(part=Amounts(MIB * 16, 300, 200, 50_000, 1_000_000, 10**8, 10.0))
    content = b"x" * (size - 16) + b"5412880145605040"

    documents = read(content, limits)

    found = any("5412880145605040" in t.text for t in documents.texts)
    assert found != bool(documents.unscanned)
    assert found == (size <= 1_000_000)


def test_zip_of_zeros_that_is_honest_and_small_is_read() -> None:
    documents = read(makers.zipped({"a.txt": b"words " * 1000}))
    assert documents.unscanned == ()


def test_what_was_read_before_the_limit_is_kept() -> None:
    archive = makers.zipped({"a.txt": b"Zarquon", "b.txt": bytes(64 * MIB)})
    documents = read(archive)
    assert any(t.text == "Zarquon" for t in documents.texts)
    assert documents.unscanned


def test_truncated_and_garbled_files_never_raise() -> None:
    whole = [makers.docx("page", "x"), makers.xlsx("cell", "x"), makers.odt("page", "x"), makers.pdf("page", "x")]
    whole += [
        makers.rtf("page", "x"),
        makers.msg("s", "b"),
        makers.tnef("s", "b"),
        makers.png(),
        locked.pgp_literal(b"x"),
    ]
    for content in whole:
        for cut in range(1, 12):
            read(content[: len(content) * cut // 12])
            garbled = bytearray(content)
            for at in range(cut, len(garbled), 97):
                garbled[at] ^= 0x55
            read(bytes(garbled))


def test_archive_names_are_text_and_never_paths(tmp_path: object) -> None:
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("../../../../tmp/Zarquon-escape")
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    documents = read(out.getvalue())
    names = next(t for t in documents.texts if t.where == "attachment 1 > file names")
    assert "Zarquon-escape" in names.text
    assert "/etc/passwd" in names.text
    assert documents.unscanned == ()


def manifest(inner: bytes) -> bytes:
    entry = b'<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data>'
    return b"<manifest:manifest>" + entry + inner + b"</manifest:file-entry></manifest:manifest>"


@pytest.mark.parametrize(
    "inner",
    [
        b"<manifest:key-derivation " * 40_000,
        b"<manifest:key-derivation x" + b" key-size=" * 100_000 + b">",
        b"<" + b"m" * 1_000_000,
        b"<m:key-derivation >" * 50_000,
    ],
    ids=["no end", "no value", "one name", "many"],
)
def test_manifest_of_an_encrypted_package_takes_linear_time(inner: bytes) -> None:
    started = time.process_time()
    odf_crypto.encryption(manifest(inner))
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize("piece", [b"<encryptedKey ", b"<keyData ", b"<a:encryptedKey x='", b"<p" * 9])
def test_encryption_information_of_office_takes_linear_time(piece: bytes) -> None:
    info = struct.pack("<HHI", 4, 4, 0x40) + piece * (1_000_000 // len(piece))
    content = makers.compound({"EncryptionInfo": info, "EncryptedPackage": bytes(5000)})
    started = time.process_time()
    assert read(content).unscanned
    assert time.process_time() - started < 1.5


def test_the_size_of_a_key_is_found_behind_an_element_without_one() -> None:
    lock = odf_crypto.encryption(manifest(b'<m:key-derivation/><m:key-derivation m:key-size="32"/>'))["content.xml"]
    assert lock.key_size == 32
