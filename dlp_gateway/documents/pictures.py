"""Pictures: their size and the words in their metadata; the drawn text is left to OCR.

Own small walkers over the containers, no picture is decoded: PNG (ISO 15948),
JPEG segments with EXIF (TIFF 6.0 tags), XMP and IPTC, GIF, TIFF, BMP, WebP,
ISO base media (HEIC), PSD and ICO; ``metafiles`` reads EMF and WMF. Most
pictures pass for their size, so all clear text in their bytes is read as well,
wherever it stands, and what stands behind their end is a file of its own.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import charset, items, leftovers, metafiles, picture_ends
from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.documents.unpack import inflate
from dlp_gateway.model import Part, Role, Text, Unscanned

NOT_READ = "picture not read"
_XMP_VALUE = re.compile(r'>([^<>]++)<|\s(?!xmlns)\w++:\w++="([^"]++)"')
_NOT_WORDS = re.compile(
    r"(?:https?://(?:ns\.adobe|www\.w3|purl\.org|iptc\.org)\S*|uuid:\S+|xmp\.\w+:\S+"
    # Sizes, times and settings, but for what may be the number of a card or a person.
    r"|(?!(?:[ \-]*\d){8}[\d \-]*\Z)[\d.,:/ TZ+\-]*|\d{4}-\d\d-\d\d)"
)
_NOT_SAID = re.compile(rf"{_NOT_WORDS.pattern}|[0-9A-F]{{32}}|\\s*adobe:ns:meta/\\s*")
_HUFFMAN = b"CDEFGHIJSTUVWXYZcdefghijstuvwxyz"  # in the usual tables of JPEG (ISO/IEC 10918-1, annex K.3)
_EXIF_WORDS = {0x010D, 0x010E, 0x013B, 0x8298, 0x9286, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F, 0xA430, 0xA420, 0x02BC}
_WIDTHS, _HEIGHTS = (0x0100, 0xBC80), (0x0101, 0xBC81)  # of TIFF and of JPEG XR
_EXIF_FOLDERS = (0x8769, 0x8825, 0xA005)
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_MAX_TAGS = 500
_SHORT_TAIL = 64
_FRAME = 8
_PREVIEW_SIDE = 600
_COMPARED = 65_536  # characters of known words, within which text that was found again is left out


@dataclass(slots=True)
class Picture:
    """What is known of a picture without decoding it: pixels and the words in its metadata."""

    width: int = 0
    height: int = 0
    words: list[str] = field(default_factory=list)
    tail: bytes = field(default=b"", repr=False)
    by_number: bool = False
    files: list[bytes] = field(default_factory=list, repr=False)


def read(part: Part, budget: DocumentBudget, kind: str) -> Iterator[Item]:
    """Yield the metadata of a picture, and what is drawn for OCR.

    Raises OverBudget for pictures of absurd size, Unreadable for damaged ones.
    """
    try:
        picture = inspect(part.content, kind, budget)
    except (struct.error, IndexError, ValueError) as error:
        raise Unreadable("picture is damaged") from error
    if picture.width * picture.height > budget.limits.part.pixels:
        raise OverBudget("too many pixels")
    if words := "\n".join(dict.fromkeys(w.strip("\0 \r\n\t") for w in picture.words if w.strip("\0 \r\n\t"))):
        budget.charge("characters", len(words))
        yield Text(under(part.where, "picture properties"), words, Role.METADATA, part.names)
    if len(picture.tail) > _SHORT_TAIL:
        yield Part(under(part.where, "data behind the picture"), picture.tail, part.names, part.declared, inline=True)
    for number, file in enumerate(picture.files, 1):
        yield Part(under(part.where, f"file {number} behind the picture"), file, inline=True)
    if picture.by_number:
        yield Unscanned(part.where, "text has no character codes")
    if not picture.width or not picture.height:
        yield Unscanned(part.where, f"{NOT_READ} (size not known)")
    else:
        yield items.Picture(part.where, picture.width, picture.height, lambda: part.content, part.names)


def is_preview(content: bytes, kind: str, budget: DocumentBudget) -> bool:
    """Whether a thumbnail is no larger than programs make them, a blurred image of the first page, and no more."""
    try:
        picture = inspect(content, kind, budget)
    except (struct.error, IndexError, ValueError, Unreadable):
        return False
    return 0 < max(picture.width, picture.height) <= _PREVIEW_SIDE and not picture.tail and not picture.files


def inspect(content: bytes, kind: str, budget: DocumentBudget) -> Picture:
    """Return size and words of a picture of the sniffed ``kind``; sizes are 0 when they are not known."""
    picture = Picture()
    match kind:
        case "png":
            _png(content, picture, budget)
        case "jpg":
            _jpeg(content, picture)
        case "gif":
            _gif(content, picture)
        case "tif" | "wdp":
            _tiff(content, picture)
            picture.tail = content[picture_ends.tiff(content) :]
        case "bmp":
            end, picture.width, picture.height = picture_ends.bitmap(content)
            picture.tail = content[end:]
        case "webp":
            _webp(content, picture)
        case "heic":
            _iso_media(content, picture)
        case "emf" | "wmf":
            drawing = metafiles.read(content)
            picture.width, picture.height = drawing.width, drawing.height
            picture.words.append(_joined(drawing.words))
            picture.by_number = drawing.by_number and not drawing.words
            picture.tail = content[drawing.end :]
        case "ico":
            _icon(content, picture, budget)
        case "psd":
            picture.height, picture.width = struct.unpack_from(">II", content, 14)
            picture.tail = content[picture_ends.photoshop(content) :]
    filling = len(picture.tail) - len(picture.tail.lstrip(b"\0"))
    # Zeros fill up to a boundary; an odd one may begin text in UTF-16.
    picture.tail = picture.tail[filling & ~1 :] if filling < len(picture.tail) else b""
    _strays(content, picture, _xmp(content, picture))
    return picture


def _strays(content: bytes, picture: Picture, packet: tuple[int, int]) -> None:
    """Take the clear text in all bytes of the picture that is not among its words yet; XMP was read."""
    if 0 < len(picture.tail) <= _SHORT_TAIL:
        picture.words.append(leftovers.words(picture.tail))
    behind = len(content) - len(picture.tail)
    rest = content[: packet[0]] + b"\0" + content[packet[1] : behind]
    found = [said for said in leftovers.sentences(rest.replace(_HUFFMAN, b"\0")) if not _NOT_SAID.fullmatch(said)]
    known = "\n".join(picture.words)[:_COMPARED]
    long = [word.strip("\0 \r\n\t") for word in picture.words[:50] if len(word) > _FRAME]
    picture.words += [
        said
        for said in found
        # What was read is found again, with an octet or two of its frame that happen to be letters.
        if said.strip() not in known and not any(word in said and len(said) - len(word) <= _FRAME for word in long)
    ]


def _png(content: bytes, picture: Picture, budget: DocumentBudget) -> None:
    position = 8
    while position + 8 <= len(content):
        size, tag = struct.unpack_from(">I4s", content, position)
        body = content[position + 8 : position + 8 + size]
        if len(body) < size:
            raise Unreadable("picture is damaged")
        if tag == b"IHDR":
            picture.width, picture.height = struct.unpack_from(">II", body)
        elif tag == b"tEXt":
            picture.words.append(body.replace(b"\0", b": ", 1).decode("latin-1"))
        elif tag == b"zTXt":
            key, _, packed = body.partition(b"\0")
            picture.words.append(
                f"{key.decode('latin-1')}: {inflate(packed[1:], budget, wbits=zlib.MAX_WBITS)[0].decode('latin-1')}"
            )
        elif tag == b"iTXt":
            picture.words.append(_png_international(body, budget))
        elif tag == b"eXIf":
            _exif(body, picture)
        position += 12 + size
        if tag == b"IEND":
            break
    else:
        raise Unreadable("picture ends early")
    picture.tail = content[position:]


def _png_international(body: bytes, budget: DocumentBudget) -> str:
    key, _, rest = body.partition(b"\0")
    packed, _language, rest = rest[:1] == b"\1", *rest[2:].split(b"\0", 1)
    translated, _, text = rest.partition(b"\0")
    if packed:
        text = inflate(text, budget, wbits=zlib.MAX_WBITS)[0]
    return f"{key.decode('latin-1')} {charset.decode(translated)}: {charset.decode(text)}"


def _gif(content: bytes, picture: Picture) -> None:
    picture.width, picture.height = struct.unpack_from("<HH", content, 6)
    end, extensions = picture_ends.gif(content)
    for comment, body in extensions:
        picture.words += [charset.decode(body)] if comment and body else leftovers.sentences(body)
    picture.tail = content[end:]


def _icon(content: bytes, picture: Picture, budget: DocumentBudget) -> None:
    end, images = picture_ends.icon(content)
    for image in images:
        inner = Picture()
        if image.startswith(b"\x89PNG"):
            _png(image, inner, budget)
        else:  # the height counts the mask too
            inner.width, inner.height = (abs(side) for side in struct.unpack_from("<ii", image, 4))
            inner.height //= 2
        picture.words += [*inner.words, leftovers.words(inner.tail)]
        if inner.width * inner.height >= picture.width * picture.height:
            picture.width, picture.height = inner.width, inner.height
    picture.tail = content[end:]


def _jpeg(content: bytes, picture: Picture) -> None:
    """Walk the segments to the first end of image: there viewers stop."""
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker, size = content[position + 1], struct.unpack_from(">H", content, position + 2)[0]
        if marker == 0xD9:
            break
        if marker == 0xFF or picture_ends.jpeg_alone(marker):
            position += 1 if marker == 0xFF else 2
            continue
        body = content[position + 4 : position + 2 + size]
        if marker in _JPEG_SIZES:
            picture.height, picture.width = struct.unpack_from(">HH", body, 1)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            _exif(body[6:], picture)
        elif marker == 0xED:
            _iptc(body, picture)
        elif marker == 0xFE:
            picture.words.append(charset.decode(body))
        if size < 2:
            break
        position += 2 + size
        if marker == 0xDA:
            position = picture_ends.jpeg_scan(content, position)
    end = content.find(b"\xff\xd9", position)
    tail = content[end + 2 :] if end > 0 else b""
    picture.tail, notes = picture_ends.camera_notes(tail)
    for note in notes:
        # A few octets are a flag or a number; what else is no text is a file (a film, a map of depth).
        if charset.is_text(note) or len(note) <= _FRAME:
            picture.words.append(charset.decode(note))
        else:
            picture.files.append(note)


def _exif(body: bytes, picture: Picture) -> None:
    order = "<" if body[:2] == b"II" else ">"
    if body[:2] not in (b"II", b"MM") or len(body) < 8:
        return
    for tag, kind, count, value in _tags(body, order):
        if tag in _EXIF_WORDS or (kind == 2 and count > 3 and tag not in (0x0132, 0x9003, 0x9004)):
            picture.words.append(_tag_words(tag, value))


def _tag_words(tag: int, value: bytes) -> str:
    if 0x9C9B <= tag <= 0x9C9F:
        return value.decode("utf-16-le", "replace")
    if tag == 0x9286:
        return charset.decode(value[8:])
    return charset.decode(value.rstrip(b"\0"))


def _tags(body: bytes, order: str) -> Iterator[tuple[int, int, int, bytes]]:
    """Walk TIFF directories: (tag, type, count, value bytes); loops and broken offsets end the walk."""
    widths = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)
    waiting, seen, total = [struct.unpack_from(f"{order}I", body, 4)[0]], set(), 0
    while waiting:
        offset = waiting.pop(0)
        if offset in seen or offset + 2 > len(body) or not offset:
            continue
        seen.add(offset)
        count = struct.unpack_from(f"{order}H", body, offset)[0]
        for index in range(count):
            at = offset + 2 + 12 * index
            total += 1
            if at + 12 > len(body) or total > _MAX_TAGS:
                return
            tag, kind, number = struct.unpack_from(f"{order}HHI", body, at)
            size = number * (widths[kind] if kind < len(widths) else 1)
            start = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", body, at + 8)[0]
            value = body[start : start + size]
            if tag in _EXIF_FOLDERS and len(value) == 4:
                waiting.append(struct.unpack(f"{order}I", value)[0])
            yield tag, kind, number, value
        after = offset + 2 + 12 * count
        if after + 4 <= len(body):
            waiting.append(struct.unpack_from(f"{order}I", body, after)[0])


def _tiff(content: bytes, picture: Picture) -> None:
    order = "<" if content[:2] == b"II" else ">"
    for tag, kind, count, value in _tags(content, order):
        if tag in (*_WIDTHS, *_HEIGHTS) and value:
            number = int.from_bytes(value, "little" if order == "<" else "big")
            if tag in _WIDTHS:
                picture.width = max(picture.width, number)
            else:
                picture.height = max(picture.height, number)
        elif tag == 0x83BB:
            _iptc(value, picture)
        elif tag in _EXIF_WORDS or (kind == 2 and count > 3):
            picture.words.append(_tag_words(tag, value))


def _iptc(body: bytes, picture: Picture) -> None:
    """IPTC-IIM data sets: 1C, record, number, size; record 2 holds words."""
    for match in re.finditer(rb"\x1c\x02(.)(..)", body, re.DOTALL):
        size = struct.unpack(">H", match[2])[0]
        if size < 0x8000 and match[1] != b"\0":
            picture.words.append(charset.decode(body[match.end() : match.end() + size]))


def _webp(content: bytes, picture: Picture) -> None:
    position = 12
    end = 8 + struct.unpack_from("<I", content, 4)[0]
    while position + 8 <= min(end, len(content)):
        tag, size = struct.unpack_from("<4sI", content, position)
        body = content[position + 8 : position + 8 + size]
        if tag == b"VP8X":
            picture.width = int.from_bytes(body[4:7], "little") + 1
            picture.height = int.from_bytes(body[7:10], "little") + 1
        elif tag == b"VP8 " and not picture.width:
            picture.width, picture.height = (v & 0x3FFF for v in struct.unpack_from("<HH", body, 6))
        elif tag == b"VP8L" and not picture.width:
            bits = int.from_bytes(body[1:5], "little")
            picture.width, picture.height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        elif tag == b"EXIF":
            _exif(body.removeprefix(b"Exif\0\0"), picture)
        position += 8 + size + (size & 1)
    picture.tail = content[max(12, end) :]


def _iso_media(content: bytes, picture: Picture) -> None:
    for match in re.finditer(rb"ispe\0\0\0\0(.{8})", content[: 1 << 20], re.DOTALL):
        width, height = struct.unpack(">II", match[1])
        if width * height > picture.width * picture.height:
            picture.width, picture.height = width, height
    at = content.find(b"Exif\0\0")
    if at >= 0:
        _exif(content[at + 6 : at + 6 + 65_536], picture)
    picture.tail = content[picture_ends.iso_media(content) :]


def _joined(pieces: list[str]) -> str:
    """Text of a drawing in order: pieces of one or two characters are glyphs of one line."""
    glyphs = sum(len(p) <= 2 for p in pieces) * 2 > len(pieces)
    return ("" if glyphs else "\n").join(pieces)


def _xmp(content: bytes, picture: Picture) -> tuple[int, int]:
    """Take the values of the XMP packet; returns where it stands."""
    start = content.find(b"<x:xmpmeta")
    stop = content.find(b"</x:xmpmeta>", start)
    if not 0 <= start < stop:
        return 0, 0
    text = charset.decode(content[start:stop])
    for match in _XMP_VALUE.finditer(text):
        value = (match[1] or match[2] or "").strip()
        if value and not _NOT_WORDS.fullmatch(value):
            picture.words.append(value)
    return _packet(content, start, stop + len(b"</x:xmpmeta>"))


def _packet(content: bytes, start: int, stop: int) -> tuple[int, int]:
    """Where the XMP packet stands with its wrapper and the blanks in it (ISO 16684-1, section 7.3)."""
    begin, end = (
        content.rfind(b"<?xpacket", max(0, start - 200), start),
        content.find(b"<?xpacket", stop, stop + 65_536),
    )
    if begin >= 0 and content[begin:start].count(b"?>") == 1:
        start = begin
    if end >= 0 and not content[stop:end].strip():
        stop = end + len(b"<?xpacket end='w'?>")
    return start, stop


def carved(content: bytes) -> Iterator[bytes]:
    """Yield the PNG and JPEG files that lie in a stream of another format, found by their first bytes."""
    for match in re.finditer(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xe0\xe1\xdb\xee]", content):
        start = match.start()
        if match[0].startswith(b"\x89"):
            end = content.find(b"IEND", start)
            yield content[start : end + 8 if end > 0 else len(content)]
        else:
            end = content.find(b"\xff\xd9", start)
            yield content[start : end + 2 if end > 0 else len(content)]
