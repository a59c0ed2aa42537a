"""StarView metafiles (svm): how LibreOffice keeps the picture of an object that stands in a document.

A header with the size, then actions, each with its type, version and length
(``vcl/source/filter/svm`` of LibreOffice). Text stands in a few of them, in
eight bits and in UTF-16; pictures are bitmaps with their file header.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import charset, items, leftovers
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text

MAGIC = b"VCLMTF"
# Type of an action with text: how many octets stand in front of its text in eight bits, and behind that.
_TEXTS = {112: (8, 4), 113: (8, 4), 114: (8, 8), 115: (16, 2)}
_ARRAY = 113  # has a list of numbers in front of its text in UTF-16
_BITMAPS = range(116, 128)
_MARK = re.compile(r"X[A-Z]+_[A-Z_]{1,30}")  # comments that say where a shape begins and ends
_DOTS_PER_UNIT = 96 / 2540  # the unit is a hundredth of a millimetre


@dataclass(slots=True)
class _Drawing:
    width: int = 0
    height: int = 0
    words: list[str] = field(default_factory=list)
    bitmaps: list[bytes] = field(default_factory=list, repr=False)


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the text and the bitmaps of a metafile, and what is drawn; raises Unreadable when it is damaged."""
    drawing = _parsed(part.content, budget)
    yield from _said(part, drawing, budget)
    yield items.Picture(part.where, drawing.width, drawing.height, lambda: part.content, part.names)


def read_stand_in(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the text and the bitmaps alone: of the picture of an object that is read itself."""
    yield from _said(part, _parsed(part.content, budget), budget)


def _said(part: Part, drawing: _Drawing, budget: DocumentBudget) -> Iterator[Item]:
    if words := "\n".join(word for word in dict.fromkeys(drawing.words) if word.strip()):
        budget.charge("characters", len(words))
        yield Text(under(part.where, "picture properties"), words, Role.METADATA, part.names)
    for number, bitmap in enumerate(drawing.bitmaps, 1):
        yield Part(under(part.where, f"picture {number}"), bitmap, inline=True)


def _parsed(content: bytes, budget: DocumentBudget) -> _Drawing:
    drawing = _Drawing()
    try:
        size = struct.unpack_from("<I", content, len(MAGIC) + 2)[0]
        header = len(MAGIC) + 6
        mode = struct.unpack_from("<I", content, header + 6)[0]
        width, height = struct.unpack_from("<ii", content, header + 10 + mode)
        position = header + size
        while position + 8 <= len(content):
            kind, length = struct.unpack_from("<HxxI", content, position)
            body = content[position + 8 : position + 8 + length]
            if len(body) < length:
                raise Unreadable("picture ends early")
            budget.charge("entries", 0)
            _action(kind, body, drawing)
            position += 8 + length
    except struct.error as error:
        raise Unreadable("picture is damaged") from error
    drawing.words += leftovers.sentences(content[position:])
    drawing.width, drawing.height = (max(1, round(abs(side) * _DOTS_PER_UNIT)) for side in (width, height))
    return drawing


def _action(kind: int, body: bytes, drawing: _Drawing) -> None:
    """Take what one action says; what is no text by its type gives its clear text as everywhere in pictures."""
    if kind in _TEXTS:
        before, behind = _TEXTS[kind]
        narrow, position = _string(body, before, "<I", 1)
        position += behind
        if kind == _ARRAY:
            position += 4 + 4 * struct.unpack_from("<I", body, position)[0]
        wide = _string(body, position, "<H", 2)[0] if position + 2 <= len(body) else b""
        drawing.words.append(wide.decode("utf-16-le", "replace") if wide else charset.decode(narrow))
    elif kind in _BITMAPS and (at := body.find(b"BM")) >= 0:
        drawing.bitmaps.append(body[at:])
    else:
        drawing.words += [said for said in leftovers.sentences(body) if not _MARK.fullmatch(said)]


def _string(body: bytes, position: int, form: str, width: int) -> tuple[bytes, int]:
    """The characters behind their number, which stands in that form, and what follows them."""
    start = position + struct.calcsize(form)
    stop = start + width * int(struct.unpack_from(form, body, position)[0])
    return body[start:stop], stop
