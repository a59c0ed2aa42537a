"""Pictures: words in metadata come out, sizes decide whether an unread picture matters."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable

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


def dib(width: int, height: int) -> bytes:
    """A bitmap of 24 bits with its pixels."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return head + b"\xc0" * ((width * 24 + 31) // 32 * 4 * height)


def drawn_bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + dib(width, height)


def drawn_gif(*extensions: bytes) -> bytes:
    """A GIF of one pixel with a colour table and an image."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    return head + b"".join(extensions) + b"\x2c" + bytes(4) + b"\1\0\1\0\0" + b"\2\2\x44\1\0" + b"\x3b"


def extension(label: int, body: bytes) -> bytes:
    blocks = [body[at : at + 255] for at in range(0, len(body), 255)]
    return bytes([0x21, label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def ico(*images: bytes) -> bytes:
    out, offset = struct.pack("<HHH", 0, 1, len(images)), 6 + 16 * len(images)
    for image in images:
        out += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 24, len(image), offset)
        offset += len(image)
    return out + b"".join(images)


def psd(width: int, height: int, resources: bytes = b"", *, packed: bool = False) -> bytes:
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 1, height, width, 8, 1)
    sections = bytes(4) + struct.pack(">I", len(resources)) + resources + bytes(4)
    if packed:
        return head + sections + b"\0\1" + struct.pack(">H", 2) * height + b"\xc0\xc1" * height
    return head + sections + b"\0\0" + b"\xc0" * width * height


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


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (makers.png(), "png"),
        (makers.jpeg(), "jpg"),
        (drawn_gif(), "gif"),
        (drawn_gif(extension(0xFF, b"NETSCAPE2.0\1\0\0")), "gif"),
        (drawn_bmp(3, 3), "bmp"),
        (webp(9, 9), "webp"),
        (heic(9, 9), "heic"),
        (emf("x"), "emf"),
        (wmf(b"x"), "wmf"),
        (ico(dib(16, 32)), "ico"),
        (ico(makers.png(16, 16), dib(16, 32)), "ico"),
        (psd(3, 3), "psd"),
        (psd(3, 3, packed=True), "psd"),
    ],
)
@pytest.mark.parametrize(
    "tail", [RAW + b"\n", RAW * 3, b"<html><p>" + RAW + b"</p></html>" * 9], ids=["short", "long", "page"]
)
def test_what_stands_behind_a_picture_is_read(content: bytes, kind: str, tail: bytes) -> None:
    alone = read(content)
    documents = read(content + tail)

    assert alone.attachments[0].type == documents.attachments[0].type == kind
    assert alone.unscanned == documents.unscanned == ()
    assert not any("data behind" in text.where for text in alone.texts)
    assert any(PLANTED in text.text for text in documents.texts)


@pytest.mark.parametrize(
    "content",
    [
        makers.png(9, 9, (b"noTe", RAW)),
        makers.jpeg(9, 9, (0xEB, RAW)),
        makers.jpeg() + RAW + b"\xff\xd9",
        makers.jpeg().replace(b"\x12\x34" * 5, RAW, 1),
        drawn_gif(extension(0xFF, b"COMPANY1234" + RAW)),
        drawn_gif(extension(0xFE, b"x" * 240 + b" " + RAW)),
        drawn_gif(extension(0x01, bytes(12) + RAW)),
        drawn_bmp(9, 9).replace(b"\xc0" * 40, RAW.ljust(40), 1),
        webp(9, 9, (b"note", RAW)),
        emf("x")[:-20] + struct.pack("<III", 70, 52, 40) + RAW.ljust(40) + emf("x")[-20:],
        ico(makers.png(16, 16, (b"tEXt", b"Comment\0" + RAW))),
        psd(3, 3, RAW),
        tiff(9, 9) + RAW,
        tiff(9, 9) + PLANTED.encode("utf-16-le"),
        tiff(9, 9) + bytes(2) + PLANTED.encode("utf-16-be"),
        psd(3, 3, PLANTED.encode("utf-16-le")),
        psd(3, 3, b"\xff" + PLANTED.encode("utf-16-be")),
    ],
    ids=range(17),
)  # fmt: skip
def test_clear_text_anywhere_in_a_picture_is_read(content: bytes) -> None:
    documents = read(content)
    assert any(PLANTED in text.text for text in documents.texts)


def emf_plus(kind: int, body: bytes) -> bytes:
    """An EMF whose only drawing is an EMF+ record in a comment."""
    record = struct.pack("<HHII", kind, 0, 12 + len(body), len(body)) + body
    comment = struct.pack("<III", 70, 16 + len(record), 4 + len(record)) + b"EMF+" + record
    return (
        struct.pack("<II", 1, 88) + bytes(32) + b" EMF" + bytes(44) + comment + struct.pack("<II", 14, 20) + bytes(12)
    )


def driver_string(text: str, options: int) -> bytes:
    return struct.pack("<4I", 0, options, 0, len(text)) + text.encode("utf-16-le") + bytes(8 * len(text))


@pytest.mark.parametrize(
    "content",
    [
        emf_plus(0x401C, struct.pack("<3I", 0, 0, 7) + bytes(16) + "Zarquon".encode("utf-16-le") + bytes(2)),
        emf_plus(0x4036, driver_string("Zarquon", 1)),
    ],
)
def test_strings_of_enhanced_metafiles_plus_are_read(content: bytes) -> None:
    documents = read(content)
    assert any("Zarquon" in text.text for text in documents.texts)
    assert documents.unscanned == ()


def test_text_by_the_numbers_of_glyphs_is_reported() -> None:
    content = emf_plus(0x4036, driver_string("\1\2\3", 0))
    assert read(content).unscanned == (Unscanned("attachment 1", "text has no character codes"),)


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\1\0\1\0" + RAW,
        ico(RAW * 2),
        b"\1\0\0\0" + (RAW * 2)[:36] + b" EMF" + RAW,
        b"\xd7\xcd\xc6\x9a" + RAW,
        b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 1, 1, 1, 8, 1) + RAW,
    ],
    ids=["ico", "no image in an icon", "emf", "wmf", "psd"],
)
def test_what_only_begins_like_a_picture_is_damaged(content: bytes) -> None:
    assert read(content).unscanned == (Unscanned("attachment 1", "picture is damaged"),)


@pytest.mark.parametrize("size", [len(RAW), 65, 122])
def test_a_comment_is_given_once(size: int) -> None:
    (text,) = read(drawn_gif(extension(0xFE, RAW.rjust(size, b"x")))).texts
    assert text.text.count(PLANTED) == 1


def test_a_picture_behind_a_picture_is_one_too() -> None:
    documents = read(makers.jpeg(40, 40) + makers.jpeg(1200, 800, (0xFE, b"the second of two")))
    assert documents.unscanned == (
        Unscanned("attachment 1 > data behind the picture", "picture not read (1200 x 800)"),
    )


def test_an_icon_is_as_large_as_the_image_in_it() -> None:
    assert read(ico(makers.png(1200, 800))).unscanned == (Unscanned("attachment 1", "picture not read (1200 x 800)"),)


@pytest.mark.parametrize("size", [1, 300])
def test_zeros_behind_a_picture_are_nothing(size: int) -> None:
    for content in (drawn_gif(), drawn_bmp(3, 3), makers.jpeg(), wmf(b"x")):
        documents = read(content + bytes(size))
        assert documents.unscanned == ()
        assert not any("data behind" in text.where for text in documents.texts)


def test_a_page_behind_a_picture_is_read_by_its_name() -> None:
    page = b"card 5412<!--17-->8801<!--3-->4560 5040 of somebody, and more words behind it"
    part = Part("attachment 1", drawn_gif() + page, ("a.html",))
    documents = read_parts([part], budget=DocumentBudget())
    assert any("541288014560 5040" in text.text for text in documents.texts)


@pytest.mark.parametrize(
    "content",
    [
        drawn_gif()[:-1] + b"\x21\xfe" + b"\1x" * 400_000,
        drawn_gif()[:-1] + b"\0" * 800_000,
        makers.jpeg()[:-2] + b"\xff\xda\0\2" * 200_000,
        makers.png() + b"abcdefgh ijklmno\0" * 50_000,
        wmf(b"x")[:-6] + struct.pack("<IH", 3, 1) * 150_000,
        b"\0\0\1\0\xff\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 24, 800_000, 4086) * 255 + dib(500, 500),
    ],
    ids=["gif blocks", "gif zeros", "jpeg scans", "text behind", "wmf records", "icon of one image many times"],
)
def test_hostile_pictures_end(content: bytes) -> None:
    budget = DocumentBudget()
    started = time.process_time()
    read_parts([Part("attachment 1", content)], budget=budget)
    assert time.process_time() - started < 10


def samsung(*notes: tuple[bytes, bytes], count: int | None = None) -> bytes:
    """The notes that cameras of Samsung put behind a JPEG: each a name and its content."""
    blocks = [struct.pack("<HHI", 0, 0xA01, len(name)) + name + said for name, said in notes]
    back = [sum(map(len, blocks[number:])) for number in range(len(blocks))]
    head = b"SEFH" + struct.pack("<II", 107, len(blocks) if count is None else count)
    head += b"".join(struct.pack("<HHII", 0, 0xA01, at, len(block)) for at, block in zip(back, blocks, strict=True))
    return b"".join(blocks) + head + struct.pack("<I", len(head)) + b"SEFT"


USUAL = ((b"Image_UTC_Data", b"1763856000000"), (b"MCC_Data", b"505"), (b"Flag", b"\1\0\0\0"))


def test_a_photograph_with_the_notes_of_its_camera_passes() -> None:
    documents = read(makers.jpeg() + samsung(*USUAL))
    assert documents.unscanned == ()
    assert any("1763856000000" in t.text for t in documents.texts)


@pytest.mark.parametrize(
    "tail",
    [
        samsung(*USUAL, (b"Note", PLANTED.encode())),
        samsung((PLANTED.encode(), b"1"), *USUAL),
        samsung((b"Plan", makers.docx("page", PLANTED)), *USUAL),
        PLANTED.encode() * 3 + samsung(*USUAL),
    ],
    ids=["content", "name", "file", "in front"],
)
def test_what_the_notes_of_a_camera_hold_is_read(tail: bytes) -> None:
    assert any(PLANTED in t.text for t in read(makers.jpeg() + tail).texts)


@pytest.mark.parametrize(
    "tail",
    [
        samsung(*USUAL, (b"Film", b"\0\0\0\x18ftypmp42" + bytes(range(256)))),
        samsung(*USUAL, (b"Depth", bytes(range(256)) * 2)),
        bytes(range(256)) + samsung(*USUAL),
        samsung(*USUAL, count=400),
        samsung(*USUAL, count=2),
        samsung(*USUAL) + PLANTED.encode() * 3,
        bytes(range(256)) + b"SEFT",
    ],
    ids=["film", "unknown", "in front", "too few", "too many", "behind", "none"],
)
def test_what_cannot_be_read_behind_a_photograph_is_reported(tail: bytes) -> None:
    assert read(makers.jpeg() + tail).unscanned


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("5412 8801 4560 5040", True),
        ("735278579", True),
        ("2026-11-23T10:00:00", False),
        ("2026-11-23", False),
        ("720000/10000", False),
    ],
)
def test_numbers_in_the_properties_of_a_picture_that_may_be_of_a_person_are_read(value: str, *, told: bool) -> None:
    documents = read(webp(9, 9, (b"XMP ", xmp(value))))
    assert any(value in t.text for t in documents.texts) == told


def wmf_glyphs(options: int) -> bytes:
    body = struct.pack("<hhHH", 1, 1, 3, options) + b"abc\0"
    head = b"\xd7\xcd\xc6\x9a" + bytes(18) + struct.pack("<HHHIHIH", 1, 9, 0x300, 100, 0, 50, 0)
    return head + struct.pack("<IH", 3 + len(body) // 2, 0x0A32) + body + struct.pack("<IH", 3, 0)


def emf_glyphs(options: int) -> bytes:
    content = emf("\3\4\5")
    return content[: 88 + 52] + struct.pack("<I", options) + content[88 + 56 :]


@pytest.mark.parametrize("make", [emf_glyphs, wmf_glyphs])
def test_numbers_of_glyphs_are_no_characters(make: Callable[[int], bytes]) -> None:
    assert "text has no character codes" in [entry.why for entry in read(make(0x10)).unscanned]
    assert "text has no character codes" not in [entry.why for entry in read(make(0)).unscanned]
