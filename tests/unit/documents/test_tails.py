"""What stands behind a file of any type, around it and between its pieces is read or reported."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.formats import READERS
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part
from tests.unit.documents import locked, makers, test_archives

SAID = "Trillian Astra 4539578763621486"
TAIL = f"name;card;expiry\n{SAID};04/29\n".encode()
PLAN = "Plan for the office move"
FILES = Path(__file__).parent / "files"
AES = "2.16.840.1.101.3.4.1.42"


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if SAID in t.text]


def pem(content: bytes, label: str = "PKCS7") -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(content) + f"-----END {label}-----\n".encode()


CONTAINERS: dict[str, Callable[[], bytes]] = {
    "appledouble": lambda: b"\0\x05\x16\x07\0\x02\0\0" + bytes(80),
    "bz2": lambda: bz2.compress(PLAN.encode()),
    "cms": lambda: locked.cms_enveloped(AES),
    "cms, armoured": lambda: pem(locked.cms_enveloped(AES)),
    "cms, signed": lambda: locked.cms_signed(b"Content-Type: text/plain\r\n\r\nagenda\r\n"),
    "doc": lambda: (FILES / "places.doc").read_bytes(),
    "docx": lambda: makers.docx("page", PLAN),
    "ds-store": lambda: b"\0\0\0\x01Bud1" + bytes(80),
    "gz": lambda: gzip.compress(PLAN.encode()),
    "iso": test_archives.iso,
    "jpg": makers.jpeg,
    "msg": lambda: makers.msg("s", PLAN),
    "odt": lambda: makers.odt("page", PLAN),
    "ole": lambda: makers.ole_package("a.txt", b"harmless"),
    "ooxml-encrypted": lambda: locked.office_agile(locked.DOCX),
    "pdf": lambda: makers.simple_pdf(PLAN),
    "pgp": lambda: locked.pgp(b"harmless", "x", armor=False),
    "pgp, armoured": lambda: locked.pgp(b"harmless", "x"),
    "png": makers.png,
    "ppt": locked.ppt_rc4,
    "pptx": lambda: makers.pptx("slide", PLAN),
    "rar": test_archives.rar5,
    "rar, locked": lambda: test_archives.rar5(encrypted_file=True),
    "rar, names locked": lambda: test_archives.rar5(encrypted_headers=True),
    "rtf": lambda: makers.rtf("page", PLAN),
    "tar": test_archives.tar,
    "tnef": lambda: makers.tnef("s", PLAN),
    "xls": lambda: (FILES / "places.xls").read_bytes(),
    "xlsx": lambda: makers.xlsx("cell", PLAN),
    "xz": lambda: lzma.compress(PLAN.encode()),
    "lzma": lambda: lzma.compress(PLAN.encode(), format=lzma.FORMAT_ALONE),
    "zip": lambda: makers.zipped({"a.txt": PLAN}),
    "zip, locked": lambda: locked.zip_aes([("a.txt", b"harmless", True)]),
    "zst": lambda: test_archives.zstd(PLAN.encode()),
    "7z": lambda: locked.seven_zip([("a.txt", b"harmless")]),
    "7z, locked": lambda: locked.seven_zip([("a.txt", b"harmless")], "x"),
    "7z, names locked": lambda: locked.seven_zip([("a.txt", b"harmless")], "x", headers=True),
}
# Types that are read from end to end as text, and those with the reader of another above or tests of their own.
ALIKE = set("txt json ics vcf xml svg html base64 flat-opc flat-odf der".split())
ALIKE |= set("xlsb vsdx opc epub ods odp odg odf odc odm oth".split())
ALIKE |= set("gif tif bmp webp heic emf wmf ico psd wdp svm font".split())


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("gap", [b"", bytes(700)], ids=["at once", "behind zeros"])
def test_what_stands_behind_a_file_is_read_or_reported(kind: str, gap: bytes) -> None:
    content = CONTAINERS[kind]()
    alone, documents = read(content), read(content + gap + TAIL)

    assert alone.attachments[0].type == kind.partition(",")[0]
    assert not places(alone)
    assert places(documents) or set(documents.unscanned) - set(alone.unscanned)


@pytest.mark.parametrize(
    "kind", ["cms", "ole", "ooxml-encrypted", "tar", "xls", "7z", "7z, names locked", "rar", "zip"]
)
def test_what_stands_behind_an_ordinary_file_is_read(kind: str) -> None:
    assert places(read(CONTAINERS[kind]() + TAIL))


def test_every_reader_has_a_file_with_something_behind_it() -> None:
    assert {kind.partition(",")[0] for kind in CONTAINERS} | ALIKE >= set(READERS)


@pytest.mark.parametrize(
    "content",
    [
        SAID.encode() + b"\n" + pem(locked.cms_enveloped(AES)),
        pem(locked.cms_enveloped(AES))
        + b"see below\n"
        + pem(b"junk", "CMS").replace(b"-----END", TAIL + b"-----END", 1),
        pem(locked.cms_enveloped(AES)).replace(b"\n-----END", b"\n" + TAIL + b"-----END"),
        pem(locked.cms_enveloped(AES)) + b"between\n" + pem(locked.cms_signed(TAIL)),
        locked.cms_signed(TAIL) + b"",
        pem(locked.cms_enveloped(AES), "CMS").replace(b"\n", b"\r\n") + b"\r\n" + TAIL,
    ],
    ids=range(6),
)
def test_text_around_armoured_data_is_read(content: bytes) -> None:
    assert places(read(content))


def test_armoured_data_within_what_is_signed_is_read_as_part_of_it() -> None:
    entity = b"Content-Type: text/plain\r\n\r\n" + TAIL + pem(b"harmless, whatever it looks like")
    part = Part("attachment 1", locked.cms_signed(entity))
    documents = read_parts([part], budget=DocumentBudget())
    assert [a.protection.scheme for a in documents.attachments][:1] == ["smime-signed"]
    assert not [entry for entry in documents.unscanned if "unknown" in entry.why]


def test_armour_that_is_wholly_data_is_all_that_there_is() -> None:
    documents = read(b"\r\n" + pem(locked.cms_enveloped(AES)).replace(b"\n", b"\r\n") + b"\r\n")
    assert [a.protection.state for a in documents.attachments] == [Grade.STRONG]
    assert (documents.texts, documents.unscanned) == ((), ())


def streams(text: bytes) -> bytes:
    """A compound file with ``text`` in the slack of its only stream of whole sectors."""
    content = makers.compound({"\x01CompObj": b"x" * 5000})
    at = content.index(b"x" * 5000) + 5000
    return content[:at] + text + content[at + len(text) :]


def freed(content: bytes, text: bytes) -> bytes:
    """``content`` with a sector more, which its table calls free, in front of another that is in use."""
    table = struct.unpack_from("<I", content, 76)[0]
    at = (table + 1) * 512
    count = len(content) // 512 - 1
    marks = struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFE)
    grown = content[: at + 4 * count] + marks + content[at + 4 * count + 8 :]
    return grown + text.ljust(512, b"\0") + bytes(511) + b"\1"


@pytest.mark.parametrize(
    "content",
    [
        streams(SAID.encode()),
        streams(SAID.encode("utf-16-le")),
        freed(makers.ole_package("a.txt", b"harmless"), SAID.encode()),
        freed(makers.msg("s", PLAN), SAID.encode("utf-16-le")),
    ],
    ids=["slack", "slack, wide", "free sector", "free sector, wide"],
)
def test_text_in_sectors_of_no_stream_is_read(content: bytes) -> None:
    assert places(read(content)) == ["attachment 1 > unused sectors"]


def test_padding_and_the_rest_of_a_block_in_a_tar_archive_are_read() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("plan.txt")
        info.size, info.gname = 5, SAID
        archive.addfile(info, io.BytesIO(b"plan\n"))
    content = out.getvalue()
    at = content.index(b"plan\n") + 5
    padded = content[:at] + SAID.encode() + content[at + len(SAID) :]
    assert places(read(padded)) == ["attachment 1 > file names", "attachment 1 > padding"]
