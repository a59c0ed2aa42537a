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
_EMF_BITMAPS = {76: 84, 77: 84, 78: 84, 79: 96, 80: 48, 81: 48, 114: 84, 116: 84}  # where offBmi stands
_MAX_RECORDS = 500_000


@dataclass(slots=True)
class Drawing:
    """The texts of a metafile in order, and the sides of its largest bitmap."""

    words: list[str] = field(default_factory=list, repr=False)
    width: int = 1
    height: int = 1

    def bitmap(self, header: bytes) -> None:
        """Take a BITMAPINFOHEADER into account."""
        if len(header) >= 12 and struct.unpack_from("<I", header)[0] in (40, 108, 124):
            width, height = (abs(v) for v in struct.unpack_from("<ii", header, 4))
            if width * height > self.width * self.height:
                self.width, self.height = width, height


def read(content: bytes) -> Drawing:
    """Return what a metafile holds; broken records end it. Raises struct.error on a broken header."""
    drawing = Drawing()
    if content[40:44] == b" EMF":
        for kind, body in _emf_records(content):
            _emf(kind, body, drawing)
    else:
        for kind, body in _wmf_records(content):
            _wmf(kind, body, drawing)
    return drawing


def _emf_records(content: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    for _ in range(_MAX_RECORDS):
        if position + 8 > len(content):
            return
        kind, size = struct.unpack_from("<II", content, position)
        if size < 8 or kind == 14:
            return
        yield kind, content[position : position + size]
        position += size


def _emf(kind: int, body: bytes, drawing: Drawing) -> None:
    if kind in _EMF_TEXT and len(body) >= 76:
        count, start = struct.unpack_from("<II", body, 44)
        raw = body[start : start + count * _EMF_TEXT[kind]]
        drawing.words.append(raw.decode("utf-16-le" if kind == 84 else "cp1252", "replace"))
    elif kind == _EMF_SMALL_TEXT and len(body) >= 36:
        count, options = struct.unpack_from("<I4xI", body, 16)
        start = 36 if options & 0x100 else 52
        wide = not options & 0x200
        raw = body[start : start + count * (2 if wide else 1)]
        drawing.words.append(raw.decode("utf-16-le" if wide else "cp1252", "replace"))
    elif kind in _EMF_BITMAPS and len(body) >= _EMF_BITMAPS[kind] + 4:
        drawing.bitmap(body[struct.unpack_from("<I", body, _EMF_BITMAPS[kind])[0] :][:124])


def _wmf_records(content: bytes) -> Iterator[tuple[int, bytes]]:
    position = 22 if content.startswith(_PLACEABLE) else 0
    position += 2 * struct.unpack_from("<H", content, position + 2)[0]
    for _ in range(_MAX_RECORDS):
        if position + 6 > len(content):
            return
        words, kind = struct.unpack_from("<IH", content, position)
        if words < 3 or kind == 0:
            return
        yield kind, content[position + 6 : position + 2 * words]
        position += 2 * words


def _wmf(kind: int, body: bytes, drawing: Drawing) -> None:
    if kind == _WMF_TEXT and len(body) >= 2:
        count = struct.unpack_from("<H", body)[0]
        drawing.words.append(body[2 : 2 + count].decode("cp1252", "replace"))
    elif kind == _WMF_EXT_TEXT and len(body) >= 8:
        count, options = struct.unpack_from("<4xHH", body)
        start = 16 if options & 6 else 8
        drawing.words.append(body[start : start + count].decode("cp1252", "replace"))
    elif kind in _WMF_BITMAPS:
        drawing.bitmap(body[_WMF_BITMAPS[kind] :][:124])
