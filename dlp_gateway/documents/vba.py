"""Macros: the source text of VBA modules (MS-OVBA), whose strings and comments are text like any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dlp_gateway.documents import charset
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, under
from dlp_gateway.model import Part, Role, Text

if TYPE_CHECKING:
    import olefile

_MODULE_START = re.compile(rb"\x01(?=[\x00-\xff][\xb0-\xbf]\x00Attribut)")


def read(part: Part, ole: olefile.OleFileIO, paths: list[list[str]], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the source of all modules, and the captions of forms, of a macro project."""
    from dlp_gateway.documents import ole as compound

    sources: list[str] = []
    forms: list[str] = []
    for path in paths:
        data = compound.stream(ole, path, budget)
        starts = [match.start() for match in _MODULE_START.finditer(data)]
        sources += [charset.decode(decompress(data[start:], budget)) for start in starts]
        if path[-1].lower() in ("o", "f", "\x03vbframe"):
            forms += [m.decode("latin-1") for m in re.findall(rb"[\x20-\x7e]{6,}", data)]
    for place, said in (("macros", sources), ("macro forms", forms)):
        if said:
            text = "\n".join(said)
            budget.charge("characters", len(text))
            yield Text(under(part.where, place), text, Role.DOCUMENT, part.names)


def decompress(container: bytes, budget: DocumentBudget) -> bytes:
    """Expand a compressed container (MS-OVBA 2.4.1); a broken end gives what came before."""
    out = bytearray()
    position = 1
    while position + 2 <= len(container):
        header = int.from_bytes(container[position : position + 2], "little")
        if header >> 12 & 7 != 3:
            break
        stop = min(position + (header & 0xFFF) + 3, len(container))
        position += 2
        chunk = bytearray()
        if header & 0x8000:
            _chunk(container, position, stop, chunk)
        else:
            chunk += container[position:stop]
        position = stop
        budget.charge("bytes", len(chunk))
        out += chunk
    return bytes(out)


def _chunk(container: bytes, position: int, stop: int, chunk: bytearray) -> None:
    while position < stop:
        flags = container[position]
        position += 1
        for bit in range(8):
            if position >= stop or len(chunk) > 4096:
                return
            if not flags >> bit & 1:
                chunk.append(container[position])
                position += 1
                continue
            token = int.from_bytes(container[position : position + 2], "little")
            position += 2
            bits = max((len(chunk) - 1).bit_length(), 4)
            size = (token & (0xFFFF >> bits)) + 3
            offset = (token >> (16 - bits)) + 1
            if offset > len(chunk):
                return
            for _ in range(size):
                chunk.append(chunk[-offset])
