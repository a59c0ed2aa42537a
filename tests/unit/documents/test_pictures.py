"""Pictures: words in metadata come out, sizes decide whether an unread picture matters."""

from __future__ import annotations

import struct
import zlib

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Role, Unscanned
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
RAW = PLANTED.encode()


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def xmp(text: str) -> bytes:
    return (
        '<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><dc:description><rdf:Alt>'
        f"<rdf:li>{text}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def iptc(text: bytes) -> bytes:
    return (
        b"Photoshop 3.0\x008BIM\x04\x04\0\0"
        + struct.pack(">I", len(text) + 5)
        + b"\x1c\x02\x78"
        + struct.pack(">H", len(text))
        + text
    )


def webp(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"".join(
        tag + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
        for tag, data in ((b"VP8X", b"\x08\0\0\0" + size), *chunks)
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def bmp(width: int, height: int) -> bytes:
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, 0, 0, 0, 0, 0)
    )


def gif(width: int, height: int, comment: bytes = b"") -> bytes:
    note = b"\x21\xfe" + bytes([len(comment)]) + comment + b"\0" if comment else b""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0" + note + b"\x3b"


def tiff(width: int, height: int, text: bytes = b"") -> bytes:
    entries = [(0x0100, 4, 1, width), (0x0101, 4, 1, height)]
    offset = 8 + 2 + 12 * (3 if text else 2) + 4
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    if text:
        body += struct.pack("<HHII", 0x010E, 2, len(text), offset)
    return b"II*\0" + struct.pack("<IH", 8, 3 if text else 2) + body + bytes(4) + text


def heic(width: int, height: int) -> bytes:
    return (
        struct.pack(">I4s4sI", 16, b"ftyp", b"heic", 0)
        + b"\0\0\0\x14ispe"
        + bytes(4)
        + struct.pack(">II", width, height)
    )


def emf(text: str, bitmap: tuple[int, int] | None = None) -> bytes:
    header = struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44)
    raw = text.encode("utf-16-le")
    said = struct.pack("<II", 84, 76 + len(raw)) + bytes(36) + struct.pack("<II", len(text), 76) + bytes(24) + raw
    drawn = b""
    if bitmap:
        drawn = (
            struct.pack("<II", 81, 120)
            + bytes(40)
            + struct.pack("<I", 80)
            + bytes(28)
            + struct.pack("<Iii", 40, *bitmap)
            + bytes(28)
        )
    return header + said + drawn + struct.pack("<II", 14, 20) + bytes(12)


def wmf(text: bytes) -> bytes:
    padded = text + b"\0" * (len(text) & 1)
    record = struct.pack("<IHH", 3 + (2 + len(padded) + 4) // 2, 0x0521, len(text)) + padded + bytes(4)
    return (
        b"\xd7\xcd\xc6\x9a"
        + bytes(18)
        + struct.pack("<HHHIHIH", 1, 9, 0x300, 100, 0, 50, 0)
        + record
        + struct.pack("<IH", 3, 0)
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (makers.png(9, 9, (b"tEXt", b"Comment\0" + RAW)), "png"),
        (makers.png(9, 9, (b"zTXt", b"Comment\0\0" + zlib.compress(RAW))), "png"),
        (makers.png(9, 9, (b"iTXt", b"Description\0\0\0\0\0" + RAW)), "png"),
        (makers.png(9, 9, (b"iTXt", b"Description\0\1\0\0\0" + zlib.compress(RAW))), "png"),
        (makers.png(9, 9, (b"eXIf", makers.exif(RAW))), "png"),
        (makers.png(9, 9, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(PLANTED))), "png"),
        (makers.jpeg(9, 9, (0xE1, b"Exif\0\0" + makers.exif(RAW))), "jpg"),
        (makers.jpeg(9, 9, (0xE1, b"Exif\0\0" + makers.exif(RAW, order=">"))), "jpg"),
        (makers.jpeg(9, 9, (0xE1, b"Exif\0\0" + makers.exif(b"ASCII\0\0\0" + RAW, 0x9286))), "jpg"),
        (makers.jpeg(9, 9, (0xE1, b"Exif\0\0" + makers.exif(PLANTED.encode("utf-16-le"), 0x9C9C))), "jpg"),
        (makers.jpeg(9, 9, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(PLANTED))), "jpg"),
        (makers.jpeg(9, 9, (0xED, iptc(RAW))), "jpg"),
        (makers.jpeg(9, 9, (0xFE, RAW)), "jpg"),
        (gif(9, 9, RAW), "gif"),
        (tiff(9, 9, RAW), "tif"),
        (webp(9, 9, (b"EXIF", makers.exif(RAW))), "webp"),
        (webp(9, 9, (b"XMP ", xmp(PLANTED))), "webp"),
        (emf(PLANTED), "emf"),
        (wmf(RAW), "wmf"),
    ],
)
def test_words_in_a_picture_are_read(content: bytes, kind: str) -> None:
    documents = read(content)
    assert documents.attachments[0].type == kind
    assert [t.role for t in documents.texts if PLANTED in t.text] == [Role.METADATA]
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (makers.png(1200, 800), "1200 x 800"),
        (makers.jpeg(1200, 800), "1200 x 800"),
        (gif(1200, 800), "1200 x 800"),
        (tiff(1200, 800), "1200 x 800"),
        (bmp(1200, 800), "1200 x 800"),
        (webp(1200, 800), "1200 x 800"),
        (heic(1200, 800), "1200 x 800"),
        (emf("x", (1200, 800)), "1200 x 800"),
    ],
)
def test_picture_of_page_size_is_reported(content: bytes, size: str) -> None:
    assert read(content).unscanned == (Unscanned("attachment 1", f"picture not read ({size})"),)


@pytest.mark.parametrize(
    ("width", "height", "reported"),
    [
        (1, 1, False),
        (300, 120, False),
        (600, 150, False),
        (1200, 100, False),
        (640, 480, True),
        (768, 275, True),
        (2480, 3508, True),
    ],
)
def test_logos_pass_and_pages_do_not(width: int, height: int, *, reported: bool) -> None:
    assert bool(read(makers.jpeg(width, height)).unscanned) is reported


@pytest.mark.parametrize(
    "content", [makers.png()[:30], makers.jpeg()[:6], b"GIF89a\1", tiff(9, 9)[:12], b"II*\0" + b"\xff" * 60]
)
def test_broken_picture_is_reported(content: bytes) -> None:
    assert read(content).unscanned


def test_picture_of_absurd_size_is_refused() -> None:
    assert read(makers.png(100_000, 100_000)).unscanned == (Unscanned("attachment 1", "too many pixels"),)


def test_directory_loop_in_exif_ends() -> None:
    loop = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    read(makers.jpeg(9, 9, (0xE1, b"Exif\0\0" + loop)))


def test_text_behind_a_picture_is_read() -> None:
    documents = read(makers.jpeg() + RAW * 3)
    assert any(PLANTED in t.text for t in documents.texts)
