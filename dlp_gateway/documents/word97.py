"""Word 97-2003 documents (MS-DOC): the text of every story through the piece table."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from olefile import OleFileIO

from dlp_gateway.documents import embedded, office_crypto, ole, pictures, protection, tables
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text, Unscanned

_ENCRYPTED, _OBFUSCATED, _TABLE_1 = 0x0100, 0x8000, 0x0200
# Lengths of the stories follow one another in the text (FibRgLw97, MS-DOC 2.5.4).
_STORIES = ("text", "notes", "header", "", "comments", "notes", "text boxes", "text boxes")
_FIELD = re.compile("\x13([^\x13\x14\x15]*)\x14?")
_MARKS = {
    0x07: "\n",
    0x0B: "\n",
    0x0C: "\n",
    0x0D: "\n",
    0x0E: "\n",
    0x1E: "-",
    0x1F: "",
    0x14: "",
    0x15: "",
    0xA0: " ",
}


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the stories of a Word document, its properties, macros and embedded objects; or its lock."""
    with ole.opened(part.content) as file:
        yield from ole.properties(part, file, budget)
        try:
            yield from read_storage(part, file, [], budget)
        except Unreadable as error:
            yield Unscanned(part.where, str(error))
        yield from embedded.read(part, file, budget)


def read_storage(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the stories of the Word document in one storage of a compound file (``[]`` is the root)."""
    word = ole.stream(file, [*storage, "WordDocument"], budget)
    if len(word) < 0x200 or word[:2] not in (b"\xec\xa5", b"\xdc\xa5"):
        raise Unreadable("Word document is damaged")
    flags = struct.unpack_from("<H", word, 0x0A)[0]
    name = [*storage, "1Table" if flags & _TABLE_1 else "0Table"]
    table = ole.stream(file, name, budget) if file.exists(name) else b""
    if flags & _ENCRYPTED:
        scheme = protection.graded("office-xor", cipher="XOR", key_bits=16)
        grade = scheme if flags & _OBFUSCATED else office_crypto.grade_legacy(table)
        yield office_crypto.legacy(part, grade, budget)
        return
    yield from _stories(part, word, table, budget)
    data = [*storage, "Data"]
    if file.exists(data):
        for number, picture in enumerate(pictures.carved(ole.stream(file, data, budget)), 1):
            budget.charge("bytes", len(picture))
            yield Part(under(part.where, f"picture {number}"), picture, inline=True)


def _stories(part: Part, word: bytes, table: bytes, budget: DocumentBudget) -> Iterator[Item]:
    try:
        text = _text(word, table)
        lengths = struct.unpack_from("<8I", word, 0x4C)
    except (struct.error, IndexError) as error:
        raise Unreadable("Word document is damaged") from error
    if not text:
        raise Unreadable("Word document is damaged")
    flows: dict[str, FlowingText] = {}
    position = 0
    for label, length in zip(_STORIES, lengths, strict=True):
        story = text[position : position + length]
        position += length
        if label and story:
            flows.setdefault(label, FlowingText(budget)).add(_shown(story))
    if rest := text[position:].strip("\r\0 "):
        flows.setdefault("text", FlowingText(budget)).add("\n" + _shown(rest))
    for label, flow in flows.items():
        if (found := flow.text(under(part.where, label), hints=part.names)) is not None:
            yield found
    if leftovers := _leftovers(word, table, text):
        budget.charge("characters", len(leftovers))
        yield Text(under(part.where, "earlier versions"), leftovers, Role.DOCUMENT, part.names)


def _text(word: bytes, table: bytes) -> str:
    """All characters in document order: the pieces of the CLX (MS-DOC 2.4.1)."""
    return "".join(_piece(word, start, size, packed=packed) for start, size, packed in _pieces(word, table))


def _pieces(word: bytes, table: bytes) -> list[tuple[int, int, bool]]:
    """Pieces as (offset in WordDocument, characters, one byte each?)."""
    offset, size = struct.unpack_from("<II", word, 0x01A2)
    clx = table[offset : offset + size]
    position = 0
    while position < len(clx) and clx[position] == 1:
        position += 3 + struct.unpack_from("<H", clx, position + 1)[0]
    if position >= len(clx) or clx[position] != 2:
        start, stop = struct.unpack_from("<II", word, 0x18)
        return [(start, stop - start, True)] if start < stop <= len(word) else []
    total = struct.unpack_from("<I", clx, position + 1)[0]
    plc = clx[position + 5 : position + 5 + total]
    count = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", plc)
    found = []
    for index in range(count):
        descriptor = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * index + 2)[0]
        packed = bool(descriptor & 0x40000000)
        start = (descriptor & 0x3FFFFFFF) // 2 if packed else descriptor & 0x3FFFFFFF
        if bounds[index + 1] < bounds[index]:
            raise Unreadable("Word document is damaged")
        found.append((start, bounds[index + 1] - bounds[index], packed))
    return found


def _piece(word: bytes, start: int, size: int, *, packed: bool) -> str:
    if packed:
        return word[start : start + size].decode("cp1252", "replace")
    return word[start : start + 2 * size].decode("utf-16-le", "replace")


def _shown(story: str) -> str:
    """Field codes behind their results, marks as line ends; cells of a table row end with a tab."""
    codes = [c.strip() for c in _FIELD.findall(story) if c.strip() and not c.strip().startswith(("PAGE", "TOC"))]
    text = _FIELD.sub("", story).replace("\x07\x07", "\n").replace("\x07", "\t").translate(_MARKS)
    text = "".join(ch for ch in text if ch >= " " or ch in "\n\t")
    return "\n".join([tables.tabbed(text), *codes])


def _leftovers(word: bytes, table: bytes, current: str) -> str:
    """Text in the text area that no piece refers to: what fast saving left behind."""
    covered = bytearray(len(word))
    for start, size, packed in _pieces(word, table):
        stop = start + (size if packed else 2 * size)
        covered[start:stop] = b"\1" * max(0, min(stop, len(word)) - start)
    begin, end = struct.unpack_from("<II", word, 0x18)
    free = (
        bytes(b if not c else 0 for b, c in zip(word[begin:end], covered[begin:end], strict=False))
        if begin < end
        else b""
    )
    found = [m.decode("cp1252") for m in re.findall(rb"[\x20-\x7e\xa0-\xff\t\r]{12,}", free)]
    found += [m.decode("utf-16-le") for m in re.findall(rb"(?:[\x20-\x7e\xa0-\xff\t\r]\0){12,}", free)]
    return "\n".join(f for f in found if f not in current)
