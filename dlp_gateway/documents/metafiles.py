"""Windows metafiles (MS-WMF, MS-EMF): drawings whose text is text; bitmaps in them count as pictures."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_WMF_TEXT, _WMF_EXT_TEXT = 0x0521, 0x0A32
_WMF_BITMAPS = {0x0F43: 22, 0x0B41: 20, 0x0940: 16, 0x0D33: 18}  # offset of the bitmap header in the parameters
_EMF_TEXT = {83: 1, 84: 2}  # EMR_EXTTEXTOUTA and W with the bytes of a character
_EMF_SMALL_TEXT = 108
_EMF_END = 14
_EMF_COMMENT = 70
_PLUS_STRING, _PLUS_DRIVER_STRING = 0x401C, 0x4036  # MS-EMFPLUS, 2.3.4
_EMF_BITMAPS = {76: 84, 77: 84, 78: 84, 79: 96, 80: 48, 81: 48, 114: 84, 116: 84}  # where offBmi stands
_MAX_RECORDS = 500_000
_GLYPHS = 0x10  # ETO_GLYPH_INDEX: numbers of glyphs stand in the place of characters (MS-EMF 2.1.11, MS-WMF 2.1.2.2)


@dataclass(slots=True)
class Drawing:
    """The texts of a metafile in order, the sides of its largest bitmap, and where its records end.

    ``by_number``: some text is drawn by the numbers of glyphs, which only the font could tell.
    """

    words: list[str] = field(default_factory=list, repr=False)
    width: int = 1
    height: int = 1
    end: int = 0
    by_number: bool = False

    def bitmap(self, header: bytes) -> None:
        """Take a BITMAPINFOHEADER into account."""
        if len(header) >= 12 and struct.unpack_from("<I", header)[0] in (40, 108, 124):
            width, height = (abs(v) for v in struct.unpack_from("<ii", header, 4))
            if width * height > self.width * self.height:
                self.width, self.height = width, height


def read(content: bytes) -> Drawing:
    """Return what a metafile holds; broken records end it.

    Raises struct.error or ValueError on a broken header, and where there is no record at all.
    """
    drawing = Drawing()
    enhanced = content[40:44] == b" EMF"
    for kind, body, end in _emf_records(content) if enhanced else _wmf_records(content):
        (_emf if enhanced else _wmf)(kind, body, drawing)
        drawing.end = end
    if not drawing.end:
        raise ValueError("no records")
    return drawing


def _emf_records(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield kind, bytes and end of each record, the last one (EMR_EOF) too."""
    position = 0
    for _ in range(_MAX_RECORDS):
        if position + 8 > len(content):
            return
        kind, size = struct.unpack_from("<II", content, position)
        if size < 8 or position + size > len(content):
            return
        yield kind, content[position : position + size], position + size
        if kind == _EMF_END:
            return
        position += size


def _emf(kind: int, body: bytes, drawing: Drawing) -> None:
    if kind in _EMF_TEXT and len(body) >= 76:
        count, start, options = struct.unpack_from("<III", body, 44)
        if options & _GLYPHS:
            drawing.by_number = drawing.by_number or count > 0
            return
        raw = body[start : start + count * _EMF_TEXT[kind]]
        drawing.words.append(raw.decode("utf-16-le" if kind == 84 else "cp1252", "replace"))
    elif kind == _EMF_SMALL_TEXT and len(body) >= 36:
        count, options = struct.unpack_from("<I4xI", body, 16)
        if options & _GLYPHS:
            drawing.by_number = drawing.by_number or count > 0
            return
        start = 36 if options & 0x100 else 52
        wide = not options & 0x200
        raw = body[start : start + count * (2 if wide else 1)]
        drawing.words.append(raw.decode("utf-16-le" if wide else "cp1252", "replace"))
    elif kind == _EMF_COMMENT and body[12:16] == b"EMF+":
        _emf_plus(body[16 : 12 + struct.unpack_from("<I", body, 8)[0]], drawing)
    elif kind in _EMF_BITMAPS and len(body) >= _EMF_BITMAPS[kind] + 4:
        drawing.bitmap(body[struct.unpack_from("<I", body, _EMF_BITMAPS[kind])[0] :][:124])


def _emf_plus(body: bytes, drawing: Drawing) -> None:
    """Take the strings of EMF+ records, which stand in comments of a drawing and may be all of it."""
    position = 0
    while position + 12 <= len(body):
        kind, _, size = struct.unpack_from("<HHI", body, position)
        if size < 12:
            return
        record = body[position + 12 : position + size]
        if kind == _PLUS_STRING and len(record) >= 28:
            count = struct.unpack_from("<I", record, 8)[0]
            drawing.words.append(record[28 : 28 + 2 * count].decode("utf-16-le", "replace"))
        elif kind == _PLUS_DRIVER_STRING and len(record) >= 16:
            _, options, _, count = struct.unpack_from("<4I", record)
            if options & 1:
                drawing.words.append(record[16 : 16 + 2 * count].decode("utf-16-le", "replace"))
            else:
                drawing.by_number = True
        position += size


def _wmf_records(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield kind, parameters and end of each record, the last one (META_EOF) too."""
    position = 22 if content.startswith(_PLACEABLE) else 0
    position += 2 * struct.unpack_from("<H", content, position + 2)[0]
    for _ in range(_MAX_RECORDS):
        if position + 6 > len(content):
            return
        words, kind = struct.unpack_from("<IH", content, position)
        if words < 3 or position + 2 * words > len(content):
            return
        yield kind, content[position + 6 : position + 2 * words], position + 2 * words
        if kind == 0:
            return
        position += 2 * words


def _wmf(kind: int, body: bytes, drawing: Drawing) -> None:
    if kind == _WMF_TEXT and len(body) >= 2:
        count = struct.unpack_from("<H", body)[0]
        drawing.words.append(body[2 : 2 + count].decode("cp1252", "replace"))
    elif kind == _WMF_EXT_TEXT and len(body) >= 8:
        count, options = struct.unpack_from("<4xHH", body)
        if options & _GLYPHS:
            drawing.by_number = drawing.by_number or count > 0
            return
        start = 16 if options & 6 else 8
        drawing.words.append(body[start : start + count].decode("cp1252", "replace"))
    elif kind in _WMF_BITMAPS:
        drawing.bitmap(body[_WMF_BITMAPS[kind] :][:124])
